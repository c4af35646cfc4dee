"""Planned faults: each must lower the figure that is meant for it, which is the test of the judge.

The stories are composed of held-out recordings, so that it is known what is in them and when; a
fault is done to the composition, not to the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

import torch
import torch.nn.functional as F
from torch import Tensor

from core.evaluation.duration import AROUND
from core.evaluation.recognise import LabelledRecording
from core.evaluation.story.brief import StoryBrief, WantedSound
from core.evaluation.story.judge import PerformedStory, StoryJudge, StoryVerdict
from core.evaluation.tagger import unit_level
from core.listener.aisfx import AISFX_RATE

SOUNDS = 5
"""Sounds of a composed story; the last is the first one's source again."""
SOUND_SECONDS = 5.0
"""Of a sound at most; a shorter recording comes once."""
_SHORTEST, _SHORTEST_RETURNING = 2.0, 4.0
"""Seconds of a recording: of the one that returns, more, so that it can be looped and cut anew."""
_FADE = 0.02
"""Seconds in which a sound begins and ends."""
_LEVEL = 0.05
"""RMS of a sound: full scale is far from its peaks."""
_LOOP = (1.1, 1.6)
"""Seconds of which a loop consists."""
_JUMP = 10.0 ** (12.0 / 20.0)
_CLICK = 0.5
"""Height of a click; full scale is 1."""

ByKind = Mapping[str, Sequence[Tensor]]
"""Mono recordings (N,) at 44.1 kHz of each class."""


@dataclass(frozen=True)
class _Part:
    """A sound (N,) of a class, cut from a recording of it, that begins at `start` (samples)."""

    kind: str
    recording: int
    start: int
    sound: Tensor


Parts = tuple[_Part, ...]
Fault = Callable[[Parts, ByKind, Random], Parts]


def judged_recordings(recordings: Sequence[LabelledRecording], kinds: Sequence[str]) -> ByKind:
    """The recordings, long enough, of the classes that the judge knows, two or more of each."""
    found: dict[str, list[Tensor]] = {}
    for recording in recordings:
        if recording.name in kinds and len(recording.waveform) >= _SHORTEST * AISFX_RATE:
            found.setdefault(recording.name, []).append(recording.waveform)
    return {kind: found[kind] for kind in sorted(found) if len(found[kind]) > 1}


def composed_story(by_kind: ByKind, rng: Random) -> Parts:
    """A story of sounds one after another, of which the last returns to the first's recording."""
    returning = rng.choice([kind for kind in by_kind if len(_long(by_kind, kind)) > 1])
    others = rng.sample([kind for kind in by_kind if kind != returning], SOUNDS - 2)
    chosen = [(returning, rng.choice(_long(by_kind, returning)))]
    chosen += [(kind, rng.randrange(len(by_kind[kind]))) for kind in others]
    parts: list[_Part] = []
    end = 0
    for kind, row in [*chosen, chosen[0]]:
        parts.append(_Part(kind, row, end, _cut(by_kind[kind][row], rng)))
        end += len(parts[-1].sound)
    return tuple(parts)


def brief_of(parts: Parts) -> StoryBrief:
    """What a composed story holds, as a brief that states its times."""
    wanted = tuple(
        WantedSound(
            part.kind,
            part.kind,
            part.start / AISFX_RATE,
            (part.start + len(part.sound)) / AISFX_RATE,
            timed=True,
            source=0 if place == SOUNDS - 1 else None,
        )
        for place, part in enumerate(parts)
    )
    return StoryBrief("composed", ", ".join(p.kind for p in parts), wanted[-1].end, wanted)


def mixed(parts: Parts, length: int) -> PerformedStory:
    """The composition as it sounds, `length` samples long."""
    whole = torch.zeros(length)
    for part in parts:
        piece = part.sound[: max(0, length - part.start)]
        whole[part.start : part.start + len(piece)] += piece
    return PerformedStory(whole)


def _long(by_kind: ByKind, kind: str) -> list[int]:
    """The recordings of a class that are long enough to return."""
    shortest = _SHORTEST_RETURNING * AISFX_RATE
    return [row for row, sound in enumerate(by_kind[kind]) if len(sound) >= shortest]


