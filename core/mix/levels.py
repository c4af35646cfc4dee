"""Levels: how loud each event of a story is by default, so that its sounds stand in proportion.

A performer brings all sounds to about one level, rain as loud as a shot. Here every take is
measured and set to what its sound has by nature (`core.bridge.levels`), and all of them together
to the loudness of the mix. The result is each event's gain, a number that is seen and can be
changed. A gain that a person has set is left alone from then on.

Loudness is that of ITU-R BS.1770-4 with its gates, from K-weighted powers of 5 ms that are measured
once a take; unrelated sounds add up by power. What the mix's limiter will do is foreseen from peaks
as fine, since the loudness of strokes hangs on it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
import numpy.typing as npt

from core.mix.cache import Cache
from core.mix.limiter import LOOKAHEAD, MARGIN_DB, Recovery
from core.mix.loudness import K_OFFSET, STEP_MS, Meter
from core.mix.mix import MixSettings, PlacedEvent, place_events, story_frames
from core.mix.ramp import Ramp
from core.mix.room_tone import room_tone_power
from core.mix.sources import Source
from core.story.story import Event, Story

MIX_LOUDNESS = -18.0
"""LUFS of a story at its default gains: streaming platforms are at -14 to -16, cinema at -24 or so,
and what is loud has room above it."""
LIMITED_DB = (-4.0, -2.0, 0.0, 2.0, 4.0, 6.0, 8.0, 10.0)
"""Decibels by which the samples of an ordinary sound may pass full scale. With the first of them
the limiter takes less than a decibel off the first 30 ms of a slam; the others are for stories of
little but strokes, which would be `QUIET` without."""
QUIET = -19.2
"""LUFS of a mix below which its peaks are pressed further."""
LOUD, PRESSED = -20.0, 2.5
"""LUFS from which a sound counts as loud by nature, and decibels that its peaks may pass by for
each that it is louder: a gunshot is pressed into what there is, a footstep keeps its attack."""
PUSHED, PUSHED_DB = 0.5, 4.0
"""Decibels that what is loud by nature gains for each that its peaks pass full scale, and all in
all: what the limiter takes off a gunshot is made up for in part."""
MAKE_UP_DB = 9.0
"""Decibels that all may gain to make up for peaks that were held back or limited."""
BEHIND_DB, LOUD_BEHIND_DB = 9.5, 3.0
"""Decibels by which a sound whose peaks have no more room may fall behind the others, and by which
one that is loud by nature may."""
MOST_DB, LEAST_DB = 24.0, -60.0
"""What an event's gain can be."""
FAINT = -60.0
"""LUFS below which a take holds nothing: it is not turned up."""
_GATE, _RELATIVE_GATE = -70.0, -10.0
_BLOCK, _HOP = 400 // STEP_MS, 100 // STEP_MS
"""Powers of a gating block, and from one block to the next."""
_FINE = 4
"""Parts of `STEP_MS` in which powers and peaks are held."""
_AHEAD = round(1000 * LOOKAHEAD * _FINE / STEP_MS)
"""Such parts by which the limiter begins before a peak: of a shot that is over at once, that is
much of what there is to hear."""
_NOTHING = 1e-12
"""Sum of squares that keeps silence from being shared out by zero."""
_CEILING = 10 ** ((-1.0 - MARGIN_DB) / 20)
"""The mix's own ceiling (`MixSettings.ceiling_db`)."""
Powers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class NaturalLevel:
    """How loud a sound is by nature, as a caption tells of it.

    Attributes:
        lufs: as near and as strong as the caption says.
        softened: decibels that these words take off it, 0 or more.
        sound: what captions of the same sound have in common; "" where it is not known.
    """

    lufs: float
    softened: float = 0.0
    sound: str = ""


