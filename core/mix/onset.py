"""Onsets: where a take begins with an attack that no fade may cover.

A slam, a knock or a bell is its first hundredths of a second; rain is not. Which of the two a take
is shows in its level over time, so it is measured on the take: an attack stands out of what is
heard before it, or, at the very beginning, of most of the take. What goes on evenly has none.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.mix.crossfade import Samples
from core.mix.sources import Source
from core.mix.width import STEADY, probe_levels, steadiness_of

HEAD = 3.0
"""Seconds of a take that are searched: the longest cross-fade there is."""
ATTACK_SECONDS = 0.03
"""Seconds over which an attack's level is taken: what the ear hears as one stroke."""
_HOP = 0.005
_BEFORE = 0.06
"""Seconds before an attack that it has to stand out of."""
_RISE_DB = 10.0
"""Of 24 rendered takes of as many sounds, all strokes rise by 14 dB or more, and rain, wind, waves,
engine and crickets by 7 at most."""
_LOUD_DB = 15.0
"""An attack lies at most so far below the loudest of the take's head: creaks before a slam are no
attacks."""
_DECAY_DB = 6.0
_DECAY = 0.25
"""What begins loud at once and is softer by `_DECAY_DB` within so many seconds was struck."""
_UNEVEN = 0.6
"""Steadiness below which a take that begins louder than most of it was struck: an explosion that
rolls on has 0.3, a breaking wave 0.7."""
_FLOOR = 1e-7
"""Power (-70 dB) that counts as silence."""


def first_onset(source: Source, rate: int) -> int | None:
    """The frame at which the first attack of a take's first `HEAD` seconds begins.

    Exact to some hundredths of a second, and rather early than late. None where the take has no
    attack there, as a texture, which goes on evenly.
    """
    levels = probe_levels(source, rate)
    steady = steadiness_of(levels)
    if steady >= STEADY[1] or not source.frames:
        return None
    hop = max(1, round(_HOP * rate))
    head = min(source.frames, round((HEAD + ATTACK_SECONDS) * rate))
    power = _powers(source.read(0, head), hop)
    count = max(1, round(ATTACK_SECONDS / _HOP))
    attack = _means_from(power, count)
    if _begins_struck(attack, levels, steady):
        return 0
    before = np.concatenate([[0.0], np.cumsum(power)])
    span = round(_BEFORE / _HOP)
    least = 10 ** (_RISE_DB / 10)
    loud = max(_FLOOR, float(attack.max()) * 10 ** (-_LOUD_DB / 10))
    places = np.arange(len(attack))
    earlier = np.maximum(places - span, 0)
    quiet = (before[places] - before[earlier]) / np.maximum(places - earlier, 1)
    found = np.flatnonzero((places >= 2) & (attack >= loud) & (attack >= least * quiet))
    return int(found[0]) * hop if len(found) else None


def attack_power(sound: Samples, rate: int) -> float:
    """Mean power of the loudest `ATTACK_SECONDS` seconds of a sound (n, channels)."""
    hop = max(1, round(_HOP * rate))
    power = _powers(sound, hop)
    return float(_means_from(power, round(ATTACK_SECONDS / _HOP)).max(initial=0.0))


def edge_frames(sound: Samples, shortest: int, longest: int) -> int:
    """Frames of the shortest fade at the beginning of `sound` (n, channels) that cannot be heard.

    Its slope is at most half of the steepest that the sound itself has: noise hides a quick fade,
    a low tone does not.
    """
    step = float(np.abs(np.diff(sound, axis=0)).max(initial=0.0))
    peak = float(np.abs(sound[:longest]).max(initial=0.0))
    frames = np.pi * peak / step if step > 0.0 else longest
    return int(min(longest, max(shortest, np.ceil(frames))))


def _begins_struck(
    attack: npt.NDArray[np.float64], levels: npt.NDArray[np.float64], steady: float
) -> bool:
    """Whether the take is loud from its first sample on, and not for long."""
    first = max(float(attack[0]), _FLOOR)
    softer = first * 10 ** (-_DECAY_DB / 10)
    if first <= _FLOOR or first < float(attack.max()) * 10 ** (-_LOUD_DB / 10):
        return False
    soon = attack[: max(1, round(_DECAY / _HOP))]
    typical = float(np.median(levels)) ** 2
    return bool(soon.min() <= softer and typical <= softer) or (
        steady < _UNEVEN and typical <= softer
    )


def _powers(sound: Samples, hop: int) -> npt.NDArray[np.float64]:
    """Mean power of consecutive hops; what is left over at the end counts as a whole one."""
    squares = np.mean(np.square(sound, dtype=np.float64), axis=1)
    return (
        np.add.reduceat(squares, np.arange(0, len(squares), hop)) / hop if len(squares) else squares
    )


def _means_from(power: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.float64]:
    """Mean of the `count` hops that begin at each hop."""
    total = np.concatenate([[0.0], np.cumsum(power)])
    ends = np.minimum(np.arange(len(power)) + count, len(power))
    means: npt.NDArray[np.float64] = (total[ends] - total[:-1]) / count
    return means
