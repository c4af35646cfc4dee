"""All who perform on this machine: our own model and those beside it.

The one place where the kinds of performers come together; a story then asks for them by name.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from core.library.catalogue import CATALOGUE, Catalogue
from core.library.excerpt import LIBRARY
from core.library.performer import LibraryPerformer
from core.own_sounds.store import SOUNDS_FOLDER, OwnSounds
from core.performer.event_performer import EventPerformer
from core.performer.naming import OWN_SOUND
from core.places import data_folder
from core.pretrained.registry import RegisteredPerformers
from core.profile import Profile
from core.render.performers import Performers

if TYPE_CHECKING:
    from core.library.search import LibrarySearch


class OtherPerformers(Mapping[str, EventPerformer]):
    """The registered performers, own sounds and, where there is one, the library.

    Args:
        registered: by name.
        sounds: own ones, each a performer.
        library: the library as a performer.
        catalogue: its file; before there is one the library performs nothing.
    """

    def __init__(
        self,
        registered: Mapping[str, EventPerformer],
        sounds: Mapping[str, EventPerformer],
        library: LibraryPerformer,
        catalogue: Path,
    ) -> None:
        self._registered, self._sounds = registered, sounds
        self._library, self._catalogue = library, catalogue

    def __getitem__(self, name: str) -> EventPerformer:
        if name == LIBRARY and self._catalogue.is_file():
            return self._library
        of = self._sounds if name.startswith(OWN_SOUND) else self._registered
        return of[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._registered
        yield from self._sounds
        if self._catalogue.is_file():
            yield LIBRARY

    def __len__(self) -> int:
        return len(self._registered) + len(self._sounds) + self._catalogue.is_file()


def others_here(
    profile: Profile, search: Callable[[], LibrarySearch] | None = None, *, shared: bool = False
) -> Mapping[str, EventPerformer]:
    """Those beside our own by their names; what is registered later is among them then.

    Args:
        profile: of our own model, which own sounds were learned upon.
        search: of the library, where it is open already.
        shared: for people beside the one at this machine, whose library and sounds they are not to
            hear.
    """
    folder = data_folder()
    registered = RegisteredPerformers(folder)
    if folder is None or shared:
        return registered
    catalogue = folder / CATALOGUE
    performer = LibraryPerformer(search or (lambda: _search(catalogue)))
    sounds = OwnSounds(folder / SOUNDS_FOLDER, profile)
    return OtherPerformers(registered, sounds, performer, catalogue)


@functools.lru_cache(maxsize=1)
def _search(catalogue: Path) -> LibrarySearch:
    from core.library.search import LibrarySearch  # brings PyTorch

    return LibrarySearch(Catalogue(catalogue))


def performers_here(profile: Profile) -> Performers:
    """The performers of this machine.

    Args:
        profile: of our own model.
    """
    return Performers(profile, others_here(profile))
