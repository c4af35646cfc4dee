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
from core.performer.event_performer import EventPerformer
from core.places import data_folder
from core.pretrained.registry import RegisteredPerformers
from core.profile import Profile
from core.render.performers import Performers

if TYPE_CHECKING:
    from core.library.search import LibrarySearch


class OtherPerformers(Mapping[str, EventPerformer]):
    """The registered performers and, where there is one, the library.

    Args:
        registered: by name.
        library: the library as a performer.
        catalogue: its file; before there is one the library performs nothing.
    """

    def __init__(
        self,
        registered: Mapping[str, EventPerformer],
        library: LibraryPerformer,
        catalogue: Path,
    ) -> None:
        self._registered, self._library, self._catalogue = registered, library, catalogue

    def __getitem__(self, name: str) -> EventPerformer:
        if name == LIBRARY and self._catalogue.is_file():
            return self._library
        return self._registered[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._registered
        if self._catalogue.is_file():
            yield LIBRARY

    def __len__(self) -> int:
        return len(self._registered) + self._catalogue.is_file()


def others_here(
    search: Callable[[], LibrarySearch] | None = None, *, shared: bool = False
) -> Mapping[str, EventPerformer]:
    """Those beside our own by their names; what is registered later is among them then.

    Args:
        search: of the library, where it is open already.
        shared: for people beside the one at this machine, whose library they are not to hear.
    """
    folder = data_folder()
    registered = RegisteredPerformers(folder)
    if folder is None or shared:
        return registered
    catalogue = folder / CATALOGUE
    performer = LibraryPerformer(search or (lambda: _search(catalogue)))
    return OtherPerformers(registered, performer, catalogue)


@functools.lru_cache(maxsize=1)
def _search(catalogue: Path) -> LibrarySearch:
    from core.library.search import LibrarySearch  # brings PyTorch

    return LibrarySearch(Catalogue(catalogue))


def performers_here(profile: Profile) -> Performers:
    """The performers of this machine.

    Args:
        profile: of our own model.
    """
    return Performers(profile, others_here())