@dataclass(frozen=True)
class _Sounding:
    """An event as it is heard at a gain of 0 dB.

    Attributes:
        start: of its powers in the story's.
        powers, peaks: K-weighted power and sample peak of each part of `STEP_MS`, both (n,).
        room: K-weighted power of its room tone, whatever its gain.
        loudness: LUFS, gated.
        natural: LUFS that its sound has by nature, with what a person has added, and were it not
            said to be soft or far.
        softened: decibels that these words take off, beyond those that all sounds of the story
            have in common.
        sound: as in `NaturalLevel`.
    """

    event: Event
    start: int
    powers: Powers
    peaks: Powers
    room: float
    loudness: float
    natural: float
    softened: float
    sound: str = ""

    @property
    def loud(self) -> bool:
        return self.natural > LOUD

    @property
    def relative(self) -> float:
        """Gain in dB that brings the take to the level that it is to have by nature."""
        return self.natural - self.softened - self.loudness

    def gain(self, offset: float, limited: float) -> float:
        """Gain in dB where the whole story lies by `offset` above the natural levels.

        What is soft or far lies below the gain that it would have without these words, so that it
        stays softer where peaks are held back.

        Args:
            limited: decibels by which peaks may pass full scale.
        """
        peak = 20 * math.log10(self.peaks.max())
        over = limited + PRESSED * max(0.0, self.natural - LOUD)
        gain = self.relative + self.softened + offset
        if self.loud:
            gain += min(PUSHED_DB, PUSHED * max(0.0, gain + peak))
        gain = min(gain, over - peak) - self.softened
        return round(min(MOST_DB, max(LEAST_DB, gain)), 1)

    def limited_loudness(self, gain: float) -> float:
        """LUFS by itself at a gain in dB, behind the limiter."""
        limiting = _limiting(self.peaks * 10 ** (gain / 20))
        return gated(_coarse(self.powers * 10 ** (gain / 10) * limiting))


