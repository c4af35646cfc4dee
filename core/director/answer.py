"""What another director is asked, and the events in what it answers.

A chat model may think aloud first, quote the request, draft, fence its JSON, and add a word at the
end. What counts is its final answer: the last list of events outside of what is marked as
thinking. The text is a stranger's: it is read as data, within bounds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from core.director.answered_score import AnsweredScore, answered_score, is_score
from core.director.quantities import read_quantities
from core.language.reasoning import Item
from core.language.stream import one_line
from core.network import FINITE_JSON, mended_text
from core.story.edits import NaturalLength
from core.story.limits import MAX_CAPTION
from core.story.shape import LEVEL_DB, LEVEL_SHAPES, ROLES

LONGEST_ANSWER = 200_000
"""Characters of an answer that are read, from its end; a score of 24 events needs some 5000."""
_LONGEST_TEXT = 2 * LONGEST_ANSWER
"""Characters of an answer that are looked through, from its end, with all its thinking."""
_MOST_BRACKETS = 500
"""Brackets at which JSON is tried, from the end: each may cost a thousand levels of nesting."""
_MOST_EVENTS = 200
"""Rows that are read; how many of them a story has room for is decided later, and said."""
_MOST_SECONDS = 3600.0
_Read = tuple[Item, Mapping[str, Any]]
_LONGEST_LENGTH = 80
"""Characters of a length that is written as text."""
_MOST_LISTED = 8
"""Points of a shape, and moments of repetitions, that a director is let write."""
_FEWEST, _MOST_ASKED, _EVENTS_A_SECOND = 4, 24, 2.0
"""Events that a director is let write: of a short story, of any, and for each second."""
_MOST_WRAPPERS = 3
"""Tables that may be wrapped around the list: {"plan": {"events": […]}}."""

_EXAMPLE: dict[str, Any] = {
    "events": [
        {
            "caption": "rain falling on a roof",
            "start": 0,
            "seconds": 20,
            "role": "bed",
            "level": "quiet",
            "shape": "fade out",
            "mood": "calm",
        },
        {
            "caption": "a fist knocking on a door",
            "start": 4,
            "seconds": 3,
            "role": "spot",
            "level": "loud",
            "shape": "steady",
            "count": 3,
            "mood": "tense",
        },
    ]
}
SYSTEM = (
    "You write the cue sheet of a soundscape: one event for each sound that is heard, by its "
    "start, in seconds; sounds may overlap. Keep every time, count and order of the request "
    "exactly, and add nothing that it leaves out; only where it sets a scene and names no sound, "
    "choose four to eight sounds that fit. Write captions in English, whatever the language of "
    "the request: a few words for one sound each. What carries on beneath is a bed, from its "
    'beginning to its end; what happens is a spot. "level" is quiet, normal or loud. "shape" is '
    "steady, fade in, fade out, swell, approach, recede, or pairs [seconds from the event's start, "
    'decibels]. Where a sound is struck again and again, say "count", or "every" so many seconds, '
    'or "at" which seconds from its start, one of them. Where a source is heard again, "source" is '
    'the place, from 0, of its first event. Where nothing is to be heard write "silence". Answer '
    f"with JSON only, like {json.dumps(_EXAMPLE)}."
)
_OPTIONAL: dict[str, dict[str, Any]] = {
    "count": {"type": ["integer", "null"]},
    "every": {"type": ["number", "null"]},
    "at": {"type": ["array", "null"], "items": {"type": "number"}, "maxItems": _MOST_LISTED},
    "source": {"type": ["integer", "null"]},
}
_POINTS: dict[str, Any] = {
    "type": "array",
    "items": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
    "maxItems": _MOST_LISTED,
}
_ROW: dict[str, dict[str, Any]] = {
    "caption": {"type": "string", "maxLength": 120},
    "start": {"type": "number"},
    "seconds": {"type": "number"},
    "role": {"type": "string", "enum": list(ROLES)},
    "level": {"type": "string", "enum": list(LEVEL_DB)},
    "shape": {"anyOf": [{"type": "string", "enum": list(LEVEL_SHAPES[:-1])}, _POINTS]},
    "mood": {"type": "string", "maxLength": 30},
    **_OPTIONAL,
}


def answer_schema(total: float) -> dict[str, Any]:
    """The JSON schema of an answer of `total` seconds.

    All is required, as strict schemas ask; what a sound has not is null. There are no more events
    than so many seconds hold, since a small model may go on to the last that it is let write.
    """
    return {
        "type": "object",
        "properties": {
            "events": {
                "type": "array",
                "minItems": 1,
                "maxItems": max(_FEWEST, min(_MOST_ASKED, round(_EVENTS_A_SECOND * total))),
                "items": {
                    "type": "object",
                    "properties": _ROW,
                    "required": list(_ROW),
                    "additionalProperties": False,
                },
            }
        },
        "required": ["events"],
        "additionalProperties": False,
    }


def request_messages(instruction: str, total: float) -> list[dict[str, str]]:
    """The conversation that asks for a score of `total` seconds."""
    return [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": f"{instruction}\nThe total is {total:g} seconds."},
    ]


_OPENING = (
    r"<(?:think|thinking|thought|reasoning|reflection|scratchpad|seed:think)>|\[THINK\]|◁think▷"
    r"|<\|channel\|?>\s*(?:analysis|commentary|thought)\b|<\|START_THINKING\|>"
)
_CLOSING = (
    r"</(?:think|thinking|thought|reasoning|reflection|scratchpad|seed:think)>|\[/THINK\]|◁/think▷"
    r"|<\|channel\|>\s*final\b(?:<\|message\|>)?|<channel\|>|<\|END_THINKING\|>"
)
"""How chat models mark what they think: DeepSeek, Qwen and others, Seed, Magistral, Kimi, gpt-oss,
Gemma, Command. A template may open the thinking itself, so that the answer holds the end alone."""
_MARKS = re.compile(f"(?P<opening>{_OPENING})|(?P<closing>{_CLOSING})", re.IGNORECASE)


def without_thinking(text: str) -> str:
    """What a model answers, without what it marks as its thinking.

    Thinking that is not closed runs to the end; thinking that is not opened begins with the text.
    """
    text = text[-_LONGEST_TEXT:]
    kept, begun, thinking = "", 0, False
    for mark in _MARKS.finditer(text):
        if mark["closing"]:
            kept, begun = (kept if thinking else ""), mark.end()
        elif not thinking:
            kept += text[begun : mark.start()]
        thinking = not mark["closing"]
    return kept if thinking else kept + text[begun:]


@dataclass(frozen=True)
class FoundPlan:
    """A list of events in an answer.

    Attributes:
        items: 0 s stands for a length that is not given, or not understood.
        sure: it holds events; otherwise it is a list of words, which may be meant as one.
        rest: what stands behind it.
        rows: the tables of the items, as they were read; what is no table is an empty one.
    """

    items: tuple[Item, ...]
    sure: bool
    rest: str = ""
    rows: tuple[Mapping[str, Any], ...] = ()

    @property
    def last(self) -> bool:
        """Whether nothing but fences stands behind it."""
        return not self.rest.strip("` \t\r\n")

    def score(self, total: float, natural: NaturalLength, most: int) -> AnsweredScore | None:
        """The first `most` events as a score of `total` seconds; None: it says no more than what
        follows what, for how long."""
        if not is_score(self.rows):
            return None
        items = self.items[:most]
        return answered_score(
            self.rows[:most],
            [item.phrase for item in items],
            [item.seconds for item in items],
            [item.mood for item in items],
            total,
            natural,
        )


def find_plan(text: str) -> FoundPlan | None:
    """The final list of events in an answer; None: there is none, or it breaks off.

    Of several it is the last; lists of words, and the example of the request, count only where
    there is no other.
    """
    answer = without_thinking(text)[-LONGEST_ANSWER:]
    values = list(_json_values(answer))
    found = []
    for value, _, end in values:
        rows, sure = _rows(value)
        if items := _items(rows):
            found.append((items, sure, end))
    found = [each for each in found if each[1]] or found
    found = [each for each in found if each[0] != _EXAMPLE_ITEMS] or found
    if not any(sure for _, sure, _ in found) and (lines := _line_by_line(answer, values)):
        return _found(lines, True, "")
    if not found:
        return None
    items, sure, end = found[-1]
    return None if _is_open(answer[end:]) else _found(items, sure, answer[end:])


def _found(read: Sequence[_Read], sure: bool, rest: str) -> FoundPlan:
    items, rows = zip(*read, strict=True)
    return FoundPlan(items, sure, rest, rows)


def breaks_off(text: str) -> bool:
    """Whether an answer ends inside of a table."""
    return _is_open(without_thinking(text))


def _is_open(text: str) -> bool:
    return text.count("{") > text.count("}")


def _json_values(text: str) -> Iterator[tuple[Any, int, int]]:
    """JSON values with their places, so that fences and chatter do no harm; none inside another."""
    brackets = [match.start() for match in re.finditer(r"[{\[]", text)][-_MOST_BRACKETS:]
    end = 0
    for begin in brackets:
        if begin < end:
            continue
        try:
            value, end = FINITE_JSON.raw_decode(text, begin)
        except ValueError:
            continue
        except RecursionError:  # at a thousand levels, as would all that stands within them
            return
        yield value, begin, end


def _rows(value: Any, wrappers: int = _MOST_WRAPPERS) -> tuple[list[Any], bool]:
    """The rows of a value that may be a plan, and whether they surely are one."""
    if isinstance(value, list):
        return value, any(isinstance(row, dict) and "caption" in row for row in value)
    if not isinstance(value, dict) or not wrappers:
        return [], False
    if isinstance(value.get("events"), list):
        return value["events"], True
    inner = (_rows(each, wrappers - 1) for each in value.values())
    return next((each for each in inner if each[1]), ([], False))


def _line_by_line(text: str, values: Sequence[tuple[Any, int, int]]) -> tuple[_Read, ...]:
    """Events that are written as tables one after the other, with nothing between them."""
    tables = [value for value, _, _ in values if isinstance(value, dict) and "caption" in value]
    ends = [(0, 0), *((begin, end) for _, begin, end in values), (len(text), len(text))]
    between = "".join(text[before[1] : after[0]] for before, after in pairwise(ends))
    only = len(tables) == len(values) and not re.sub(r"```(?:json\w*)?|[\s,]", "", between)
    return _items(tables) if only else ()


def _items(rows: Sequence[Any]) -> tuple[_Read, ...]:
    items: list[_Read] = []
    for row in rows[:_MOST_EVENTS]:
        caption = row.get("caption") if isinstance(row, dict) else row
        caption = re.sub(r"[()]", " ", one_line(caption)) if isinstance(caption, str) else ""
        caption = mended_text(caption)
        caption = " ".join(caption.split())[:MAX_CAPTION]
        if not any(c.isalpha() for c in caption):
            continue
        fields = row if isinstance(row, dict) else {}
        mood = fields.get("mood")
        words = re.sub(r"[^\w' -]", " ", one_line(mood)) if isinstance(mood, str) else ""
        length = _seconds(fields.get("seconds", fields.get("duration")))
        items.append((Item(caption, length, " ".join(words.split())[:30]), fields))
    return tuple(items)


_RANGE = re.compile(r"\s*(?:-|\u2013|to)\s*")


def _seconds(value: Any) -> float:
    """A length as models write it: 5, "5", "about 5 seconds", "0:05", "1 min 30 s", "500 ms".

    Returns:
        Seconds; 0: none that can be understood.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return 0.0
    length = _seconds_in(value[:_LONGEST_LENGTH]) if isinstance(value, str) else float(value)
    return round(length, 1) if 0 < length <= _MOST_SECONDS else 0.0


def _seconds_in(text: str) -> float:
    found = read_quantities(text)
    for first, second in pairwise(found):
        if _RANGE.fullmatch(text, first.end, second.begin):
            if first.form == second.form == "clock":  # from moment to moment
                return second.value - first.value
            unit = second.unit if first.form == "number" else 1.0
            return (first.value * unit + second.value) / 2
    timed = [quantity for quantity in found if quantity.form != "number"] or found
    return timed[0].value if timed else 0.0


_EXAMPLE_ITEMS = _items(_EXAMPLE["events"])
