"""The outline of a mix: how loud it is over time, for drawing what is heard.

It is made of the mix's own placed events, gains and sums, not of an estimate. The story falls into
stretches between the moments at which something begins or ends; a stretch is summed once and its
peaks are kept, so that after an edit only what changed is read again.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from core.mix.cache import Cache
from core.mix.limiter import MARGIN_DB, Recovery
from core.mix.mix import MixSettings, PlacedEvent, place_events, story_frames, sum_blocks
from core.mix.sources import Source
from core.mix.true_peak import HALF, frame_levels, gap_peaks
from core.story.story import Story

PER_SECOND = 100
_FINE = 4
"""Parts of each hundredth of a second for which the limiter's gain is worked out."""
_BLOCK = 150
"""Peaks that are summed at a time."""
Peaks = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Outline:
    """The largest magnitude of both channels in each hundredth of a second.

    Attributes:
        placements: the events as they sound.
        lanes: peaks of each layer that has events with sound, (total * PER_SECOND,).
        whole: peaks of the mix, limited as it is.
    """

    placements: tuple[PlacedEvent, ...]
    lanes: Mapping[int, Peaks]
    whole: Peaks


@dataclass(frozen=True)
class _Stretch:
    """Peaks (n,) of each layer and of all, and the gain that the limiter needs there, `_FINE` for
    each that is drawn."""

    lanes: Mapping[int, Peaks]
    whole: Peaks
    needed: Peaks


def outline(
    story: Story, sources: Mapping[str, Source], settings: MixSettings, cache: Cache
) -> Outline:
    """The outline of `core.mix.mix.mix_blocks` of the same story, sources and settings.

    Raises:
        AudioFileError, RenderError: as `mix_blocks`.
    """
    placements = place_events(story, sources, settings, cache)
    hop = settings.rate // PER_SECOND
    count = max(1, -(-story_frames(story, settings.rate) // hop))
    layers = sorted({placement.layer for placement in placements})
    lanes = {layer: np.zeros(_FINE * count, np.float32) for layer in layers}
    whole, needed = np.zeros(_FINE * count, np.float32), np.ones(_FINE * count, np.float32)
    edges = {0, count}
    for placement in placements:
        edges |= {placement.start // hop, min(count, -(-placement.last // hop))}
    for begin, end in itertools.pairwise(sorted(edges)):
        inside = [p for p in placements if p.start < end * hop and p.last > begin * hop]
        if inside:
            part = _stretch(inside, sources, settings, begin * hop, end - begin, cache)
            here = slice(_FINE * begin, _FINE * end)
            for layer, peaks in part.lanes.items():
                lanes[layer][here] = peaks
            whole[here] = part.whole
            needed[here] = part.needed
    if settings.ceiling_db is not None and needed.min() < 1.0:
        recovery = Recovery(_FINE * PER_SECOND)
        gain = recovery.process(needed.astype(np.float64)).astype(np.float32)
        lanes = {layer: peaks * gain for layer, peaks in lanes.items()}
        whole = whole * gain
    drawn = {layer: peaks.reshape(-1, _FINE).max(axis=1) for layer, peaks in lanes.items()}
    return Outline(placements, drawn, whole.reshape(-1, _FINE).max(axis=1))


def _stretch(
    placements: Sequence[PlacedEvent],
    sources: Mapping[str, Source],
    settings: MixSettings,
    begin: int,
    count: int,
    cache: Cache,
) -> _Stretch:
    """The stretch of `count` peaks from frame `begin` on, kept wherever in the story it lies."""

    def made() -> _Stretch:
        return _summed(placements, sources, settings, begin, count)

    names = [sources[p.event_id].identity for p in placements]
    if None in names:
        return made()
    moved = (replace(p, event_id="", start=p.start - begin) for p in placements)
    fixed = begin if any(p.lane for p in placements) else 0  # lanes' envelopes stay where they are
    return cache.of(("outline", settings, count, fixed, *names, *moved), made)


def _summed(
    placements: Sequence[PlacedEvent],
    sources: Mapping[str, Source],
    settings: MixSettings,
    begin: int,
    count: int,
) -> _Stretch:
    hop = settings.rate // PER_SECOND
    end, block = begin + count * hop, _BLOCK * hop
    by_layer = {
        layer: sum_blocks([p for p in placements if p.layer == layer], sources, begin, end, block)
        for layer in sorted({p.layer for p in placements})
    }
    lanes: dict[int, list[Peaks]] = {layer: [] for layer in by_layer}
    whole: list[Peaks] = []
    needed: list[Peaks] = []
    ceiling = 10 ** (((settings.ceiling_db or 0.0) - MARGIN_DB) / 20)
    for sounds in zip(*by_layer.values(), strict=True):
        for layer, sound in zip(by_layer, sounds, strict=True):
            lanes[layer].append(_peaks(frame_levels(sound), hop))
        mixed = np.sum(sounds, axis=0)
        whole.append(_peaks(frame_levels(mixed), hop))
        between = gap_peaks(np.pad(mixed, ((HALF, HALF - 1), (0, 0))), ceiling)
        true = np.maximum(whole[-1], _peaks(between, hop))
        needed.append((ceiling / np.maximum(true, ceiling)).astype(np.float32))
    joined = {layer: np.concatenate(peaks) for layer, peaks in lanes.items()}
    return _Stretch(joined, np.concatenate(whole), np.concatenate(needed))


def _peaks(levels: Peaks, hop: int) -> Peaks:
    """The highest of each of `_FINE` parts of each `hop` levels."""
    firsts = np.arange(_FINE) * hop // _FINE
    return np.maximum.reduceat(levels.reshape(-1, hop), firsts, axis=1).ravel()
