"""Default gains while takes are made: each new take's at once, all of them at the end."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TYPE_CHECKING

from core.errors import AudioFileError, RenderError, StoryError
from core.mix.cache import Cache
from core.mix.levels import with_levels
from core.mix.sources import sources_of
from core.profile import Profile
from core.story.folders import StoryFolder
from core.story.story import Story

if TYPE_CHECKING:
    from core.audiostory import AudioStory
    from core.bridge.levels import SoundLevels

KEPT_MEASURES = 2000
"""Results of measuring takes that are kept while one story is rendered."""


def with_default_levels(
    profile: Profile, folder: StoryFolder, story: Story, event_ids: Collection[str]
) -> Story:
    """The story with the default gain of events whose gain was given back.

    Raises:
        AudioFileError, WeightsError: takes, or what is known of levels, cannot be read.
    """
    sources = sources_of(folder, story, profile.sample_rate)
    natural = _sound_levels(profile).of_all(story.events)
    return with_levels(story, sources, natural, profile.sample_rate, event_ids, event_ids)


def _sound_levels(profile: Profile) -> SoundLevels:
    from core.bridge.levels import load_levels  # not before it is needed: it takes seconds

    return load_levels(profile)


class DefaultLevels:
    """Default gains of a folder's events while takes are made.

    Attributes:
        fresh: ids of the events that had no take before.
    """

    def __init__(
        self, model: AudioStory, folder: StoryFolder, group: str, cache: Cache | None
    ) -> None:
        self._levels = _sound_levels(model.profile)
        self._rate, self._folder, self._group = model.sample_rate, folder, group
        self._cache = cache or Cache(KEPT_MEASURES)
        self.fresh = tuple(event.id for event in folder.story.events if not event.takes)
        self._any = False

    def go_on(self, fresh: Collection[str]) -> None:
        """Balance all at the end for a rendering too that a crash cut short.

        Args:
            fresh: ids of the events that had no take before that.
        """
        self.fresh = tuple({*self.fresh, *fresh})
        self._any = True

    def setting(self, event_id: str) -> Callable[[Story], Story]:
        """What sets the gain that suits an event's new take, in the step that keeps it."""
        self._any = True
        return lambda story: self._leveled_if_readable(story, (event_id,))

    def set_for_all(self) -> None:
        """Balance all, if there are new takes.

        Raises:
            FileError: the folder cannot be written.
        """
        if not self._any:
            return
        folder = self._folder
        with suppress(StoryError):  # the story is gone: the mix says so
            folder.catch_up()
            if self._leveled_if_readable(folder.story, None) != folder.story:
                balanced = lambda story: self._leveled_if_readable(story, None)  # noqa: E731
                folder.edit("render", balanced, self._group)

    def _leveled_if_readable(self, story: Story, only: Collection[str] | None) -> Story:
        """The story as it is, where a take of another event is damaged: the mix says so."""
        try:
            sources = sources_of(self._folder, story, self._rate)
            natural = self._levels.of_all(story.events)
            return with_levels(story, sources, natural, self._rate, self.fresh, only, self._cache)
        except (AudioFileError, RenderError, StoryError):
            return story
