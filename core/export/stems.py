"""Stems: single events or layers, before the master, so that they sum to the mix.

A stem that begins with the story is silent up to its event; one that begins with its event can be
made a seamless loop, the end of the take cross-faded into its beginning; a sound that does not go
on evenly makes a one-shot instead, from its first sound to its last.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.mix.crossfade import Correlation, Samples
from core.mix.mix import MixSettings, PlacedEvent, declick_frames, giving_way, sum_blocks
from core.mix.onset import ATTACK_SECONDS, attack_power
from core.mix.ramp import Ramp
from core.mix.resampling import resampled
from core.mix.sources import Source, from_frame
from core.mix.width import STEADY, steadiness

_SETTLING = 8192
"""Frames that the resampler needs around a sound to ring out."""
INAUDIBLE_DB = -60.0
"""Below a one-shot's peak, what it has before and after is silence."""
LOOP_OVERLAP = 1.0
"""Longest cross-fade of a loop's end into its beginning, in seconds."""


@dataclass(frozen=True)
class Stem:
    """Sound at the file's rate: `lead` frames of silence, then `blocks`; `frames` in all."""

    blocks: Iterable[Samples]
    lead: int
    frames: int


def story_stem(
    placements: Sequence[PlacedEvent],
    sources: Mapping[str, Source],
    total: int,
    rate: int,
    frames: int,
    wanted: int,
    block: int,
) -> Stem:
    """The sum of `placements` in a file that begins and ends with the story.

    Args:
        total: frames of the story at `rate` Hz.
        frames: those of the file, at `wanted` Hz.
    """
    first = min(placement.start for placement in placements)
    last = min(total, max(placement.last for placement in placements))
    if rate != wanted:
        step = rate // math.gcd(rate, wanted)
        first = max(0, (first - _SETTLING) // step * step)
        last = min(total, last + _SETTLING)
    lead = first * wanted // rate
    blocks = sum_blocks(placements, sources, first, last, block)
    return Stem(resampled(blocks, rate, wanted, frames - lead), lead, frames)


def event_stem(
    placement: PlacedEvent, sources: Mapping[str, Source], rate: int, wanted: int, block: int
) -> Stem:
    """One event in a file that begins and ends with it."""
    frames = round((placement.last - placement.start) * wanted / rate)
    blocks = sum_blocks([placement], sources, placement.start, placement.last, block)
    return Stem(resampled(blocks, rate, wanted, frames), 0, frames)


def loop_stem(
    placement: PlacedEvent,
    duration: int,
    source: Source,
    settings: MixSettings,
    wanted: int,
) -> Stem:
    """One event as a seamless loop, without its fades, shape, envelopes and room.

    The take's tail, which the story cross-fades into the next event, is here cross-faded into the
    event's own beginning; without a tail the loop is shorter by the cross-fade. It is held in
    memory: a take is seldom longer than half a minute.

    Args:
        duration: the event's frames without its tail.
    """
    rate = settings.rate
    source, placement = _heard(placement, source), replace(placement, offset=0, room=0.0)
    placement = _timeless(placement)
    longest = round(LOOP_OVERLAP * rate)
    tail = source.frames - duration
    if tail < min(longest, duration // 4):
        tail = min(longest, source.frames // 4)
        duration = source.frames - tail
    step = rate // math.gcd(rate, wanted)
    duration -= duration % step
    tail = min(tail, longest, duration)
    loop = np.concatenate(list(_wrapped(placement, source, duration, tail, settings)))
    frames = duration * wanted // rate
    if rate == wanted:
        return Stem((loop,), 0, frames)
    around = -(-_SETTLING // step) * step
    circle = np.take(loop, np.arange(-around, duration + around), axis=0, mode="wrap")
    lead = around * wanted // rate
    converted = np.concatenate(list(resampled([circle], rate, wanted, frames + 2 * lead)))
    return Stem((converted[lead : lead + frames],), 0, frames)


def _heard(placement: PlacedEvent, source: Source) -> Source:
    """What the event has of its take: all of it, where that comes again and again."""
    return source if placement.loop is not None else from_frame(source, placement.offset)


def _timeless(placement: PlacedEvent) -> PlacedEvent:
    """The event as it sounds without beginning and end."""
    strip = placement.strip and placement.strip.timeless
    return replace(placement, automation=None, strip=strip, loop=None, lane=None)


def can_loop(placement: PlacedEvent, source: Source) -> bool:
    """Whether the event goes on evenly: it begins without an attack and has no long silence, or it
    loops already."""
    if placement.loop is not None:
        return True
    heard = _heard(placement, source)
    return placement.onset is None and steadiness(heard, placement.rate) >= STEADY[0]


def one_shot_stem(
    placement: PlacedEvent, duration: int, source: Source, settings: MixSettings, wanted: int
) -> tuple[Stem, int]:
    """One event from its first sound to its last, without the fades of its joins and its room; held
    in memory.

    Args:
        duration: the event's frames without its tail, which rings out here where the take is whole.

    Returns:
        The stem, and the frames of silence before it that were left out.
    """
    heard, placement = from_frame(source, placement.offset), replace(placement, offset=0)
    placement = replace(placement, sustained=False, room=0.0)
    is_part = heard is not source
    frames = min(duration, heard.frames) if is_part else heard.frames
    sound = np.concatenate(
        [
            placement.panned(heard, at, min(settings.block, frames - at))
            for at in range(0, frames, settings.block)
        ]
    )
    level = np.abs(sound).max(axis=1)
    audible = np.flatnonzero(level > level.max() * 10 ** (INAUDIBLE_DB / 20))
    if not len(audible):  # all of it is silence
        audible = np.array([0, frames - 1])
    edge = round(settings.declick * settings.rate)
    first = max(0, int(audible[0]) - edge)
    sound = sound[first : int(audible[-1]) + 1 + edge].copy()
    rise = edge if first else declick_frames(settings, heard, placement.onset)
    if rise:
        Ramp(rise, "s-curve").fade_in(sound, 0)
    if edge:
        Ramp(edge, "s-curve").fade_out(sound, len(sound))
    count = round(len(sound) * wanted / settings.rate)
    return Stem(resampled([sound], settings.rate, wanted, count), 0, count), first


def _wrapped(
    placement: PlacedEvent, source: Source, duration: int, tail: int, settings: MixSettings
) -> Iterator[Samples]:
    """The loop in blocks: the take's end under its beginning, which has the fades of a join."""
    fall, rise = _join(placement, source, duration, tail, settings)
    for at in range(0, duration, settings.block):
        count = min(settings.block, duration - at)
        sound = placement.panned(source, at, count)
        rise.fade_in(sound, at)
        fall.fade_out(sound, duration + tail - at)
        if at < tail:
            ending = placement.panned(source, duration + at, min(count, tail - at))
            fall.fade_out(ending, tail - at)
            sound[: len(ending)] += ending
        yield sound


def _join(
    placement: PlacedEvent, source: Source, duration: int, tail: int, settings: MixSettings
) -> tuple[Ramp, Ramp]:
    """Fall of the take's end and rise of its beginning; an attack there is not faded."""
    onset, span = placement.onset, round(ATTACK_SECONDS * settings.rate)
    if onset is not None and onset < tail:
        attack = placement.panned(source, onset, min(2 * span, source.frames - onset))
        before = max(0, duration + onset - span)
        ending = placement.panned(source, before, min(2 * span, source.frames - before))
        fall = giving_way(
            settings,
            attack_power(attack, settings.rate),
            attack_power(ending, settings.rate),
            tail - onset,
            duration,
        )
        return fall, Ramp(max(onset, declick_frames(settings, source, onset)), "s-curve")
    measured = Correlation()
    for at in range(0, tail, settings.block):
        count = min(settings.block, tail - at)
        measured.add(
            placement.panned(source, duration + at, count), placement.panned(source, at, count)
        )
    ramp = Ramp(tail, settings.curve, crossfade=True, correlation=measured.value)
    return ramp, ramp
