"""What all handlers of a running studio share."""

from __future__ import annotations

from dataclasses import dataclass, field

from studio.jobs.lessons import Lessons
from studio.jobs.model_service import ModelService
from studio.jobs.places import Places
from studio.jobs.render_place import RenderPlace
from studio.sessions.registry import Sessions
from studio.sound.library import SoundLibrary
from studio.sound.peaks import PeakCache

MOST_ELSEWHERE = 6
"""Drafts that wait for other machines at once. With these, the files that are read and the queue's
jobs (`MAX_JOBS`), some of the 40 threads that Gradio has for handlers stay free."""
MOST_READ = 4
"""Recordings that are read at once to be described."""


def _directors() -> Places:
    return Places(
        MOST_ELSEWHERE,
        f"{MOST_ELSEWHERE} drafts wait for directors at other addresses already; cancel one of "
        "them, or try again later.",
    )


def _recordings() -> Places:
    return Places(
        MOST_READ,
        f"{MOST_READ} recordings are being read already; try again in a moment.",
    )


@dataclass(frozen=True)
class Studio:
    """What all handlers share.

    Attributes:
        place: where takes are rendered.
        directors: places for drafts that wait for a director on another machine.
        recordings: places for recordings that are read before it is their turn with the model.
        sound_library: of the person at this machine; None: the page is for others too, and they
            are not to hear it.
        lessons: of sounds that are learned for that person; None: as before.
    """

    service: ModelService
    sessions: Sessions
    cache: PeakCache
    place: RenderPlace = field(default_factory=RenderPlace)
    directors: Places = field(default_factory=_directors)
    recordings: Places = field(default_factory=_recordings)
    sound_library: SoundLibrary | None = None
    lessons: Lessons | None = None
