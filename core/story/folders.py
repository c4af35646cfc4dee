"""Stories on disk: one folder a story, saved after every change, whole again after a crash.

A folder holds story.json, takes/<key>.flac and .safetensors (a take's sound and its latents),
recordings/ (sounds of the user's own that takes began from), changes.jsonl (undo and redo) and,
while takes are being rendered, render.json (what was asked for, so that it can be resumed). The
folder's name is the story's title. Archived stories move to the folder `Archive`. `.lock` is held
while a story is read, changed and written, and in the library while titles are given.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import shutil
import threading
import time
import unicodedata
import weakref
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from core.errors import AudioFileError, FileError, StoryError, StudioError
from core.files import (
    PART,
    atomic_folder,
    copy_flushed,
    half_written,
    is_device,
    remove,
    replace_path,
    same_name,
    unnamed_folder,
    unwritable,
    write_atomically,
)
from core.ownership import remove_abandoned
from core.processes import ProcessIdentity, this_process
from core.profile import RenderSettings, Sampler
from core.schema import parse_json, read_dataclass
from core.story import timeline
from core.story.flac import write_flac
from core.story.journal import CHANGES, Journal, digest
from core.story.limits import MAX_TAKE_SECONDS, RATE_RANGE
from core.story.lock import FolderLock
from core.story.migration import STORY, read_story_folder
from core.story.story import Story
from core.story.take import Start, Take

ARCHIVE = "Archive"
MAX_TITLE = 60
_WRITTEN_BELOW = ("", "*/", "exports/*/")
"""Where in a story's folder files are written."""
ELSEWHERE = 3600.0
"""Seconds without a new take after which a rendering of another machine is taken for dead: whether
its process lives can only be seen there."""
_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")


def safe_title(text: str) -> str:
    """A title that is a safe folder name on every system, made from any text."""
    text = unicodedata.normalize("NFC", text)
    words = re.sub(r"[^\w ,.'()&-]+", " ", text, flags=re.UNICODE)
    words = re.sub(r"\s+", " ", words).strip(" .")
    if len(words) > MAX_TITLE:
        words = words[: MAX_TITLE + 1].rsplit(" ", 1)[0][:MAX_TITLE]
    words = words.strip(" .,-") or "Story"
    taken = is_device(words) or same_name(words, ARCHIVE)
    return f"Story {words}"[:MAX_TITLE].strip(" .,-") if taken else words


def _is_file_key(key: str) -> bool:
    """Whether files can be named after a take's key."""
    return _KEY.fullmatch(key) is not None and not is_device(key)


def read_sound(path: Path) -> tuple[npt.NDArray[np.float32], int]:
    """Samples (channels, frames) and sample rate (Hz) of a take's file."""
    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            if not RATE_RANGE[0] <= rate <= RATE_RANGE[1] or file.frames > MAX_TAKE_SECONDS * rate:
                raise soundfile.SoundFileError
            data = file.read(dtype="float32", always_2d=True)
    except (OSError, soundfile.SoundFileError):
        raise AudioFileError(f"{path.name} cannot be read; render its event again.") from None
    return np.ascontiguousarray(data.T), int(rate)


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


def _as_it_is(story: Story) -> Story:
    return story


@dataclass(frozen=True)
class StorySummary:
    """A story as the list of stories shows it."""

    title: str
    total: float
    events: int
    modified: float
    unfinished: bool


@dataclass(frozen=True)
class Rendering:
    """What is still to be rendered, with the settings it was asked for with.

    Attributes:
        starts: what the take of each event begins from; empty: all from noise alone.
        fresh: the events that had no take when it began, and what a crash had cut short before.
        owner: the process that renders; None: unknown, of a story of an earlier version.
    """

    event_ids: tuple[str, ...]
    steps: int
    guidance: float
    starts: tuple[Start | None, ...] = ()
    sampler: Sampler = "full"
    owner: ProcessIdentity | None = None
    fresh: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        RenderSettings(self.steps, self.guidance, self.sampler)  # refuses what cannot be sampled

    def only(self, event_ids: Container[str]) -> Rendering:
        """What is left of it for these events."""
        starts = dict(zip(self.event_ids, self.starts, strict=False))
        ids = tuple(event_id for event_id in self.event_ids if event_id in event_ids)
        left = tuple(map(starts.get, ids)) if any(self.starts) else ()
        return dataclasses.replace(self, event_ids=ids, starts=left)


