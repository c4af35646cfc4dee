"""The own sounds of this machine: a folder with a file for each."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from core.errors import FileError, StudioError, WeightsError
from core.files import atomic_path, copy_flushed, remove, same_name
from core.own_sounds.own_sound import (
    SOUND_SUFFIX,
    OwnSound,
    read_about,
    read_learned,
    sound_digest,
    sound_file_name,
)
from core.own_sounds.performer import OwnSoundPerformer, check_base
from core.performer.naming import OWN_SOUND, words_of
from core.places import data_folder
from core.profile import Profile
from core.schema import parse_json

SOUNDS_FOLDER = "sounds"
LESSONS_FOLDER = "lessons"
"""Within it, of sounds that are being learned."""
LESSON_FILE = "lesson.json"
"""What a lesson is to give (core/training/own_sound.py)."""
MOST_SOUNDS = 500


def sounds_folder() -> Path:
    """Where own sounds are kept.

    Raises:
        FileError: no home is known.
    """
    folder = data_folder()
    if folder is None:
        raise FileError("No home folder is known here; name one for sounds in XDG_DATA_HOME.")
    return folder / SOUNDS_FOLDER


def own_sound_files(folder: Path) -> list[Path]:
    """The files of the own sounds in a folder, by name."""
    return sorted(folder.glob(f"*{SOUND_SUFFIX}"))[:MOST_SOUNDS] if folder.is_dir() else []


def own_sounds(folder: Path) -> dict[Path, OwnSound | str]:
    """What is said of each sound in a folder, or why its file cannot be used."""
    found: dict[Path, OwnSound | str] = {}
    for path in own_sound_files(folder):
        try:
            found[path] = read_about(path)
        except WeightsError as error:
            found[path] = str(error)
    return found


def stopped_lessons(folder: Path) -> list[str]:
    """Names of sounds whose lessons were cut short, or go on somewhere."""
    found = []
    for path in sorted((folder / LESSONS_FOLDER).glob(f"*/{LESSON_FILE}")):
        try:
            found.append(str(parse_json(path.read_text(encoding="utf-8"))["about"]["name"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found


def find_sound(folder: Path, name: str) -> tuple[Path, OwnSound]:
    """A sound of a folder by one of its names.

    Raises:
        WeightsError: there is none of this name.
    """
    for path, about in own_sounds(folder).items():
        if isinstance(about, OwnSound) and words_of(name) in map(words_of, about.names):
            return path, about
    raise WeightsError(
        f"There is no own sound {name[:60]!r}; `app.py sound list` lists those there are."
    )


def remove_sound(folder: Path, name: str) -> OwnSound:
    """Delete a sound; takes that it made stay as they are.

    Raises:
        WeightsError: there is none of this name.
        FileError: it cannot be deleted.
    """
    path, about = find_sound(folder, name)
    remove(path)
    return about


def export_sound(folder: Path, name: str, target: Path) -> Path:
    """Copy a sound's file to a file or into a folder; returns where it is.

    Raises:
        WeightsError: there is none of this name.
        FileError: it cannot be written, or there is a file already.
    """
    path, _ = find_sound(folder, name)
    target = target / path.name if target.is_dir() else target
    if target.exists():
        raise FileError(f"{target} is there already; name another file.")
    _copy(path, target)
    return target


def import_sound(folder: Path, profile: Profile, source: Path) -> OwnSound:
    """Take over someone's sound, checked as a whole.

    Raises:
        WeightsError: it is no own sound, goes with other weights, or one of its names is taken.
        FileError: the folder cannot be written.
    """
    from core.own_sounds.base import base_digest

    about = read_learned(source).about
    check_base(about, profile, base_digest(profile))
    check_free(folder, about.names)
    _copy(source, folder / sound_file_name(about.name))
    return about


def check_free(folder: Path, names: tuple[str, ...]) -> None:
    """Refuse names that another sound has; raises WeightsError."""
    for path, about in own_sounds(folder).items():
        taken = [words_of(name) for name in about.names] if isinstance(about, OwnSound) else []
        for name in names:
            if words_of(name) in taken or same_name(path.name, sound_file_name(name)):
                raise WeightsError(
                    f"There is an own sound {name!r} already; remove it first, or choose another "
                    "name."
                )


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(target) as temporary:
        copy_flushed(source, temporary)


class OwnSounds(Mapping[str, OwnSoundPerformer]):
    """The own sounds of a folder as performers, by their names as such ("sound:my kettle").

    What is learned, imported or removed meanwhile is noticed; those that go with other weights are
    left out. One at a time is loaded: the one before leaves the memory.

    Args:
        profile: of the model that they were learned upon.
    """

    def __init__(self, folder: Path, profile: Profile) -> None:
        self._folder, self._profile = folder, profile
        self._guard = threading.Lock()
        self._seen: dict[Path, tuple[int, int]] = {}
        self._performers: dict[str, OwnSoundPerformer] = {}

    def __getitem__(self, name: str) -> OwnSoundPerformer:
        return self._now()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._now()))

    def __len__(self) -> int:
        return len(self._now())

    def _now(self) -> dict[str, OwnSoundPerformer]:
        with self._guard:
            stamps = {path: _stamp(path) for path in own_sound_files(self._folder)}
            if stamps != self._seen:
                self._performers = {
                    f"{OWN_SOUND}{p.about.name}": p for path in stamps if (p := self._read(path))
                }
                self._seen = stamps
            return self._performers

    def _read(self, path: Path) -> OwnSoundPerformer | None:
        from core.own_sounds.base import base_digest

        before = {p.path: p for p in self._performers.values()}.get(path)
        if before is not None and self._seen.get(path) == _stamp(path):
            return before
        try:
            about = read_about(path)
            check_base(about, self._profile, base_digest(self._profile))
            digest = sound_digest(path)
        except StudioError:
            return None  # `sound list` says why
        return OwnSoundPerformer(about, path, digest, self._profile, self._unload_all)

    def _unload_all(self) -> None:
        for performer in self._performers.values():
            performer.unload()


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