def with_levels(
    story: Story,
    sources: Mapping[str, Source],
    natural: Mapping[str, NaturalLevel],
    rate: int,
    fresh: Collection[str],
    only: Collection[str] | None = None,
    cache: Cache | None = None,
) -> Story:
    """The story with default gains.

    Args:
        natural: how loud each event's sound is by nature, by the event's id.
        fresh: events that have their first take now: their gain so far is what a person has added
            to the default, and from now on they have a default. Other events without a `trim_db`
            are left alone, as those that are locked.
        only: events whose gain is set; None: of all that have a default.
    """
    story = replace(
        story,
        events=tuple(
            replace(event, trim_db=event.gain_db)
            if event.id in fresh and event.trim_db is None and event.id in sources
            else event
            for event in story.events
        ),
    )
    sounding = _soundings(story, sources, natural, rate, cache)
    led = [s for s in sounding if s.event.trim_db is not None and not s.event.locked]
    if not led:
        return story
    offset, limited = _offset(
        sounding, led, fresh, _FINE * -(-story_frames(story, rate) // _step(rate))
    )
    for one, gain in zip(led, _gains(led, offset, limited), strict=True):
        if only is None or one.event.id in only:
            story = story.replace_event(replace(one.event, gain_db=gain))
    return story


def _offset(
    sounding: Sequence[_Sounding], led: Sequence[_Sounding], fresh: Collection[str], count: int
) -> tuple[float, float]:
    """Decibels above the natural levels at which the story is to lie, and of limiting.

    Where all gains are defaults, so much that it has the loudness of a mix; beside gains that were
    set by hand, what the story had so far.
    """
    if len(led) == len(sounding):
        exact = _solved(lambda offset: _open_loudness(led, offset, count), -100.0, 100.0)
        for limited in LIMITED_DB:
            offset = _held_offset(led, exact, limited, count)
            if _loudness(led, offset, limited, count) >= QUIET:
                break
        return offset, limited
    before = [one for one in led if one.event.id not in fresh]
    before = before or [one for one in sounding if one.event.id not in fresh]
    offsets = [one.event.gain_db - one.relative for one in before]
    return (median(offsets) if offsets else 0.0), LIMITED_DB[0]


def _held_offset(sounding: Sequence[_Sounding], exact: float, limited: float, count: int) -> float:
    """The offset with peaks held back: `exact`, or more as far as no sound falls behind."""
    highest = exact + MAKE_UP_DB
    offset = _solved(lambda offset: _loudness(sounding, offset, limited, count), exact, highest)
    for one in sounding:
        alone, length = (replace(one, start=0), len(one.powers)) if one.loud else (one, count)
        behind = one.natural - one.softened - _loudness([alone], offset, limited, length)
        offset = min(offset, (LOUD_BEHIND_DB if one.loud else BEHIND_DB) - behind)
    return offset


def _open_loudness(sounding: Sequence[_Sounding], offset: float, count: int) -> float:
    """LUFS of the sum of events if peaks had no end."""
    total = np.zeros(count)
    for one in sounding:
        part = total[one.start :][: len(one.powers)]
        part += one.powers[: len(part)] * 10 ** ((one.relative + offset) / 10) + one.room
    return gated(_coarse(total))


def _coarse(powers: Powers) -> Powers:
    """One power for each `STEP_MS` that is whole."""
    whole = powers[: len(powers) // _FINE * _FINE]
    return np.asarray(whole.reshape(-1, _FINE).mean(axis=1))


def _loudness(sounding: Sequence[_Sounding], offset: float, limited: float, count: int) -> float:
    """LUFS of the mix of events, their peaks held back and limited."""
    total, peaks = np.zeros(count), np.zeros(count)
    for one, decibels in zip(sounding, _gains(sounding, offset, limited), strict=True):
        gain = 10 ** (decibels / 20)
        here = slice(one.start, min(count, one.start + len(one.powers)))
        length = here.stop - here.start
        total[here] += one.powers[:length] * gain**2 + one.room
        peaks[here] = np.hypot(peaks[here], one.peaks[:length] * gain)
    return gated(_coarse(total * _limiting(peaks)))


def _limiting(peaks: Powers) -> Powers | float:
    """What the limiter makes of the powers of sound with these peaks, as factors."""
    needed = _CEILING / np.maximum(peaks, _CEILING)
    if needed.min() == 1.0:
        return 1.0
    held = needed.copy()
    for ahead in range(1, _AHEAD + 1):
        held[:-ahead] = np.minimum(held[:-ahead], needed[ahead:])
    return np.asarray(Recovery(1000 * _FINE / STEP_MS).process(held) ** 2)


def _gains(sounding: Sequence[_Sounding], offset: float, limited: float) -> list[float]:
    """The gains in dB of all, where what is soft or far lies below the same sound close by.

    Its take may have lower peaks, which are not held back where those of the other are.
    """
    gains = [one.gain(offset, limited) for one in sounding]
    softer = {one.sound for one in sounding if one.sound and one.softened}
    close: dict[str, float] = {}
    for one, gain in zip(sounding, gains, strict=True):
        if one.sound in softer and not one.softened:
            heard = one.limited_loudness(gain) - (one.event.trim_db or 0.0)
            close[one.sound] = min(heard, close.get(one.sound, heard))
    for place, one in enumerate(sounding):
        if one.softened and one.sound in close:
            most = close[one.sound] - one.softened + (one.event.trim_db or 0.0) - one.loudness
            gains[place] = round(max(LEAST_DB, min(gains[place], most)), 1)
    return gains


def _solved(loudness_at: Callable[[float], float], low: float, high: float) -> float:
    """The offset at which the mix has its loudness, by halving."""
    for _ in range(24):
        middle = 0.5 * (low + high)
        if loudness_at(middle) < MIX_LOUDNESS:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def gated(powers: Powers) -> float:
    """Integrated loudness in LUFS of K-weighted powers, one for each `STEP_MS`; -inf of silence."""
    if len(powers) < _BLOCK:
        blocks = np.array([powers.mean()]) if len(powers) else np.zeros(1)
    else:
        total = np.concatenate([[0.0], np.cumsum(powers)])
        starts = np.arange(0, len(powers) - _BLOCK + 1, _HOP)
        blocks = (total[starts + _BLOCK] - total[starts]) / _BLOCK
    heard = blocks[blocks > _power(_GATE)]
    if not len(heard):
        return -np.inf
    heard = heard[heard > heard.mean() * 10 ** (_RELATIVE_GATE / 10)]
    return float(K_OFFSET + 10 * np.log10(heard.mean()))


def _power(loudness: float) -> float:
    return float(10 ** ((loudness - K_OFFSET) / 10))


def _step(rate: int) -> int:
    """Frames for which one power stands."""
    return STEP_MS * rate // 1000


def _soundings(
    story: Story,
    sources: Mapping[str, Source],
    natural: Mapping[str, NaturalLevel],
    rate: int,
    cache: Cache | None,
) -> list[_Sounding]:
    """The events that can be heard, each at its place and without its gain.

    A part of a take is as loud as the whole take, so that parts keep their levels beside each
    other.
    """
    at_rest = replace(story, events=tuple(replace(e, gain_db=0.0) for e in story.events))
    found = []
    for placed in place_events(at_rest, sources, MixSettings(rate), cache):
        event = story.event(placed.event_id)
        whole, peaks = _measured(sources[event.id], rate, cache)
        first = _FINE * placed.offset // _step(rate)
        if placed.loop is not None:
            length = first + math.ceil(_FINE * placed.frames / _step(rate))
            whole, peaks = np.resize(whole, length), np.resize(peaks, length)
        powers, peaks = whole[first:], peaks[first:]
        fades = _fades(placed, len(powers))
        sides = (placed.left**2 + placed.right**2) * (1.0 + placed.width**2)
        heard = powers[: len(fades)] * sides * fades**2
        loudness = gated(_coarse(whole * sides if event.take and event.take.part else heard))
        if loudness < FAINT:
            continue
        heights = peaks[: len(fades)] * max(placed.left, placed.right) * fades
        # What a shape, an envelope or distance takes off is meant to be missing: it is not made up
        # for.
        shape = placed.level(_middles(placed, len(fades)))
        heard, heights = heard * shape**2, heights * shape
        if placed.room:  # goes on to the event's end
            missing = _FINE * placed.frames // _step(rate) - len(heard)
            heard, heights = (np.pad(each, (0, max(0, missing))) for each in (heard, heights))
        room = placed.room**2 * room_tone_power(rate) if placed.room else 0.0
        by_nature = natural[event.id]
        level = by_nature.lufs + by_nature.softened + (event.trim_db or 0.0)
        start = _FINE * placed.start // _step(rate)
        softened, sound = by_nature.softened, by_nature.sound
        found.append(
            _Sounding(event, start, heard, heights, room, loudness, level, softened, sound)
        )
    least = min((one.softened for one in found), default=0.0)
    return [
        replace(one, natural=one.natural - least, softened=one.softened - least) for one in found
    ]


def _measured(source: Source, rate: int, cache: Cache | None) -> tuple[Powers, Powers]:
    """Mean K-weighted power of a take's channels and its sample peak, of each part of `STEP_MS`.

    Within `STEP_MS` the power is shared out as that of the samples is.
    """

    def made() -> tuple[Powers, Powers]:
        step, block = _step(rate), 500 * _step(rate)
        spans = range(0, source.frames // step * step, block)
        firsts = np.arange(_FINE) * step // _FINE
        meter, peaks, shares = (
            Meter(rate, source.channels, peaks=False),
            [np.zeros(0)],
            [np.zeros(0)],
        )
        for at in spans:
            sound = source.read(at, min(block, source.frames // step * step - at))
            meter.add(sound)
            highest = np.abs(sound).max(axis=1).reshape(-1, step)
            peaks.append(np.maximum.reduceat(highest, firsts, axis=1).ravel())
            squares = np.square(sound, dtype=np.float64).sum(axis=1).reshape(-1, step)
            parts = np.add.reduceat(squares, firsts, axis=1) + _NOTHING
            shares.append((_FINE * parts / parts.sum(axis=1, keepdims=True)).ravel())
        powers = np.repeat(meter.powers / source.channels, _FINE) * np.concatenate(shares)
        return powers, np.concatenate(peaks, dtype=np.float64)

    if cache is None or source.identity is None:
        return made()
    return cache.of(("powers", rate, source.identity), made)


def _fades(placed: PlacedEvent, count: int) -> Powers:
    """Gain of an event's fades at each of its powers, `count` at most."""
    count = min(count, math.ceil(placed.frames / (_step(placed.rate) / _FINE)))
    middles = _middles(placed, count)
    gains = np.ones(count)
    for ramp in placed.rises:
        gains *= _gain_of(ramp, middles)
    for ramp in placed.falls:
        gains *= _gain_of(ramp, placed.frames - middles)
    return gains


def _middles(placed: PlacedEvent, count: int) -> Powers:
    """Frames of an event in the middle of each of its powers."""
    return (np.arange(count, dtype=np.float64) + 0.5) * (_step(placed.rate) / _FINE)


def _gain_of(ramp: Ramp, at: Powers) -> Powers:
    """Gain of a ramp at frames from its silent end."""
    inside = np.clip(at / ramp.frames, 0.0, 1.0)
    return np.asarray(np.where(at < ramp.frames, ramp.gain(inside), 1.0), dtype=np.float64)
