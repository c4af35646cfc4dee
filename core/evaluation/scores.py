"""`python app.py evaluate scores`: is a plan the score that its brief asks for?

Judged on a file of briefs as sound designers write them (`core.evaluation.score_briefs`):
core/evaluation/score_briefs.jsonl, or core/evaluation/writers_scores.jsonl by another writer.

Each figure is a share of what the briefs ask for:

- recall: required sounds that have an event of their own (the largest matching). One that is the
  same source as an earlier one may share its event.
- nothing invented: briefs without an event that is neither required nor optional, that repeats an
  earlier one's caption as a new source, or that is a silence which was not asked for. In a scene
  anything may be heard once, but the brief itself is no sound.
- order: briefs that say which sound comes after which, and of which none that is found begins
  before one that it comes after.
- times: starts, ends, lengths and moments that are given, to 0.05 s.
- throughout: such sounds of which, by all events of theirs, 95 % of the whole is covered, silences
  left out. overlaps: pairs of which the shorter event lies for its half or more in the other.
- counts: sounds struck as often as told. rhythms: those struck every so many seconds, to a fifth.
- shapes: those whose level rises or falls by 6 dB or more, as one of those told does. roles: beds
  that are beds, and spots that are spots. returns: sounds with the source of the earlier one.
- negations: briefs with `forbidden` words, of which no caption has one.
- silences: such events that are there, and in which nothing begins.
- scenes: those with four sounds or more of different kinds that fit.
- tongues: briefs in another language than English that are refused, with nothing planned.
- right: briefs with nothing wrong.

`--rows` are planners: `score` under its grammar, `score-free` without, `event-list` (the list of
events, one after the other) and `template` (a clause an event). Nothing is drawn at random.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

from core.audiostory import AudioStory, load_audiostory
from core.director.plan import most_events, plan, understood_instruction
from core.director.progress import Brief
from core.director.score_plan import plan_score
from core.errors import PlanError, StudioError
from core.evaluation.direct import largest_matching, mentions, ordered_matching, template
from core.evaluation.score_briefs import SCORE_BRIEFS, RequiredSound, ScoreBrief, read_briefs
from core.language.score import LevelShape
from core.language.task_adapter import TaskAdapter
from core.profile import Profile, load_profile
from core.story.story import Event, Story

_FIGURES = (
    "recall", "nothing_invented", "order", "times", "throughout", "overlaps", "counts", "rhythms",
    "shapes", "roles", "returns", "negations", "silences", "scenes", "tongues", "right",
)  # fmt: skip
_NEAR = 0.05
"""Seconds by which a time may differ."""
_COVERED = 0.95
"""Share of the whole that a sound has to cover to go on throughout."""
_BESIDE = 0.5
"""Share of the shorter of two events that has to lie in the other."""
_RHYTHM = 0.2
"""By which share of itself the time between two strokes may differ."""
_TURNS_DB = 6.0
"""By how much a level has to rise or fall to be heard as doing so."""
_DIFFERENT = 4
"""Sounds of different kinds that a scene needs."""
_RISING: frozenset[LevelShape] = frozenset({"fade in", "swell", "approach"})
_FALLING: frozenset[LevelShape] = frozenset({"fade out", "recede"})
_ROWS = ("score", "score-free", "event-list", "template")

ScorePlanner = Callable[[str, float], Story]
"""A brief and seconds to a story without sound."""


@dataclass(frozen=True)
class ScoreVerdict:
    """What one planner made of one brief.

    Attributes:
        figures: of each of `_FIGURES` that the brief asks for, how much is right and how much was
            asked for.
        wrong: what is wrong, in words.
        plan: the events in short; the error's sentence where there is no plan.
    """

    row: str
    place: int
    figures: dict[str, tuple[int, int]]
    wrong: tuple[str, ...]
    plan: tuple[str, ...] = field(default=())


def assigned(brief: ScoreBrief, events: Sequence[Event]) -> dict[int, Event]:
    """An event for each required sound that has one, by place.

    Args:
        events: by their start.

    What comes and goes is taken in order as far as it is; what goes on throughout gets the longest
    event that is left.
    """
    fits = [[_is_of(sound, event) for event in events] for sound in brief.required]
    passing = [i for i, sound in enumerate(brief.required) if not sound.throughout]
    lasting = [i for i, sound in enumerate(brief.required) if sound.throughout]
    found: dict[int, int] = {}
    for i in lasting:
        left = [j for j, fit in enumerate(fits[i]) if fit and j not in found.values()]
        if left:
            found[i] = max(left, key=lambda j: events[j].duration)
    free = [[fit and j not in found.values() for j, fit in enumerate(fits[i])] for i in passing]
    found |= {passing[i]: j for i, j in ordered_matching(free).items()}
    for i in passing:
        left = [j for j, fit in enumerate(fits[i]) if fit and j not in found.values()]
        if i not in found and left:
            found[i] = left[0]
    own = {i: events[j] for i, j in found.items()}
    for i, sound in enumerate(brief.required):
        first = own.get(sound.same_as) if sound.same_as is not None else None
        if i not in own and first is not None and _is_of(sound, first):
            own[i] = first
    return own


def _is_of(sound: RequiredSound, event: Event) -> bool:
    """Whether an event may be a required sound."""
    return (
        event.silent if sound.silence else not event.silent and mentions(event.caption, sound.words)
    )


def judge_score(row: str, place: int, brief: ScoreBrief, story: Story) -> ScoreVerdict:
    """Compare a story with what its brief asks for."""
    events = sorted(story.events, key=lambda event: (event.start, event.layer))
    own = assigned(brief, events)
    judged = Judged(brief, story, events, own)
    asked: dict[str, list[bool]] = {}
    wrong: list[str] = []
    for figure, right, what in judged.checks():
        asked.setdefault(figure, []).append(right)
        if not right:
            wrong.append(f"{figure.replace('_', ' ')}: {what}")
    figures = {name: (sum(found), len(found)) for name, found in asked.items()}
    figures["right"] = (int(not wrong), 1)
    return ScoreVerdict(row, place, figures, tuple(wrong), tuple(map(in_short, events)))


Check = tuple[str, bool, str]
"""A figure, whether what it asks for is right, and what it is about."""


@dataclass(frozen=True)
class Judged:
    """A story beside its brief.

    Attributes:
        events: of the story, by their start.
        own: the event of each required sound, by place.
    """

    brief: ScoreBrief
    story: Story
    events: Sequence[Event]
    own: Mapping[int, Event]

    def checks(self) -> Iterator[Check]:
        """Everything that the brief asks for."""
        yield from self._heard()
        for place, sound in enumerate(self.brief.required):
            name = sound.words[0]
            event = self.own.get(place)
            yield from ((f, right, name) for f, right in self._times(sound, event))
            yield from ((f, right, name) for f, right in self._repetitions(sound, event))
            yield from ((f, right, name) for f, right in self._beside(sound, event))
            if sound.silence:
                yield "silences", event is not None and self._still(event), name
            if sound.shape:
                yield "shapes", event is not None and turns(event, sound.shape), name
            if sound.role:
                right = event is not None and self.story.role_of(event) == sound.role
                yield "roles", right, name
            if sound.same_as is not None:
                first = self.own.get(sound.same_as)
                yield "returns", bool(event and first and _source(event) == _source(first)), name

    def _heard(self) -> Iterator[Check]:
        """What is there, in order, and nothing else."""
        required, captions = self.brief.required, [event.caption for event in self.events]
        for place, sound in enumerate(required):
            yield "recall", place in self.own, sound.words[0]
        made_up = self.made_up()
        yield "nothing_invented", not made_up, "; ".join(made_up)
        pairs = [
            (self.own[before].start, self.own[place].start)
            for place, sound in enumerate(required)
            for before in sound.after
            if place in self.own and before in self.own
        ]
        if pairs:
            yield "order", all(first <= then for first, then in pairs), ""
        if self.brief.forbidden:
            said = [caption for caption in captions if mentions(caption, self.brief.forbidden)]
            yield "negations", not said, "; ".join(said)
        if self.brief.scene:
            fits = [[mentions(c, words) for c in captions] for words in self.brief.fitting]
            different = largest_matching(fits) if captions else 0
            yield "scenes", different >= _DIFFERENT, f"{different} sounds fit"

    def made_up(self) -> list[str]:
        """Captions that nothing in the brief asks for."""
        sounds = [sound for sound in self.brief.required if not sound.silence]
        heard = [*(sound.words for sound in sounds), *self.brief.optional]
        silences = sum(sound.silence for sound in self.brief.required)
        found, seen = [], Counter[str]()
        for event in self.events:
            caption = event.caption.strip().lower()
            if event.silent:
                wanted, often = True, silences
            else:
                itself = self.brief.scene and caption == self.brief.brief.strip(" .!?").lower()
                fits = self.brief.scene or any(mentions(caption, words) for words in heard)
                wanted = fits and not itself
                often = sum(mentions(caption, sound.words) for sound in sounds)
            again = seen[caption] >= max(not event.silent, often) and event.source is None
            if not wanted or again:
                found.append(event.caption)
            seen[caption] += event.source is None
        return found

    def _times(self, sound: RequiredSound, event: Event | None) -> Iterator[tuple[str, bool]]:
        if sound.start is not None:
            yield "times", event is not None and abs(event.start - sound.start) <= _NEAR
        if sound.seconds is not None:
            yield "times", event is not None and abs(event.duration - sound.seconds) <= _NEAR
        if sound.end is not None:
            yield "times", event is not None and abs(event.end - sound.end) <= _NEAR
        if sound.at:
            moments = self._strokes(sound)
            yield "times", all(any(abs(m - t) <= _NEAR for m in moments) for t in sound.at)

    def _repetitions(self, sound: RequiredSound, event: Event | None) -> Iterator[tuple[str, bool]]:
        if sound.count is not None:
            alone = event is not None and times_struck(event) == sound.count
            yield "counts", alone or sum(map(times_struck, self._all_of(sound))) == sound.count
        if sound.every is not None:
            gaps = [b - a for a, b in itertools.pairwise(self._strokes(sound))]
            near = [abs(gap - sound.every) <= _RHYTHM * sound.every for gap in gaps]
            yield "rhythms", bool(near) and all(near)

    def _beside(self, sound: RequiredSound, event: Event | None) -> Iterator[tuple[str, bool]]:
        if sound.throughout:
            yield "throughout", self._covered(self._all_of(sound)) >= _COVERED
        for other in sound.overlaps:
            there = self._all_of(self.brief.required[other])
            yield "overlaps", event is not None and any(_overlap(event, bed) for bed in there)

    def _all_of(self, sound: RequiredSound) -> list[Event]:
        """All events that may be a sound, but for those that are another required one."""
        others = [
            event for place, event in self.own.items() if self.brief.required[place] is not sound
        ]
        return [e for e in self.events if _is_of(sound, e) and e not in others]

    def _strokes(self, sound: RequiredSound) -> list[float]:
        """Seconds of the whole at which a sound is struck, as far as they are said."""
        return sorted(moment for event in self._all_of(sound) for moment in strokes(event))

    def _covered(self, events: Sequence[Event]) -> float:
        """The share of the whole, silences left out, in which one of the events is heard."""
        silences = [event for event in self.events if event.silent]
        edges = sorted({0.0, self.story.total, *(t for e in self.events for t in (e.start, e.end))})
        heard = sounding = 0.0
        for begin, end in itertools.pairwise(edges):
            middle = (begin + end) / 2
            if any(silence.start < middle < silence.end for silence in silences):
                continue
            sounding += end - begin
            heard += (end - begin) * any(event.start < middle < event.end for event in events)
        return heard / sounding if sounding else 0.0

    def _still(self, silence: Event) -> bool:
        """Whether nothing begins in a silence."""
        others = [event for event in self.events if not event.silent]
        return not any(silence.start - _NEAR < e.start < silence.end - _NEAR for e in others)


def strokes(event: Event) -> list[float]:
    """Seconds of the whole at which an event is struck, as far as they are said."""
    if event.at:
        return [event.start + moment for moment in event.at]
    if event.every is not None:
        steps = range(int((event.duration - _NEAR) / event.every) + 1)
        return [event.start + step * event.every for step in steps]
    return [event.start]


def times_struck(event: Event) -> int:
    """How often an event is struck."""
    return event.count if event.count is not None else len(strokes(event))


def turns(event: Event, wanted: Sequence[LevelShape]) -> bool:
    """Whether the level of an event rises or falls, as one of the shapes wanted does.

    Points alone may do either; beside a name they are another way to do what it says.
    """
    levels = [level for _, level in event.level_points]
    pairs = list(itertools.combinations(levels, 2))
    named = frozenset(wanted) - {"points"} or _RISING | _FALLING
    rises = any(after - before >= _TURNS_DB for before, after in pairs)
    falls = any(before - after >= _TURNS_DB for before, after in pairs)
    return bool(named & _RISING and rises) or bool(named & _FALLING and falls)


def _source(event: Event) -> str:
    return event.source or event.id


def _overlap(one: Event, other: Event) -> bool:
    common = min(one.end, other.end) - max(one.start, other.start)
    return common >= _BESIDE * min(one.duration, other.duration) - _NEAR


def in_short(event: Event) -> str:
    """An event as a line of a report."""
    said = [
        event.role or "",
        event.shape if event.shape != "steady" else "",
        f"x{event.count}" if event.count is not None else "",
        f"every {event.every:g}" if event.every is not None else "",
        f"at {' '.join(f'{m:g}' for m in event.at)}" if event.at else "",
        f"as {event.source}" if event.source else "",
    ]
    return " ".join([event.caption, f"{event.start:g}-{event.end:g}", *filter(None, said)])


def score_table(verdicts: Sequence[ScoreVerdict]) -> dict[str, dict[str, float]]:
    """Shares of each planner; a figure that no brief asks for is left out."""
    table = {}
    for row in dict.fromkeys(verdict.row for verdict in verdicts):
        own = [verdict for verdict in verdicts if verdict.row == row]
        table[row] = {"briefs": float(len(own))}
        for name in _FIGURES:
            right, asked = (sum(v.figures.get(name, (0, 0))[i] for v in own) for i in (0, 1))
            if asked:
                table[row][name] = round(right / asked, 4)
    return table


class ScorePlanners:
    """The planners of the table's rows; the model is loaded once."""

    def __init__(self, profile: Profile, adapter: TaskAdapter | None = None):
        self._profile = profile
        self._adapter = adapter

    def __getitem__(self, row: str) -> ScorePlanner:
        if row == "template":
            return lambda brief, seconds: _story_of(template(brief, seconds).story)
        if row == "event-list":
            return lambda brief, seconds: _story_of(
                [*plan(self._model, brief, seconds, 0)][-1].story
            )
        return partial(scored, self._model, adapter=self._adapter, held=row == "score")

    @cached_property
    def _model(self) -> AudioStory:
        return load_audiostory(self._profile, performs=False)