class StoryFolder:
    """One story on disk. Safe to use from several threads; each change is saved at once.

    Another program may have the same folder open (the command line beside the studio). Each change
    is made under a lock between programs, to the story as the last of them left it, as it is
    between two tabs of one studio.

    Attributes:
        revision: counts the changes since it was opened, so that a page can tell it is out of date.
        rendering: takes are being made of it now, so its render.json is no sign of a crash.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.revision = 0
        self.rendering = False
        self._lock = FolderLock(path)
        self._journal = Journal(path / CHANGES)
        remove_abandoned(half_written(path, _WRITTEN_BELOW))
        try:
            with self._lock.held():
                self._take_up(read_story_folder(path))
        except FileError:  # it can be shown all the same
            self._take_up(read_story_folder(path))

    @property
    def title(self) -> str:
        return self.path.name

    @property
    def story(self) -> Story:
        return self._story

    @property
    def undo_label(self) -> str:
        return self._journal.undo_label

    @property
    def redo_label(self) -> str:
        return self._journal.redo_label

    @property
    def undo_count(self) -> int:
        """How many changes can be undone."""
        return self._journal.undo_count

    @property
    def history(self) -> tuple[str, ...]:
        """What was done, the first change first; `undo_count` of them are not undone."""
        return self._journal.labels

    @property
    def dated_history(self) -> tuple[tuple[str, int | None], ...]:
        """The same, each with when it was done, in seconds since 1970 (UTC); None: not known."""
        return self._journal.dated_labels

    def take_notice(self) -> str:
        """What a person should be told once of the story's history; empty: nothing."""
        notice, self._journal.notice = self._journal.notice, ""
        return notice

    def edit(self, label: str, edit: Callable[[Story], Story], group: str = "") -> Story:
        """Apply a pure edit to the story as it is now, save it and remember how to undo it.

        Raises:
            StoryError: the edit is impossible, or another program is writing for too long; nothing
                changed.
            FileError: the folder cannot be written; nothing changed.
        """
        with self._lock.held():
            self.catch_up()
            return self._edited(label, edit, group)

    def undo(self) -> Story:
        """Take the last change back; raises as `edit`, and StoryError when there is none."""
        with self._lock.held():
            self.catch_up()
            return self._gone(self._journal.before, -1)

    def redo(self) -> Story:
        """Make the change again that was undone last; raises as `undo`."""
        with self._lock.held():
            self.catch_up()
            return self._gone(self._journal.after, 1)

    def go_to(self, place: int) -> Story:
        """Undo or make again, in one step, until so many changes are done; raises as `undo`."""
        with self._lock.held():
            self.catch_up()
            steps = place - self._journal.undo_count
            story = self._journal.at(self._story, place)
            if steps:
                content = story.to_bytes()
                self._journal.go(steps, content)
                self._save(story, content)
            return self._story

    def version(self, place: int) -> Story:
        """The story as it is with so many changes done, and with its takes of today; raises as
        `undo`."""
        with self._lock.held():
            self.catch_up()
            return self._journal.at(self._story, place)

    def catch_up(self) -> bool:
        """Read the story again where another program has changed it; says whether one has.

        Raises:
            StoryError: the story is gone, or its file is damaged; nothing changed.
        """
        if self._is_newest():
            return False
        with self._lock.held():
            if self._is_newest():
                return False
            self._take_up(read_story_folder(self.path))
            self.revision += 1
            return True

    def _is_newest(self) -> bool:
        try:
            content = (self.path / STORY).read_bytes()
        except OSError as cause:
            raise StoryError(
                f"The story cannot be read any more ({cause.strerror}); open it again."
            ) from None
        return digest(content) == self._journal.now and not self._journal.has_changed()

    def take_file(self, take: Take) -> Path:
        """Where a take's sound is; raises AudioFileError when the take names no file of its own."""
        if not _is_file_key(take.key):
            raise AudioFileError("A take has an unusable key; render its event again.")
        return self.path / "takes" / f"{take.key}.flac"

    def latents_file(self, take: Take) -> Path:
        """Where a take's latents are, which variations of it begin from."""
        return self.take_file(take).with_suffix(".safetensors")

    def has_sound(self, take: Take) -> bool:
        return _is_file_key(take.key) and self.take_file(take).is_file()

    def samples(self, take: Take) -> tuple[npt.NDArray[np.float32], int]:
        """Samples (channels, frames) and sample rate (Hz) of a take."""
        return read_sound(self.take_file(take))

    def keep_take(
        self,
        event_id: str,
        take: Take,
        samples: npt.NDArray[np.float32],
        rate: int,
        group: str,
        then: Callable[[Story], Story] = _as_it_is,
    ) -> Story:
        """Write a take's sound (24-bit FLAC), then add the take to its event and choose it.

        A take whose file is there already keeps it: equal keys mean equal sound.

        Args:
            samples: (channels, frames); turned down as a whole if a peak exceeds 1.
            group: takes of one rendering share it and are undone together.
            then: what the take changes of the story besides, in the same step.

        Raises:
            FileError: the folder cannot be written to or the disk is full; nothing changed.
        """
        path = self.take_file(take)
        if not path.is_file():
            samples = samples / max(1.0, float(np.abs(samples).max(initial=0.0)))
            write_flac(path, samples, rate)
        return self.adopt_take(event_id, take, group, then)

    def adopt_take(
        self,
        event_id: str,
        take: Take,
        group: str,
        then: Callable[[Story], Story] = _as_it_is,
    ) -> Story:
        """Add a take whose sound is on disk already to its event and choose it; as `keep_take`.

        Another program's changes are no obstacle: a take is added to whatever its event is now.
        """
        kept = dataclasses.replace(take, file=f"takes/{take.key}.flac")
        with self._lock.held():
            self.catch_up()
            if any(event.id == event_id for event in self._story.events):
                add = lambda story: then(timeline.add_take(story, event_id, kept))  # noqa: E731
                self._edited("render", add, group)
            self._tick_off(event_id)
            return self._story

    def unrendered(self, steps: int, guidance: float) -> tuple[str, ...]:
        """Like `core.story.timeline.unrendered`; a take whose file is gone counts as none."""
        return self._with_lost(timeline.unrendered(self._story, steps, guidance))

    def changed(self) -> tuple[str, ...]:
        """Ids of the events without a take and of those that changed since, whatever quality."""
        return self._with_lost(timeline.unrendered(self._story))

    def _with_lost(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """Those, and the events whose take's file is gone, in the story's order."""
        lost = {e.id for e in self._story.events if e.take and not self.has_sound(e.take)}
        return tuple(e.id for e in self._story.events if e.id in lost or e.id in wanted)

    def begin_rendering(
        self,
        event_ids: Sequence[str],
        settings: RenderSettings,
        starts: Sequence[Start | None] = (),
        fresh: Sequence[str] = (),
    ) -> Rendering | None:
        """Note what is being rendered, so that it can be resumed after a crash.

        Returns:
            A rendering that a crash cut short before: the gains of its takes are not balanced.

        Raises:
            StoryError: another program is rendering the story.
        """
        asked = (settings.steps, settings.guidance, tuple(starts), settings.sampler)
        with self._lock.held():
            noted = self._noted()
            if noted is not None and self._is_at_work(noted):
                raise StoryError(
                    "Another program is rendering this story; wait for it, or cancel it there."
                )
            unbalanced = fresh if noted is None else (*fresh, *noted.fresh)
            self._note(Rendering(tuple(event_ids), *asked, this_process(), tuple(unbalanced)))
            self.rendering = True
            return noted

    def _note(self, asked: Rendering) -> None:
        text = json.dumps(dataclasses.asdict(asked)) + "\n"
        write_atomically(self.path / "render.json", text.encode())

    def end_rendering(self) -> None:
        """Forget the rendering: it is done, or its owner stopped it."""
        self.rendering = False
        remove(self.path / "render.json")

    @property
    def unfinished(self) -> Rendering | None:
        """The rendering that a crash cut short, less what was done and what is gone since; one
        that another program is at is none. Where all was done, its gains are still to be balanced.
        """
        asked = self._noted()
        if asked is None or self._is_at_work(asked):
            return None
        left = asked.only({event.id for event in self._story.events})
        return left if left.event_ids or not asked.event_ids else None

    def _noted(self) -> Rendering | None:
        try:
            data = parse_json((self.path / "render.json").read_text(encoding="utf-8"))
            return read_dataclass(Rendering, data, "render.json", FileError)
        except (OSError, ValueError, StudioError):
            return None

    def _is_at_work(self, noted: Rendering) -> bool:
        """Whether another process than this one lives that began a rendering."""
        owner = noted.owner
        if owner is None or owner == this_process():
            return False
        if owner.is_local:
            return owner.is_running
        with contextlib.suppress(OSError):
            return time.time() - (self.path / "render.json").stat().st_mtime < ELSEWHERE
        return False

    @contextlib.contextmanager
    def moving_to(self, path: Path) -> Iterator[None]:
        """Hold the story still for a block that gives its folder another name, and follow it.

        Raises:
            StoryError, FileError: as `core.story.lock.FolderLock.held`.
        """
        with self._lock.held():
            self._lock.before_moving()
            yield
            self.path = self._lock.folder = path
            self._journal.path = path / CHANGES

    def _tick_off(self, event_id: str) -> None:
        asked = self._noted()
        if asked is None or self._is_at_work(asked):
            return
        left = asked.only({e for e in asked.event_ids if e != event_id})
        if left.event_ids or self.rendering:  # who renders ends it when the gains are balanced
            self._note(left)
        else:
            self.end_rendering()

    def _take_up(self, story: Story) -> None:
        """Go on from a story as it was just read, with the history that is on disk."""
        self._journal.read((self.path / STORY).read_bytes())
        self._story = story

    def _edited(self, label: str, edit: Callable[[Story], Story], group: str) -> Story:
        new = edit(self._story)
        if new != self._story:
            content = new.to_bytes()
            self._journal.record(label, self._story, new, content, group)
            self._save(new, content)
        return self._story

    def _gone(self, way: Callable[[Story], Story], direction: int) -> Story:
        """One change back or on; a gesture that ended where it began is passed over."""
        here = self._story
        while self._story == here:
            story = way(here)
            content = story.to_bytes()
            self._journal.go(direction, content)
            self._save(story, content)
        return self._story

    def _save(self, story: Story, content: bytes) -> None:
        """Save what the journal has noted; where that fails, neither has happened."""
        try:
            write_atomically(self.path / STORY, content)
        except FileError:
            self._journal.take_back()
            raise
        self._story = story
        self.revision += 1


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
                remove_abandoned(half_written(folder, _WRITTEN_BELOW))

    def stories(self) -> tuple[StorySummary, ...]:
        """All stories that can be read, the one changed last first."""
        found = []
        for file in self._files():
            try:
                story = Story.load(file)
                modified = file.stat().st_mtime
            except (StoryError, OSError):
                continue
            unfinished = (file.parent / "render.json").is_file()
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
