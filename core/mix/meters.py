"""Meters: how loud each lane and the whole mix are over time, for meters that move while it plays.

A lane is read behind its fader, the master behind the limiter, as they are heard.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.mix.cache import Cache
from core.mix.crossfade import Samples
from core.mix.limiter import limit_blocks
from core.mix.loudness import Meter
from core.mix.mix import MixSettings, PlacedEvent, place_events, story_frames, sum_blocks
from core.mix.sources import Source
from core.mix.true_peak import decibels
from core.story.story import Story

READING_MS = 100
"""Milliseconds from one reading to the next: ten a second, as EBU Tech 3341 asks for."""
_Levels = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Readings:
    """What a meter shows over time.

    Attributes:
        peak: (n,) dBFS, the highest sample of both channels since the reading before.
        momentary, short_term: (n,) LUFS of the last 0.4 and 3 seconds; minus infinity in silence.
        integrated: LUFS of all of it.
    """

    peak: _Levels
    momentary: _Levels
    short_term: _Levels
    integrated: float


@dataclass(frozen=True)
class MixMeters:
    """The meters of a mix.

    Attributes:
        seconds: (n,) when each reading is taken: all that came before has been heard.
        lanes: of each layer that has events with sound.
    """

    seconds: _Levels
    lanes: Mapping[int, Readings]
    master: Readings


def mix_meters(
    story: Story,
    sources: Mapping[str, Source],
    settings: MixSettings,
    cache: Cache | None = None,
) -> MixMeters:
    """The meters of `core.mix.mix.mix_blocks` of the same story, sources and settings.

    Args:
        cache: keeps them until something is heard otherwise.

    Raises:
        AudioFileError, RenderError: as `mix_blocks`.
    """
    placements = place_events(story, sources, settings, cache)
    total = story_frames(story, settings.rate)

    def made() -> MixMeters:
        return _metered(placements, sources, settings, total)

    names = [sources[placement.event_id].identity for placement in placements]
    if cache is None or None in names:
        return made()
    return cache.of(("meters", settings, total, *names, *placements), made)


def _metered(
    placements: Sequence[PlacedEvent],
    sources: Mapping[str, Source],
    settings: MixSettings,
    total: int,
) -> MixMeters:
    hop = READING_MS * settings.rate // 1000
    block = max(1, settings.block // hop) * hop
    layers = sorted({placement.layer for placement in placements})
    by_layer = {
        layer: sum_blocks([p for p in placements if p.layer == layer], sources, 0, total, block)
        for layer in layers
    }
    lanes = {layer: _Reader(settings.rate, hop) for layer in layers}

    def summed() -> Iterator[Samples]:
        for begin in range(0, total, block):
            mixed = np.zeros((min(block, total - begin), 2), dtype=np.float32)
            for layer, sounds in by_layer.items():
                sound = next(sounds)
                lanes[layer].add(sound)
                mixed += sound
            yield mixed

    master = _Reader(settings.rate, hop)
    whole = summed()
    if settings.ceiling_db is not None:
        whole = limit_blocks(whole, settings.rate, settings.ceiling_db)
    for sound in whole:
        master.add(sound)
    seconds = np.arange(1, total // hop + 1) * hop / settings.rate
    return MixMeters(
        seconds, {layer: r.readings() for layer, r in lanes.items()}, master.readings()
    )


def sound_readings(blocks: Iterable[Samples], rate: int) -> Readings:
    """What a meter shows of a sound of two channels, in blocks of any size."""
    reader = _Reader(rate, READING_MS * rate // 1000)
    for sound in blocks:
        reader.add(sound)
    return reader.readings()


class _Reader:
    """A meter that is read every `hop` frames."""

    def __init__(self, rate: int, hop: int) -> None:
        self._meter, self._hop = Meter(rate, peaks=False, step_ms=READING_MS), hop
        self._left: Samples = np.zeros((0, 2), dtype=np.float32)
        self._peaks: list[_Levels] = []

    def add(self, sound: Samples) -> None:
        self._meter.add(sound)
        sound = np.concatenate([self._left, sound])
        whole = len(sound) // self._hop * self._hop
        self._left = sound[whole:]
        heights = np.abs(sound[:whole]).reshape(-1, 2 * self._hop)
        self._peaks.append(heights.max(axis=1, initial=0.0).astype(np.float64))

    def readings(self) -> Readings:
        curve = self._meter.curve()
        peaks = [decibels(float(peak)) for peak in np.concatenate([[], *self._peaks])]
        loudness = self._meter.integrated
        return Readings(np.array(peaks), curve.momentary, curve.short_term, loudness)
