"""A story on disk: one folder a story, saved after every change, whole again after a crash.

A folder holds story.json, takes/<key>.flac and .safetensors (a take's sound and its latents),
recordings/ (sounds of the user's own that takes began from), changes.jsonl (undo and redo) and,
while takes are being rendered, render.json (what was asked for, so that it can be resumed). The
folder's name is the story's title. `.lock` is held while the story is read, changed and written.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from core.errors import AudioFileError, FileError, StoryError
from core.files import half_written, is_device, write_atomically
from core.ownership import remove_abandoned
from core.processes import this_process
from core.profile import RenderSettings
from core.story import timeline
from core.story.flac import write_flac
from core.story.journal import CHANGES, Journal, digest
from core.story.limits import MAX_TAKE_SECONDS, RATE_RANGE
from core.story.lock import FolderLock
from core.story.migration import STORY, read_story_folder
from core.story.rendering_note import Rendering, RenderingNote
from core.story.story import Story
from core.story.take import Start, Take

WRITTEN_BELOW = ("", "*/", "exports/*/")
"""Where in a story's folder files are written."""
_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")


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


def _as_it_is(story: Story) -> Story:
    return story


class StoryFolder:
    """One story on disk. Safe to use from several threads; each change is saved at once.

    Another program may have the same folder open (the command line beside the studio). Each change
    is made under a lock between programs, to the story as the last of them left it, as it is
    between two tabs of one studio.

    Attributes:
        revision: counts the changes since it was opened, so that a page can tell it is out of date.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.revision = 0
        self._lock = FolderLock(path)
        self._rendering_note = RenderingNote(path)
        self._journal = Journal(path / CHANGES)
        remove_abandoned(half_written(path, WRITTEN_BELOW))
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
            self._rendering_note.tick_off(event_id)
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
        asked = Rendering(
            tuple(event_ids),
            settings.steps,
            settings.guidance,
            tuple(starts),
            settings.sampler,
            this_process(),
            tuple(fresh),
        )
        with self._lock.held():
            return self._rendering_note.begin(asked)

    def end_rendering(self) -> None:
        """Forget the rendering: it is done, or its owner stopped it."""
        self._rendering_note.end()

    @property
    def rendering(self) -> bool:
        """Takes are being made of it now, so its render.json is no sign of a crash."""
        return self._rendering_note.rendering

    @property
    def unfinished(self) -> Rendering | None:
        """The rendering that a crash cut short, less what was done and what is gone since; one
        that another program is at is none. Where all was done, its gains are still to be balanced.
        """
        return self._rendering_note.left({event.id for event in self._story.events})

    @contextlib.contextmanager
    def moving_to(self, path: Path) -> Iterator[None]:
        """Hold the story still for a block that gives its folder another name, and follow it.

        Raises:
            StoryError, FileError: as `core.story.lock.FolderLock.held`.
        """
        with self._lock.held():
            self._lock.before_moving()
            yield
            self.path = self._lock.folder = self._rendering_note.folder = path
            self._journal.path = path / CHANGES

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
