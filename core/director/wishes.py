"""Wishes in words about a story that is there: "add a dog bark at 10 s", "the rain a bit softer".

The director reads the story's events and the wish, and writes typed edits (core/story/edits.py). It
points: which operation, which event, which words of the wish, which of its numbers. Every number
is one that the person wrote, and every caption stands in the wish as it is.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from core.audiostory import AudioStory
from core.bridge.modifiers import first_choice, with_attribute, words_for
from core.director.quantities import read_quantities
from core.errors import Cancelled, PlanError
from core.language.choices import ChoiceGrammar
from core.language.decoding import Decoder
from core.language.stream import TURN_END, one_line
from core.language.task_adapter import TaskAdapter
from core.profile import WISHES
from core.story.edits import DECIBELS, DESCRIPTIONS, Edit, numbered_events, read_edit
from core.story.limits import MAX_CAPTION, MAX_TOTAL
from core.story.story import Story

MAX_WISH = 300
MAX_LISTED = 80
"""Events beside which a wish is read: more would take a small model past what it was trained on,
and a processor longer than somebody waits."""
MAX_EDITS = 6
MAX_SPAN = 10
"""Words of a caption at most."""
SURE_EDIT = 0.6
"""Probability of the least sure choice below which a wish counts as not understood. On the
development set it refuses 7 of the 21 that were misread and 5 of the 89 that were not."""
NEXT = "\n"
_WORD = re.compile(r"\S+")
_EDGE = " .,;:!?\"'()[]“”"


def wish_prompt(story: Story, wish: str) -> str:
    """The chat turn that asks for the edits, up to the assistant's first token.

    An event's number follows its caption: from words to what stands after them is an easier way
    for a small model than back to what stands before.
    """
    events = "\n".join(
        f"{one_line(e.caption)} {n}. ({e.start:g} to {e.end:g} s)"
        for n, e in enumerate(numbered_events(story), 1)
    )
    return (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        f"<|im_start|>user\nA story of {story.total:g} s:\n{events}\n"
        f"Change it: {one_line(wish)}<|im_end|>\n<|im_start|>assistant\n"
    )


def spans(wish: str, most: int = MAX_SPAN) -> list[str]:
    """All runs of words in the wish, without what stands around them and its first capital."""
    if wish[1:2].islower() or wish[:2] == "A ":
        wish = wish[0].lower() + wish[1:]
    places = [match.span() for match in _WORD.finditer(wish)]
    found: dict[str, None] = {}
    for i, (begin, _) in enumerate(places):
        for _, end in places[i : i + most]:
            text = wish[begin:end].strip(_EDGE)
            if any(c.isalpha() for c in text) and len(text) <= MAX_CAPTION and '"' not in text:
                found[text] = None
    return list(found)


def numbers(wish: str) -> list[float]:
    """The numbers in the wish, in digits or words; those of times in seconds."""
    found = {quantity.value for quantity in read_quantities(wish)}
    return sorted(number for number in found if 0 <= number <= MAX_TOTAL)


class EditSlots:
    """What each slot of the edits offers, for one story and one wish."""

    def __init__(self, events: int, wish: str):
        self._events = [str(n) for n in range(1, events + 1)]
        self._spans = spans(wish)
        self._moods = spans(wish, 2)
        self._numbers = [f"{number:g}" for number in numbers(wish)]
        self._target = [f" {n}." for n in self._events]

    def __call__(self, written: Sequence[str]) -> list[str]:
        """The choices for the next slot (`core.language.choices.Slots`)."""
        if written and written[-1] == TURN_END:
            return []
        ends = [place for place, slot in enumerate(written, 1) if slot == NEXT]
        current = written[ends[-1] if ends else 0 :]
        if not current:
            return self._operations()
        rest = self._rest(current[0].strip())
        if len(current) <= len(rest):
            return rest[len(current) - 1]()
        return [TURN_END, NEXT] if len(ends) + 1 < MAX_EDITS else [TURN_END]

    def _operations(self) -> list[str]:
        words = ["remove", "lengthen", "shorten", "move", "louder", "quieter", *DESCRIPTIONS]
        words += ["continue", "again", "unknown"]
        if self._spans:
            words += ["add", "replace"]
        if self._moods:
            words += ["mood"]
        if self._numbers:
            words += ["last", "total"]
        return [f" {word}" for word in words]

    def _rest(self, operation: str) -> Sequence[Callable[[], list[str]]]:
        """The slots of an edit after its operation."""
        slots: dict[str, Sequence[Callable[[], list[str]]]] = {
            "add": (partial(self._captions, ""), self._places, self._lengths),
            "move": (self._one, self._moves),
            "lengthen": (self._one, partial(self._amounts, "s")),
            "shorten": (self._one, partial(self._amounts, "s")),
            "louder": (self._any, partial(self._amounts, "dB")),
            "quieter": (self._any, partial(self._amounts, "dB")),
            "last": (self._one, partial(self._seconds, " {} s.")),
            "replace": (self._one, partial(self._captions, " with")),
            "mood": (self._mood,),
            "total": (partial(self._seconds, " {} s."),),
            "continue": (self._continuations,),
            "again": (),
            "unknown": (),
        }
        return slots.get(operation, (self._one,))

    def _one(self) -> list[str]:
        return self._target

    def _any(self) -> list[str]:
        return [*self._target, " all."]

    def _mood(self) -> list[str]:
        return [f' "{mood}"' for mood in self._moods]

    def _captions(self, before: str) -> list[str]:
        return [f'{before} "{span}"' for span in self._spans]

    def _seconds(self, form: str) -> list[str]:
        return [form.format(number) for number in self._numbers]

    def _places(self) -> list[str]:
        beside = [f" {word} {n}." for word in ("after", "before", "over") for n in self._events]
        fixed = [" throughout.", " at the start.", " at the end."]
        return [*fixed, *self._seconds(" at {} s."), *beside]

    def _moves(self) -> list[str]:
        beside = [f" {word} {n}." for word in ("after", "before") for n in self._events]
        shifts = [f" {way} by {n} s." for way in ("later", "earlier") for n in self._numbers]
        fixed = [" later.", " earlier.", " at the start.", " at the end."]
        return [*fixed, *self._seconds(" to {} s."), *shifts, *beside]

    def _lengths(self) -> list[str]:
        return [" in its own length.", *self._seconds(" for {} s.")]

    def _amounts(self, unit: str) -> list[str]:
        return [*(f" {degree}." for degree in DECIBELS), *self._seconds(f" by {{}} {unit}.")]

    def _continuations(self) -> list[str]:
        return [" as it likes.", *self._seconds(" to {} s."), *self._seconds(" by {} s.")]


def edits_of(slots: Sequence[str]) -> list[Edit]:
    """The edits whose slots were written, with what separates them."""
    edits: list[list[str]] = [[]]
    for slot in slots:
        if slot in (NEXT, TURN_END):
            edits.append([])
        else:
            edits[-1].append(slot)
    return [read_edit(edit) for edit in edits if edit]


@dataclass(frozen=True)
class WrittenEdits:
    """What the director made of a wish.

    Attributes:
        sureness: probability of the least sure choice.
    """

    edits: tuple[Edit, ...]
    sureness: float = 1.0

    @property
    def understood(self) -> bool:
        """Whether it is a change, and surely so."""
        known = all(edit.operation != "unknown" for edit in self.edits)
        return bool(self.edits) and known and self.sureness >= SURE_EDIT


@torch.inference_mode()
def write_edits(
    model: AudioStory,
    story: Story,
    wish: str,
    cancel: threading.Event | None = None,
    adapter: TaskAdapter | None = None,
) -> WrittenEdits:
    """The edits that a wish comes to.

    Args:
        adapter: by default the profile's.

    Raises:
        PlanError: the wish is empty or too long, the story has too many events, or this profile's
            director writes no edits.
        Cancelled: `cancel` was set.
    """
    wish = one_line(wish)
    if not wish:
        raise PlanError("Say what should change, like: add a dog at 10 s; the rain softer.")
    if len(wish) > MAX_WISH:
        raise PlanError(f"That is too long for a change; keep it under {MAX_WISH} characters.")
    if len(story.events) > MAX_LISTED:
        raise PlanError(
            f"Wishes are read for stories of up to {MAX_LISTED} events, this one has "
            f"{len(story.events)}; edit its table."
        )
    adapter = adapter or wish_adapter(model)
    grammar = ChoiceGrammar(EditSlots(len(story.events), wish), model.encode)
    model.ready("director")
    decoder = Decoder(model)
    with adapter.at_work(model.backbone):
        for _ in decoder.write(model.encode(wish_prompt(story, wish)), grammar, cancel):
            pass
    if cancel is not None and cancel.is_set():
        raise Cancelled("Planning was stopped.")
    return WrittenEdits(tuple(edits_of(grammar.written)), decoder.least)


def with_description(caption: str, attribute: str, value: str) -> str:
    """A caption that says one thing more ("thunder", distance, close: "thunder nearby").

    What it said of the attribute in the usual words is taken out.
    """
    for other in _VALUES[attribute]:
        words = (words_for("", attribute, other) | _PLAIN.get(other, set())) - {""}
        for word in sorted(words, key=len, reverse=True):
            caption = re.sub(rf",? ?\b{re.escape(word)}\b", "", caption).strip(" ,") or caption
    return with_attribute(caption, attribute, value, first_choice)


_VALUES = {
    "distance": ("close", "distant"),
    "tempo": ("slow", "steady", "fast"),
    "strength": ("light", "heavy"),
}
_PLAIN = {
    "close": {"close", "near", "nearby"},
    "distant": {"distant", "far"},
    "light": {"soft", "gentle"},
    "heavy": {"heavy", "strong", "loud"},
}
"""Adjectives that say the same as the adverbs of `core.bridge.modifiers`."""


def wish_adapter(model: AudioStory) -> TaskAdapter:
    """The adapter with which the director writes edits.

    Raises:
        PlanError: the profile has none.
    """
    path = model.profile.shipped(WISHES)
    if path is None:
        raise PlanError(
            f"{model.profile.title} cannot change a plan by words; edit the table, or plan again."
        )
    return TaskAdapter.load(path)
