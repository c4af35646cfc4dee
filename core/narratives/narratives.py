"""Stories to train the director on: an instruction, the reasoning, and the events in order.

`python -m core.narratives.narratives 10` prints ten of them.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from random import Random

from core.corpus.captions import MARKED, MOODS, caption, plain_meaning
from core.corpus.clauses import MarkedClause
from core.corpus.vocabulary import BY_NAME, CLASSES
from core.narratives.realisation import (
    NUMBERS,
    TIMED,
    UNTIMED,
    Realisation,
    Scene,
    Style,
    as_typed,
    format_seconds,
    gerund_list,
    numbered,
    ordered_sentences,
    pick,
    prose,
    scene_only,
)
from core.narratives.skeletons import SKELETONS, UNKNOWN, Skeleton, Sound, random_sound, sound
from core.narratives.timing import allocate, natural_span

_MOST_EVENTS = 8
SHORTEST_STORY, LONGEST_STORY = 6.0, 150.0

_EVENT_COUNTS = (4, 12, 22, 24, 17, 10, 6, 5)
_ROUND_TOTALS = (6, 8, 10, 12, 15, 18, 20, 24, 25, 30, 35, 40, 45, 50, 60, 75, 90, 120, 150)

_TIMES = ("twice", "three times", "four times", "five times")
_TIMES_SUIT = frozenset(
    ("knock", "owl", "dog", "gong", "gunshot", "church_bell", "crow", "horn", "ship_horn", "cow")
)
_MODIFIERS = (
    "in the distance",
    "far away",
    "nearby",
    "loudly",
    "softly",
    "again",
    "outside",
    "behind us",
)


@dataclass(frozen=True)
class NarrativeEvent:
    """One event: caption, length in seconds, mood, classes (none if unknown).

    `meant` is the caption in the plain words that the performer knows best (Caption.meant).
    """

    caption: str
    seconds: float
    mood: str
    classes: tuple[str, ...]
    meant: str


@dataclass(frozen=True)
class Narrative:
    """One training example; the seconds of the events are multiples of 0.5 and sum to `total`."""

    instruction: str
    total: float
    reasoning: str
    events: tuple[NarrativeEvent, ...]


def reasoning(
    phrases: Sequence[str], seconds: Sequence[float], moods: Sequence[str], why: str = ""
) -> str:
    """The text that the director thinks before it writes the events.

    "1. rain falls (6 s, calm). 2. a shot (2 s, violent). Two events, from calm to violent; the
    times are given." The list comes first, for a small model counts what stands before it.
    """
    arc = _mood_arc(moods)
    count = NUMBERS[len(phrases)].capitalize()
    sum_up = f"{count} event{'s' if len(phrases) > 1 else ''}, {arc}{'; ' + why if why else ''}."
    lines = [
        f"{i}. {phrase} ({format_seconds(length)} s, {mood})."
        for i, (phrase, length, mood) in enumerate(zip(phrases, seconds, moods, strict=True), 1)
    ]
    return " ".join([*lines, sum_up])


def _mood_arc(moods: Sequence[str]) -> str:
    """The moods in short: "calm throughout", "from calm to wild", "from calm over wild to calm"."""
    if len(moods) == 1:
        return moods[0]
    others = [mood for mood in moods if mood != moods[0]]
    if not others:
        return f"{moods[0]} throughout"
    if moods[-1] == moods[0]:
        return f"from {moods[0]} over {others[0]} to {moods[0]}"
    return f"from {moods[0]} to {moods[-1]}"


def _class_sound(name: str, rng: Random, mood: str = "") -> Sound:
    """A class in one of its own phrases, now and then with a count or a modifier."""
    marked = rng.choice(MARKED[name])
    if "*" in marked and len(marked.split()) <= 4 and rng.random() < 0.2:
        suits = (
            name in _TIMES_SUIT and not marked.endswith(("twice", "times")) and rng.random() < 0.6
        )
        marked += " " + rng.choice(_TIMES if suits else _MODIFIERS)
    return sound(MarkedClause(marked), mood or MOODS[name], (name,))


def _substituted(original: Sound, rng: Random) -> Sound:
    """The same class in other words, or sometimes another spot or texture of its family."""
    if len(original.classes) != 1 or rng.random() > 0.25:
        return original
    known = BY_NAME[original.classes[0]]
    family = [c.name for c in CLASSES if c.family == known.family and c.kind == known.kind]
    name = rng.choice(family) if rng.random() < 0.35 else known.name
    return _class_sound(name, rng, original.mood if name == known.name else "")


def _part(skeleton: Skeleton, count: int, rng: Random) -> list[Sound]:
    """Sounds of the skeleton in order, some left out; a clause that lost its "it" stands alone."""
    known = [i for i, s in enumerate(skeleton.sounds) if s.classes or rng.random() < 0.3]
    keep = sorted(rng.sample(known, min(count, len(known))))
    sounds: list[Sound] = []
    for i in keep:
        chosen = skeleton.sounds[i]
        if i - 1 not in keep:
            chosen = replace(chosen, clause=chosen.clause.standing_alone())
        elif not chosen.clause.is_anaphoric and not _is_antecedent(skeleton, i):
            chosen = _substituted(chosen, rng)
        sounds.append(chosen)
    return sounds


def _is_antecedent(skeleton: Skeleton, i: int) -> bool:
    return i + 1 < len(skeleton.sounds) and skeleton.sounds[i + 1].clause.is_anaphoric


def _with_unknown(sounds: list[Sound], rng: Random) -> list[Sound]:
    for _ in range(rng.choice((1, 1, 2))):
        extra = _unknown(rng)
        spots = [
            i for i in range(len(sounds) + 1)
            if i == len(sounds) or not sounds[i].clause.is_anaphoric
        ]  # fmt: skip
        sounds.insert(rng.choice(spots), extra)
    return sounds[:_MOST_EVENTS]


def _unknown(rng: Random) -> Sound:
    return rng.choice(UNKNOWN) if rng.random() < 0.5 else random_sound(rng)


def _unrelated_sounds(count: int, rng: Random) -> list[Sound]:
    """Sounds with no story behind them: the instruction alone says what comes next."""
    return [
        _unknown(rng) if rng.random() < 0.35 else _class_sound(rng.choice(CLASSES).name, rng)
        for _ in range(count)
    ]


def _total(sounds: Sequence[Sound], timed: bool, rng: Random) -> float:
    """A length that suits the sounds: near their usual sum, mostly a round number, 6 to 150 s."""
    spans = [natural_span(s.kind, s.seconds) for s in sounds]
    stretch = rng.uniform(1.5, 4.0) if rng.random() < 0.08 else rng.uniform(0.75, 1.4)
    wish = stretch * sum(span.usual for span in spans)
    least = max(SHORTEST_STORY, 1.5 * len(sounds))
    most = min(LONGEST_STORY, max(least, sum(span.longest for span in spans)))
    wish = min(max(wish, least), most)
    if rng.random() < 0.6:
        fitting = [total for total in _ROUND_TOTALS if least <= total <= most]
        wish = min(fitting, key=lambda total: abs(total - wish), default=wish)
    halves = not timed and rng.random() < 0.1
    return math.ceil(wish * 2) / 2 if halves else float(math.ceil(wish))


def _step(total: float, count: int) -> float:
    """Whole seconds wherever the total is whole and leaves room for them, else halves."""
    return 1.0 if total == int(total) and total >= 2 * count else 0.5


def _given_lengths(sounds: Sequence[Sound], total: float, rng: Random) -> dict[int, float]:
    """Whole seconds that a person might ask for, whether or not they are usual for the sound."""
    given: dict[int, float] = {}
    left = total
    for i in rng.sample(range(len(sounds)), rng.randint(0, len(sounds) - 1)):
        asked = float(rng.choice((2, 3, 4, 5, 5, 6, 7, 8, 10, 10, 12, 15, 20)))
        if left - asked >= 2 * (len(sounds) - len(given) - 1):
            given[i] = asked
            left -= asked
    return given


def _timed_scene(
    scene_name: str, word: str, sounds: Sequence[Sound], timed: bool, rng: Random
) -> Scene:
    """The sounds with their lengths; in a timed instruction whole seconds, some of them unusual."""
    total = _total(sounds, timed, rng)
    given = _given_lengths(sounds, total, rng) if timed and rng.random() < 0.5 else {}
    spans = [natural_span(s.kind, s.seconds) for s in sounds]
    step = 1.0 if timed else _step(total, len(sounds))
    lengths = allocate(total, spans, [s.kind for s in sounds], given, step)
    return Scene(scene_name, word, tuple(sounds), tuple(lengths))


def _assembled(scene: Scene, realised: Realisation, rng: Random) -> Narrative:
    captions = realised.captions or tuple(s.clause.caption for s in scene.sounds)
    moods = [s.mood for s in scene.sounds]
    events = tuple(
        NarrativeEvent(text, length, s.mood, s.classes, s.meant or plain_meaning(text, s.classes))
        for text, length, s in zip(captions, scene.seconds, scene.sounds, strict=True)
    )
    return Narrative(
        instruction=as_typed(realised.instruction, rng),
        total=sum(scene.seconds),
        reasoning=reasoning(realised.phrases, scene.seconds, moods, realised.why),
        events=events,
    )


def narrative(rng: Random) -> Narrative:
    """One story: a skeleton cut, varied and written in one of many ways, or unrelated sounds."""
    timed = rng.random() < 0.15
    style = pick(TIMED if timed else UNTIMED, rng)
    skeleton = rng.choice(SKELETONS)
    # what a place suggests has to be learned, so it is always the whole skeleton, unchanged
    named = style is not scene_only
    sounds = _chosen(skeleton, timed, rng) if named else list(skeleton.sounds)
    scene = _timed_scene(skeleton.scene, skeleton.word, sounds, timed, rng)
    return _assembled(scene, style(scene, rng), rng)


def _chosen(skeleton: Skeleton, timed: bool, rng: Random) -> list[Sound]:
    count = rng.choices(range(1, _MOST_EVENTS + 1), _EVENT_COUNTS)[0]
    if timed:
        count = max(2, count)
    sounds = _unrelated_sounds(count, rng) if rng.random() < 0.3 else _part(skeleton, count, rng)
    if len(sounds) < count - 1:
        another = rng.choice([other for other in SKELETONS if other is not skeleton])
        sounds += _part(another, count - len(sounds), rng)
    if not sounds or (rng.random() < 0.18 and len(sounds) < _MOST_EVENTS):
        sounds = _with_unknown(sounds, rng)
    return sounds


def story_stream(seed: int) -> Iterator[Narrative]:
    """Stories without end, the same ones for the same seed."""
    rng = Random(seed)
    while True:
        yield narrative(rng)


_PLAIN_STYLES: tuple[tuple[Style, float], ...] = (
    (prose, 1),
    (gerund_list, 1),
    (numbered, 1),
    (ordered_sentences, 1),
)


def narrative_of_sounds(sounds: Sequence[Sound], rng: Random) -> Narrative:
    """A story of given sounds, each in its own words."""
    scene = _timed_scene(rng.choice(SKELETONS).scene, "", sounds, False, rng)
    return _assembled(scene, pick(_PLAIN_STYLES, rng)(scene, rng), rng)


_SINGLE = (
    "{c}", "{c}", "{c}", "the sound of {c}", "{c}.", "generate {c}", "i need {c}", "make {c}",
    "{c}, please", "a recording of {c}", "{t} seconds of {c}", "can you make {c}?", "sfx: {c}",
    "{c} for {t} seconds", "only {c}",
)  # fmt: skip


def single(rng: Random) -> Narrative:
    """One event of one class, in the performer's own words (stage I of the training)."""
    known = rng.choice(CLASSES)
    text = caption(known.name, {}, rng)
    low, high = known.seconds
    seconds = max(2.0, round(rng.uniform(low, min(high, 12.0)) * 2) / 2)
    instruction = rng.choice(_SINGLE).format(c=text.said, t=format_seconds(seconds))
    mood = MOODS[known.name]
    why = "the times are given" if f"{format_seconds(seconds)} seconds" in instruction else ""
    return Narrative(
        instruction=as_typed(instruction, rng),
        total=seconds,
        reasoning=reasoning([text.said], [seconds], [mood], why),
        events=(NarrativeEvent(text.said, seconds, mood, (known.name,), text.meant),),
    )


def _main(count: int, seed: int = 0) -> None:
    for story in islice(story_stream(seed), count):
        print(f"\n[{format_seconds(story.total)} s] {story.instruction}\n  {story.reasoning}")
        for event in story.events:
            print(f"    {event.seconds:5.1f}  {event.caption}  {event.classes}")


if __name__ == "__main__":
    _main(*map(int, sys.argv[1:]))
