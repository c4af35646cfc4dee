"""Default gains while takes are made: each new take's at once, all of them at the end."""

from __future__ import annotations

from collections.abc import Collection

from core.audiostory import AudioStory
from core.bridge.levels import load_levels
from core.errors import AudioFileError, RenderError, StoryError
from core.mix.cache import Cache
from core.mix.levels import with_levels
from core.mix.sources import sources_of
from core.story.folders import StoryFolder
from core.story.story import Story

KEPT_MEASURES = 2000
"""Results of measuring takes that are kept while one story is rendered."""


class DefaultLevels:
    """Default gains of a folder's events while takes are made."""

    def __init__(
        self, model: AudioStory, folder: StoryFolder, group: str, cache: Cache | None
    ) -> None:
        self._levels = load_levels(model.profile)
        self._rate, self._folder, self._group = model.sample_rate, folder, group
        self._cache = cache or Cache(KEPT_MEASURES)
        self._fresh = {event.id for event in folder.story.events if not event.takes}
        self._any = False

    def set_for(self, event_id: str) -> None:
        """Set the gain that suits an event's new take."""
        self._any = True
        self._set((event_id,))

    def set_for_all(self) -> None:
        """Balance all, if there are new takes."""
        if self._any:
            self._set(None)

    def _set(self, only: Collection[str] | None) -> None:
        folder, rate = self._folder, self._rate

        def leveled(story: Story) -> Story:
            sources = sources_of(folder, story, rate)
            natural = self._levels.of_all(story.events)
            return with_levels(story, sources, natural, rate, self._fresh, only, self._cache)

        try:
            folder.catch_up()
            if leveled(folder.story) != folder.story:
                folder.edit("render", leveled, self._group)
        except (AudioFileError, RenderError, StoryError):
            return  # a take of another event is damaged, or the story gone: the mix says so
