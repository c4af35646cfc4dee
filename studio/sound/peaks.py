"""The outline of the open story, put together from what is kept of its takes."""

from __future__ import annotations

from core.errors import StudioError
from core.mix.cache import Cache
from core.mix.mix import MixSettings
from core.mix.outline import Outline, outline
from core.mix.sources import FileSource, Source
from core.story.folders import StoryFolder

KEPT = 8000
"""Results that are kept: some dozens of each event of a few long stories."""


class PeakCache(Cache):
    """Peaks and other measures of takes, the newest thousands kept."""

    def __init__(self, size: int = KEPT) -> None:
        super().__init__(size)


def outline_of(folder: StoryFolder, cache: Cache) -> Outline | None:
    """How loud the folder's story is over time, mixed as it is now; None: nothing is heard yet.

    A take that cannot be read is left out; the mix says so.
    """
    sources: dict[str, Source] = {}
    rate: int | None = None
    for event in folder.story.events:
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
        return outline(folder.story, sources, MixSettings(rate), cache)
    except StudioError:
        return None