def placed_excerpt(recording: Tensor, length: int, rng: Random) -> Tensor:
    """`length` samples from any place of a recording, or all of a shorter one, at the common level
    and with soft edges."""
    length = min(len(recording), length)
    start = rng.randint(0, len(recording) - length)
    piece = _LEVEL * unit_level(recording[start : start + length])
    fade = min(round(_FADE * AISFX_RATE), length // 2)
    edges = torch.ones(length)
    edges[:fade] = torch.linspace(0.0, 1.0, fade)
    edges[length - fade :] = torch.linspace(1.0, 0.0, fade)
    return piece * edges


def _cut(recording: Tensor, rng: Random) -> Tensor:
    return placed_excerpt(recording, round(SOUND_SECONDS * AISFX_RATE), rng)


def _with(parts: Parts, place: int, part: _Part) -> Parts:
    return (*parts[:place], part, *parts[place + 1 :])


def _fitted(sound: Tensor, length: int) -> Tensor:
    """A sound for the place of another: cut, or silent at its end."""
    return F.pad(sound[:length], (0, max(0, length - len(sound))))


def _drop(parts: Parts, by_kind: ByKind, rng: Random) -> Parts:
    place = rng.randrange(SOUNDS)
    return (*parts[:place], *parts[place + 1 :])


def _swap(parts: Parts, by_kind: ByKind, rng: Random) -> Parts:
    """Two sounds of different classes, each in the other's time."""
    a, b = sorted(rng.sample(range(SOUNDS - 1), 2))
    first, second = parts[a], parts[b]
    moved = replace(second, start=first.start, sound=_fitted(second.sound, len(first.sound)))
    other = replace(first, start=second.start, sound=_fitted(first.sound, len(second.sound)))
    return _with(_with(parts, a, moved), b, other)


def _shift(parts: Parts, by_kind: ByKind, rng: Random) -> Parts:
    """One sound begins when its time is over, and sounds over the next."""
    place = rng.randrange(SOUNDS - 1)
    return _with(parts, place, replace(parts[place], start=parts[place + 1].start))


def _wrong_class(parts: Parts, by_kind: ByKind, rng: Random) -> Parts:
    place = rng.randrange(SOUNDS)
    other = rng.choice([kind for kind in by_kind if kind not in {part.kind for part in parts}])
    sound = _fitted(_cut(rng.choice(by_kind[other]), rng), len(parts[place].sound))
    return _with(parts, place, replace(parts[place], sound=sound))


def _loop(parts: Parts, by_kind: ByKind, rng: Random) -> Parts:
    """The sound that returns is a loop of its beginning."""
    sound = parts[-1].sound
    period = sound[: round(rng.uniform(*_LOOP) * AISFX_RATE)]
    looped = period.repeat(-(-len(sound) // len(period)))[: len(sound)]
    return _with(parts, SOUNDS - 1, replace(parts[-1], sound=looped))


def _click(parts: Parts, by_kind: ByKind, rng: Random) -> Parts:
    """A joint clicks."""
    place = rng.randrange(1, SOUNDS)
    sound = parts[place].sound.clone()
    sound[0] += _CLICK
    return _with(parts, place, replace(parts[place], sound=sound))


def _other_timbre(parts: Parts, by_kind: ByKind, rng: Random) -> Parts:
    """The sound that returns is another recording of its class."""
    returning = parts[-1]
    others = [r for r in _long(by_kind, returning.kind) if r != returning.recording]
    sound = _fitted(_cut(by_kind[returning.kind][rng.choice(others)], rng), len(returning.sound))
    return _with(parts, SOUNDS - 1, replace(returning, sound=sound))


def _level_jump(parts: Parts, by_kind: ByKind, rng: Random) -> Parts:
    """From a joint on all is louder, or softer where it is softer already."""
    place = rng.randrange(1, SOUNDS)
    edge = round(AROUND * AISFX_RATE)
    before, after = parts[place - 1].sound[-edge:], parts[place].sound[:edge]
    gain = _JUMP if after.square().sum() >= before.square().sum() else 1.0 / _JUMP
    return tuple(replace(p, sound=p.sound * gain) if i >= place else p for i, p in enumerate(parts))


@dataclass(frozen=True)
class Corruption:
    """A fault, and the figure that must get worse by it."""

    name: str
    fault: Fault
    figure: str
    falls: bool
    """Whether worse is less."""

    def lowers(self, before: StoryVerdict, after: StoryVerdict) -> bool:
        """Whether the figure is worse after it."""
        change = after.figures()[self.figure] - before.figures()[self.figure]
        return change < 0.0 if self.falls else change > 0.0


CORRUPTIONS = (
    Corruption("drop", _drop, "certainty", falls=True),
    Corruption("swap", _swap, "certainty", falls=True),
    Corruption("shift", _shift, "certainty", falls=True),
    Corruption("wrong class", _wrong_class, "certainty", falls=True),
    Corruption("loop", _loop, "loop", falls=False),
    Corruption("click", _click, "click", falls=False),
    Corruption("other timbre", _other_timbre, "margin", falls=True),
    Corruption("level jump", _level_jump, "level", falls=False),
)


def judged_corruptions(
    judge: StoryJudge, by_kind: ByKind, pairs: int, say: Callable[[str], None]
) -> dict[str, float]:
    """Share of the pairs, a story and the same with one fault, in which the figure is worse.

    Args:
        pairs: stories; each has every fault once. Seeds are 0, 1, ….
    """
    lowered = dict.fromkeys((corruption.name for corruption in CORRUPTIONS), 0)
    for seed in range(pairs):
        parts = composed_story(by_kind, Random(seed))
        brief = brief_of(parts)
        length = sum(len(part.sound) for part in parts)
        whole = judge.judge(brief, mixed(parts, length))
        for corruption in CORRUPTIONS:
            faulty = mixed(corruption.fault(parts, by_kind, Random(seed)), length)
            lowered[corruption.name] += corruption.lowers(whole, judge.judge(brief, faulty))
        if (seed + 1) % 10 == 0:
            say(f"{seed + 1} of {pairs} stories")
    return {name: count / pairs for name, count in lowered.items()}
