"""All stories below one folder: listed, opened, copied, renamed, archived and restored.

Archived stories move to the folder `Archive`. `.lock` is held there while titles are given.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import StoryError
from core.files import (
    PART,
    atomic_folder,
    copy_flushed,
    half_written,
    replace_path,
    same_name,
    unnamed_folder,
    unwritable,
)
from core.ownership import remove_abandoned
from core.story.folders import WRITTEN_BELOW, StoryFolder
from core.story.lock import FolderLock
from core.story.migration import STORY
from core.story.rendering_note import RENDERING_NOTE
from core.story.story import Story
from core.story.titles import ARCHIVE, MAX_TITLE, safe_title


@dataclass(frozen=True)
class StorySummary:
    """A story as the list of stories shows it."""

    title: str
    total: float
    events: int
    modified: float
    unfinished: bool


class Library:
    """The folder of stories. Opening a story twice gives the same object, so tabs agree."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._guard = threading.RLock()
        self._titles = FolderLock(root)
        self._open: weakref.WeakValueDictionary[str, StoryFolder] = weakref.WeakValueDictionary()

    def tidy(self) -> None:
        """Remove what processes that live no more have left half-written among the stories."""
        with contextlib.suppress(OSError):
            remove_abandoned(half_written(self.root))
            for folder in (*self.root.glob("*"), *self.root.glob(f"{ARCHIVE}/*")):
                remove_abandoned(half_written(folder, WRITTEN_BELOW))

    def stories(self) -> tuple[StorySummary, ...]:
        """All stories that can be read, the one changed last first."""
        found = []
        for file in self._files():
            try:
                story = Story.load(file)
                modified = file.stat().st_mtime
            except (StoryError, OSError):
                continue
            unfinished = (file.parent / RENDERING_NOTE).is_file()
            found.append(
                StorySummary(file.parent.name, story.total, len(story.events), modified, unfinished)
            )
        return tuple(sorted(found, key=lambda summary: -summary.modified))

    def titles(self) -> tuple[str, ...]:
        """Titles of all stories, the one changed last first, without reading them."""
        try:
            dated = [(file.stat().st_mtime, file.parent.name) for file in self._files()]
        except OSError:
            return tuple(summary.title for summary in self.stories())
        return tuple(title for _, title in sorted(dated, reverse=True))

    def _files(self) -> Iterator[Path]:
        """Every story's file, less those of folders that are not whole yet."""
        for file in self.root.glob(f"*/{STORY}"):
            if file.parent.name != ARCHIVE and not file.parent.name.startswith(PART):
                yield file

    def create(self, story: Story, title: str = "") -> StoryFolder:
        """Make a folder for a new story, named after its title or its instruction."""
        with self._guard, self._giving_titles():
            path = self.new_folder(title or story.instruction)
            with atomic_folder(path) as fresh:
                story.save(fresh / STORY)
        return self.open(path.name)

    @contextlib.contextmanager
    def _giving_titles(self) -> Iterator[None]:
        """A block during which no other program gives a title away.

        Raises:
            StoryError, FileError: as `core.story.lock.FolderLock.held`.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as cause:
            raise unwritable(self.root, cause) from None
        with self._titles.held():
            yield

    def new_folder(self, title: str) -> Path:
        """Where a new story of this title belongs; a number is added when it is taken."""
        return self.root / self._free(safe_title(title))

    def open(self, title: str) -> StoryFolder:
        """Open a story by its title.

        Raises:
            StoryError: there is no such story, or its file is damaged.
        """
        path = self._existing(title)
        with self._guard:
            folder = self._known(path)
        if folder is None:
            read = StoryFolder(path)  # without the guard: it may wait for another program
            with self._guard:
                path = self._existing(title)  # it may have been moved meanwhile
                folder = self._known(path)
                if folder is None:
                    self._open[path.name] = read
                    return read
        folder.catch_up()
        return folder

    def duplicate(self, title: str, place: int | None = None) -> StoryFolder:
        """Copy a story with its takes; the copy gets the next title that is free when it is there.

        Others may work with all stories meanwhile. The copy is the story as it was when it was
        begun: files of takes and of recordings never change.

        Args:
            place: so many changes of its history are done in the copy; None: those of now.

        Raises:
            StoryError: there is no such story, or it was moved while it was copied.
            FileError: the copy cannot be written.
        """
        source, folder = self._existing(title), self.open(title)
        story = folder.story if place is None else folder.version(place)
        with unnamed_folder(source) as fresh:
            try:
                _copy_sounds(source, fresh)
            finally:
                self._existing(title)  # else there may be less of it
            story.save(fresh / STORY)
            with self._guard, self._giving_titles():
                target = self.root / self._free(title)
                replace_path(fresh, target)
        return self.open(target.name)

    def rename(self, title: str, wanted: str) -> StoryFolder:
        """Give a story another title; a number is added when it is taken."""
        wanted = safe_title(wanted)
        folder = self.open(title)
        if wanted == title:
            return folder
        with self._guard:
            self._existing(title)
            with self._giving_titles():
                target = self.root / wanted
                if not (same_name(wanted, title) and _same_folder(folder.path, target)):
                    target = self.root / self._free(wanted)
                with folder.moving_to(target):
                    self._move(folder.path, target)
            self._open.pop(title, None)
            self._open[target.name] = folder
            return folder

    def archive(self, title: str) -> Path:
        """Move a story to the archive; returns where it is now."""
        with self._guard:
            source = self._existing(title)
            lock = FolderLock(source)  # of its own: who has the story open does not follow it
            with self._giving_titles(), lock.held():
                target = self.root / ARCHIVE / self._free(title, self.root / ARCHIVE)
                lock.before_moving()
                self._move(source, target)
            self._open.pop(title, None)
            return target

    def archived(self) -> tuple[str, ...]:
        """Titles of the archived stories, the one archived or changed last first."""
        try:
            folders = [file.parent for file in (self.root / ARCHIVE).glob(f"*/{STORY}")]
            dated = [(folder.stat().st_ctime, folder.name) for folder in folders]
        except OSError:
            return ()
        return tuple(title for _, title in sorted(dated, reverse=True))

    def restore(self, title: str) -> StoryFolder:
        """Bring a story back from the archive; a number is added when its title is taken.

        Raises:
            StoryError: there is none of this title in the archive.
            FileError: it cannot be moved.
        """
        with self._guard:
            if title not in self.archived():
                raise StoryError(f"There is no {title[:MAX_TITLE]!r} in the archive.")
            with self._giving_titles():
                target = self.root / self._free(title)
                self._move(self.root / ARCHIVE / title, target)
        return self.open(target.name)

    def _known(self, path: Path) -> StoryFolder | None:
        """The story that is open already, in other case too where the system sees no difference."""
        if (folder := self._open.get(path.name)) is not None:
            return folder
        alike = [f for name, f in self._open.items() if same_name(name, path.name)]
        return next((folder for folder in alike if _same_folder(folder.path, path)), None)

    def _existing(self, title: str) -> Path:
        path = self.root / title
        plain = path.name == title and path.parent == self.root and title not in ("..", ARCHIVE)
        plain = plain and not title.startswith(PART)
        try:
            there = plain and (path / STORY).is_file()
        except OSError:
            there = False
        if not there:
            raise StoryError(f"There is no story called {title[:MAX_TITLE]!r}; choose another.")
        return path

    def _free(self, title: str, where: Path | None = None) -> str:
        where = where or self.root
        if not (where / title).exists():
            return title
        base = re.sub(r" \d{1,4}$", "", title)
        return next(
            name for n in range(2, 10_000) if not (where / (name := f"{base} {n}")).exists()
        )

    @staticmethod
    def _move(source: Path, target: Path) -> None:
        try:
            target.parent.mkdir(exist_ok=True)
            replace_path(source, target)
        except OSError as cause:
            raise unwritable(source, cause, f"{source.name} cannot be moved") from None


def _same_folder(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _copy_sounds(source: Path, target: Path) -> None:
    """Copy what belongs to a story beside its text, as far as it is whole."""
    unfinished = shutil.ignore_patterns(f"{PART}*")
    for name in ("takes", "recordings"):
        if (source / name).is_dir():
            copy = (source / name, target / name)
            shutil.copytree(*copy, ignore=unfinished, copy_function=copy_flushed)
