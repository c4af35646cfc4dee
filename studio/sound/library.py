"""The library of the person at this machine: recordings that are offered for an event."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import FileError, StudioError
from core.library.catalogue import Catalogue, LibraryRecording
from core.profile import Profile
from core.render.library_takes import excerpt_for
from core.story.flac import write_flac
from core.story.story import Event
from studio.addresses import file_url
from studio.sessions.session import LibraryOffer, Session

if TYPE_CHECKING:
    from core.library.search import LibrarySearch

OFFERED = 4
"""Recordings that are offered for an event at once."""
EXAMINED = 12
"""Recordings that are looked at for them: some may lie on a drive that is not there."""


@dataclass
class SoundLibrary:
    """The catalogue, opened when it is first asked; there is none before `app.py library add`.

    Attributes:
        file: the catalogue.
    """

    file: Path

    def __post_init__(self) -> None:
        self._guard = threading.Lock()
        self._search: LibrarySearch | None = None

    @property
    def exists(self) -> bool:
        """Whether there is anything to search."""
        return self.file.is_file()

    def offers(
        self, session: Session, profile: Profile, event: Event, like: int | None = None
    ) -> tuple[LibraryOffer, ...]:
        """Recordings for an event, as they would sound there, ready to be heard.

        Args:
            like: a recording that they should sound like; None: by the event's caption.

        Raises:
            FileError: there is no library, or none of what fits can be read; says why.
        """
        search = self.search()
        hits = (
            search.search(event.caption, EXAMINED) if like is None else search.like(like, EXAMINED)
        )
        found: list[LibraryOffer] = []
        refusal: StudioError = FileError(
            "Your library holds no recordings yet; add a folder with `app.py library add`."
        )
        for hit in hits:
            try:
                found.append(_offer(session, profile, event, hit.recording))
            except StudioError as error:
                refusal = error
            if len(found) == OFFERED:
                break
        if not found:
            raise refusal
        return tuple(found)

    def offer(
        self, session: Session, profile: Profile, event: Event, row: int, variation: int
    ) -> LibraryOffer:
        """One of a recording's spans for an event; raises as `core.library.excerpt`."""
        return _offer(session, profile, event, self.recording(row), variation)

    def recording(self, row: int) -> LibraryRecording:
        """A recording by its row; raises FileError where it is there no more."""
        return self.search().catalogue.recording(row)

    def search(self) -> LibrarySearch:
        """The search, of a catalogue that is opened when it is first asked.

        Raises:
            FileError: there is none, or it cannot be read.
        """
        from core.library.search import LibrarySearch  # brings PyTorch, which takes seconds

        if not self.exists:
            raise FileError("There is no library yet; add a folder with `app.py library add`.")
        with self._guard:
            if self._search is None:
                self._search = LibrarySearch(Catalogue(self.file))
            return self._search


def _offer(
    session: Session,
    profile: Profile,
    event: Event,
    recording: LibraryRecording,
    variation: int = 0,
) -> LibraryOffer:
    """A recording as it would sound at an event, in the folder from which the tab may load."""
    excerpt = excerpt_for(profile, session.open_folder.story, event, recording, variation)
    source = excerpt.source
    marks = f"{source.digest}-{event.duration:g}-{source.begin:g}-{source.end:g}"
    path = session.sounds / f"library-{marks}.flac"
    if not path.is_file():
        write_flac(path, excerpt.samples, profile.sample_rate)
    spans = variation % excerpt.variations, excerpt.variations
    return LibraryOffer(
        recording.id, source.file, source.licence, source.fit, file_url(path), *spans
    )
