"""The sub-command `library`: one's own recordings, indexed, searched, used in a story."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import FileError, StoryError

if TYPE_CHECKING:
    from core.library.catalogue import Catalogue, IndexedFolder
    from core.library.index import IndexProgress
    from core.library.search import LibraryHit

SHORTEST_WATCH = 1.0
"""Minutes between two looks at the folders."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what can be done with the library, and where its catalogue is."""
    parser.add_argument("--catalogue", type=Path, help="the library's file (default: the user's)")
    does = parser.add_subparsers(dest="does", required=True)
    add = does.add_parser("add", help="index a folder of recordings; nothing is copied or changed")
    add.add_argument("folder", type=Path)
    add.add_argument("--licence", default="", help="of recordings whose files name none")
    search = does.add_parser("search", help="find recordings by words and by how they sound")
    search.add_argument("words", nargs="+")
    like = does.add_parser("like", help="find recordings that sound like one of them")
    like.add_argument("recording", type=int, help="its number in the list of a search")
    for found in (search, like):
        found.add_argument("--most", type=int, default=10, help="how many to list (default: 10)")
    does.add_parser("list", help="list the folders")
    remove = does.add_parser("remove", help="forget a folder; its files stay as they are")
    remove.add_argument("folder", type=Path)
    rescan = does.add_parser("rescan", help="look through folders for what is new, moved or gone")
    rescan.add_argument("folders", type=Path, nargs="*", help="these alone (default: all)")
    watch = does.add_parser("watch", help="rescan when files change, until it is stopped")
    watch.add_argument("--every", type=float, metavar="MINUTES", help="look at this interval too")
    take = does.add_parser("take", help="let a recording be the take of a story's event")
    take.add_argument("story", type=Path, help="the story's folder")
    take.add_argument("event", help="the event's id, or its number in the story")
    take.add_argument("recording", type=int, help="its number in the list of a search")
    take.add_argument("--variation", type=int, default=1, help="which span of it (default: 1)")


def run(arguments: argparse.Namespace) -> None:
    """Do what was asked for.

    Raises:
        StudioError: in one sentence what is wrong and what to do.
    """
    with _catalogue(arguments.catalogue) as catalogue:
        if arguments.does in ("add", "rescan"):
            _scan(catalogue, arguments)
        elif arguments.does in ("search", "like"):
            _search(catalogue, arguments)
        elif arguments.does == "remove":
            catalogue.remove_folder(catalogue.folder(_absolute(arguments.folder)))
        elif arguments.does == "watch":
            _watch(catalogue, arguments.every)
        elif arguments.does == "take":
            _take(catalogue, arguments)
        else:
            _list(catalogue)


@contextmanager
def _catalogue(named: Path | None) -> Iterator[Catalogue]:
    from core.library.catalogue import Catalogue, catalogue_file

    catalogue = Catalogue(named or catalogue_file())
    try:
        yield catalogue
    finally:
        catalogue.close()


def _absolute(folder: Path) -> Path:
    return folder.expanduser().resolve()


def _scan(catalogue: Catalogue, arguments: argparse.Namespace) -> None:
    if arguments.does == "add":
        path = _absolute(arguments.folder)
        if not path.is_dir():
            raise FileError(f"{path} is no folder; name the folder that holds your recordings.")
        folders = [catalogue.add_folder(path, arguments.licence)]
    else:
        named = [catalogue.folder(_absolute(path)) for path in arguments.folders]
        folders = named or catalogue.folders()
    _rescan(catalogue, folders)


def _rescan(catalogue: Catalogue, folders: Sequence[IndexedFolder]) -> None:
    """Look through folders, with progress and a report on the error stream."""
    from core.library.index import Indexer

    indexer = Indexer(catalogue)
    for folder in folders:
        report = indexer.scan(folder, _show)
        if report.there and report.added + report.moved:
            print(file=sys.stderr)
        for sentence in report.sentences():
            print(sentence, file=sys.stderr)


def _show(progress: IndexProgress) -> None:
    text = f"\r{progress.folder}: {progress.done}/{progress.files} files "
    print(text, end="", file=sys.stderr, flush=True)


def _search(catalogue: Catalogue, arguments: argparse.Namespace) -> None:
    from core.library.search import LibrarySearch

    search = LibrarySearch(catalogue)
    if arguments.does == "like":
        hits = search.like(arguments.recording, arguments.most)
    else:
        hits = search.search(" ".join(arguments.words), arguments.most)
    for hit in hits:
        print(_line(hit))
    if not hits:
        print("Nothing is indexed; add a folder with `library add`.", file=sys.stderr)


def _line(hit: LibraryHit) -> str:
    recording = hit.recording
    licence = recording.licence or "no licence stated"
    return (
        f"{recording.id:>7}  {hit.score:5.2f}  {recording.seconds:7.1f} s  {recording.file}"
        f"  [{licence}]{'' if recording.folder.is_dir() else '  (its drive is not there)'}"
    )


def _list(catalogue: Catalogue) -> None:
    for folder in catalogue.folders():
        there = "" if folder.there else ", its drive is not there"
        print(
            f"{folder.path}: {folder.recordings} recordings, {folder.gone} gone, "
            f"{folder.refused} left out, {folder.licence or 'no licence stated'}{there}"
        )
        for path, reason in catalogue.refusals(folder):
            print(f"    {path}: {reason}")


def _watch(catalogue: Catalogue, minutes: float | None) -> None:
    from watchfiles import watch

    if minutes is not None and minutes < SHORTEST_WATCH:
        raise FileError(f"Folders are looked at every {SHORTEST_WATCH:g} minutes at most.")
    _rescan(catalogue, catalogue.folders())
    paths = [folder.path for folder in catalogue.folders() if folder.there]
    if not paths:
        raise FileError("No folder of the library is there; add one, or connect its drive.")
    waited = None if minutes is None else round(60_000 * minutes)
    options = {"yield_on_timeout": True, "rust_timeout": waited} if waited else {}
    for _ in watch(*paths, raise_interrupt=True, **options):  # type: ignore[arg-type]
        _rescan(catalogue, catalogue.folders())


def _take(catalogue: Catalogue, arguments: argparse.Namespace) -> None:
    from core.profile import load_profile
    from core.render.library_takes import take_from_library
    from core.story.library import Library

    path = _absolute(arguments.story)
    folder = Library(path.parent).open(path.name)
    events = folder.story.events
    number = int(arguments.event) if arguments.event.isdecimal() else 0
    named = [event.id for event in events if event.id == arguments.event]
    if not named and not 1 <= number <= len(events):
        raise StoryError(f"The story has no event {arguments.event!r}; it has {len(events)}.")
    event_id = named[0] if named else events[number - 1].id
    recording = catalogue.recording(arguments.recording)
    profile = load_profile(folder.story.profile)
    variation = max(1, arguments.variation) - 1
    take = take_from_library(profile, folder, event_id, recording, variation)
    print(f"{event_id}: {take.source}", file=sys.stderr)