def scored(
    model: AudioStory, brief: str, seconds: float, *, adapter: TaskAdapter | None, held: bool
) -> Story:
    """The score of a brief; see `core.director.score_plan.plan_score`."""
    understood = understood_instruction(model, brief, seconds)
    wanted = Brief(understood, seconds, most=most_events(model, seconds))
    return _story_of([*plan_score(model, wanted, 0, None, held=held, adapter=adapter)][-1].story)


def _story_of(story: Story | None) -> Story:
    assert story is not None
    return story


def judged_brief(row: str, place: int, brief: ScoreBrief, planner: ScorePlanner) -> ScoreVerdict:
    """Plan a brief and judge it; where no story comes of it, all that it asks for is wrong.

    Of a brief in another language no story is to come, and nothing else is judged.
    """
    if brief.language:
        return _judged_refusal(row, place, brief, planner)
    try:
        return judge_score(row, place, brief, planner(brief.brief, brief.seconds))
    except StudioError as error:
        empty = Story(
            brief.brief, brief.seconds, 0, "", "", (Event("e1", "-", 0.0, brief.seconds),)
        )
        verdict = judge_score(row, place, replace(brief, optional=()), empty)
        figures = {name: (0, asked) for name, (_, asked) in verdict.figures.items()}
        return replace(verdict, figures=figures, plan=(str(error),))


