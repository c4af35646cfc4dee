"""The outline of the open story, put together from what is kept of its takes."""

from __future__ import annotations

import numpy as np

from core.errors import StudioError
from core.mix.cache import Cache
from core.mix.mix import MixSettings
from core.mix.outline import Outline, outline
from core.mix.sources import FileSource, Source
from core.story.folders import StoryFolder
from core.story.story import Story
from core.story.take import Take

KEPT = 8000
"""Results that are kept: some dozens of each event of a few long stories."""


SILENT = 1e-3
"""Peak (-60 dB) of a take below which it is drawn as quiet as it is."""
DRAWN_POWER = 0.7


class PeakCache(Cache):
    """Peaks and other measures of takes, the newest thousands kept."""

    def __init__(self, size: int = KEPT) -> None:
        super().__init__(size)


def take_peaks(folder: StoryFolder, take: Take, count: int, cache: Cache) -> tuple[float, ...]:
    """The outline of a take by itself, from 0 to 1, at a power, so that quiet parts show; none
    where it cannot be read."""

    def made() -> tuple[float, ...]:
        try:
            samples, _ = folder.samples(take)
        except StudioError:
            return ()
        loudest = np.append(np.abs(samples).max(axis=0), 0.0)
        edges = np.linspace(0, len(loudest) - 1, count + 1).astype(int)[:-1]
        tops = np.maximum.reduceat(loudest, edges) / max(float(loudest.max()), SILENT)
        return tuple(round(float(top), 2) for top in tops**DRAWN_POWER)

    return cache.of(("take", take.key, count), made)


def outline_of(folder: StoryFolder, story: Story, cache: Cache) -> Outline | None:
    """How loud the folder's story, as it is or was, is over time; None: nothing is heard yet.

    A take that cannot be read is left out; the mix says so.
    """
    sources: dict[str, Source] = {}
    rate: int | None = None
    for event in story.events:
        take = event.take
        if take is None or not folder.has_sound(take):
            continue
        try:
            source = FileSource(folder.take_file(take), rate)
        except StudioError:
            continue
        sources[event.id], rate = source, source.rate
    if rate is None:
        return None
    try:
        return outline(story, sources, MixSettings(rate), cache)
    except StudioError:
        return None