def _judged_refusal(row: str, place: int, brief: ScoreBrief, planner: ScorePlanner) -> ScoreVerdict:
    try:
        events = planner(brief.brief, brief.seconds).events
    except PlanError as error:
        return ScoreVerdict(row, place, {"tongues": (1, 1), "right": (1, 1)}, (), (str(error),))
    wrong = (f"tongues: planned in {brief.language}",)
    shown = tuple(map(in_short, events))
    return ScoreVerdict(row, place, {"tongues": (0, 1), "right": (0, 1)}, wrong, shown)


def main(argv: Sequence[str]) -> None:
    """Judge, a line a brief; the last line is one JSON object."""
    parser = argparse.ArgumentParser(prog="app.py evaluate scores", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--profile", default="pocket")
    parser.add_argument("--briefs", type=Path, default=SCORE_BRIEFS, help="another such file")
    parser.add_argument("--rows", nargs="+", choices=_ROWS, default=["score"])
    parser.add_argument("--adapter", type=Path, help="of scores: average.safetensors of a run")
    parser.add_argument("--limit", type=int, help="judge the first so many briefs")
    parser.add_argument("--plans", type=Path, help="file for the verdicts with all plans")
    arguments = parser.parse_args(argv)
    adapter = TaskAdapter.load(arguments.adapter) if arguments.adapter else None
    planners = ScorePlanners(load_profile(arguments.profile), adapter)
    briefs = read_briefs(arguments.briefs)[: arguments.limit]
    verdicts = []
    for row, (place, brief) in itertools.product(arguments.rows, enumerate(briefs)):
        verdicts.append(judged_brief(row, place, brief, planners[row]))
        print(_verdict_line(verdicts[-1]), flush=True)
    if arguments.plans:
        text = "".join(json.dumps(asdict(v), ensure_ascii=False) + "\n" for v in verdicts)
        arguments.plans.write_text(text, encoding="utf-8")
    table = score_table(verdicts)
    print(_table_text(table), end="\n\n")
    print(json.dumps(table))


def _verdict_line(verdict: ScoreVerdict) -> str:
    state = "; ".join(verdict.wrong) or "right"
    return f"{verdict.row:10s} {verdict.place:4d}  {state}  [{' | '.join(verdict.plan)}]"


def _table_text(table: Mapping[str, Mapping[str, float]]) -> str:
    names = dict.fromkeys(name for figures in table.values() for name in figures)
    lines = [f"{'':18s}" + "".join(f"{row:>12s}" for row in table)]
    for name in names:
        values = [f"{table[row].get(name, float('nan')):12.3f}" for row in table]
        lines.append(f"{name:18s}" + "".join(values))
    return "\n".join(lines)
