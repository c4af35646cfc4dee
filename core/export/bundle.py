"""A story in one zip, to open in the studio elsewhere: story.json, its history, takes, recordings
and the mix.

A bundle from elsewhere is untrusted. Names, sizes and counts are checked before a byte is written,
the story is read by its own strict reader, every sound is decoded once, and only then does the new
folder appear, whole. A refused bundle changes nothing.

What a person zips again by hand opens too: a story's folder, with a folder around it and what file
managers add, or an export that holds a bundle.

    python app.py open Harbour.story.zip
"""

from __future__ import annotations

import math
import re
import threading
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from core.errors import Cancelled, FileError, StudioError, raise_if_cancelled
from core.export.archive import add_file, add_text, named_members
from core.export.folder import STORY_FILE, OpenStory, take_path, takes_there
from core.files import atomic_folder, atomic_path, flush_opened, is_device
from core.story.journal import CHANGES, MAX_JOURNAL_BYTES, Journal, saved_history
from core.story.library import Library
from core.story.limits import MAX_TAKE_SECONDS, RATE_RANGE
from core.story.migration import read_story_folder
from core.story.recording import MAX_CHANNELS, MAX_RECORDING_BYTES, read_recording, recording_file
from core.story.story import MAX_OLD_FILE_BYTES, Story, read_text

MAX_MEMBERS = 5000
MAX_TAKE_BYTES = 400_000_000
MAX_MIX_BYTES = 2_000_000_000
MAX_TOTAL_BYTES = 8_000_000_000
MAX_RATIO = 300
"""FLAC and WAV hardly shrink; more than this only a constructed archive does. The text of a story
that repeats itself does too; its size alone is bounded."""
MAX_UNPACKED = 16_000_000_000
"""Samples of all sounds together, two days of 48 kHz stereo: silent FLAC unpacks to any length."""

SUFFIX = ".story.zip"
NO_HISTORY = "The story came without a history; Undo begins here."

_TAKE = re.compile(r"takes/[A-Za-z0-9_-]{1,128}\.flac")
_RECORDING = re.compile(r"recordings/[0-9a-f]{24}\.flac")
_UNUSED = re.compile(
    r"takes/[A-Za-z0-9_-]{1,128}\.safetensors|history\.jsonl|(render|migration)\.json"
    r"|\.lock(-holder)?"
    r"|exports/[^/].*"
)
"""What a story's folder holds beside its story and sounds, and nobody else needs."""
_ENCRYPTED = 1
_PLAIN_KINDS = (0, 8)
"""Of the file's kind in a zip: not told, or a plain file; the rest are folders, links, devices."""
_INNER = "inner.zip"
"""Where a bundle that lies in the zip of a whole export is unpacked for a while."""
_MIX = re.compile(r"mix\.(wav|flac|mp3|ogg|opus|m4a)")
_FLAC = b"fLaC"
_COPY = 1 << 20
_WORK = "Opening the zip"
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    RuntimeError,
)


def write_bundle(path: Path, opened: OpenStory, mix: Path | None) -> None:
    """Write the zip.

    Args:
        mix: sound file to take along as `mix.*`.

    Raises:
        FileError: a take is missing, or the zip cannot be written.
    """
    _check_names(opened.story)
    files = {take.file: source for take, source in takes_there(opened.folder, opened.story)}
    files |= _recordings(opened)
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        text = opened.story.to_json()
        add_text(archive, STORY_FILE, text)
        if history := saved_history(opened.folder / CHANGES, text.encode()):
            add_text(archive, CHANGES, history.decode())
        for name, source in sorted(files.items()):
            add_file(archive, name, source)
        if mix is not None:
            add_file(archive, f"mix{mix.suffix}", mix)


def _recordings(opened: OpenStory) -> dict[str, Path]:
    """Files of the recordings that takes began from, as far as they are there, by their names."""
    home = opened.folder.resolve()
    starts = {take.start for event in opened.story.events for take in event.takes}
    found: dict[str, Path] = {}
    for start in starts:
        if start is None or start.of != "recording":
            continue
        path = recording_file(home, start.source)
        name = path.relative_to(home).as_posix()
        if _RECORDING.fullmatch(name) and path.is_file() and path.resolve() == path:
            found[name] = path
    return found


def open_bundle(
    path: Path,
    library: Library,
    title: str = "",
    most: int = MAX_TOTAL_BYTES,
    cancel: threading.Event | None = None,
) -> Path:
    """Unpack a bundle into a new story of the library; returns the story's folder.

    Args:
        title: of the story; empty: the file's name. A number is added when it is taken.
        most: bytes that it may have when unpacked.

    Raises:
        FileError, StoryError: see `read_bundle`.
    """
    folder = library.new_folder(title or path.name.removesuffix(SUFFIX).removesuffix(".zip"))
    read_bundle(path, folder, most, cancel)
    return folder


def read_bundle(
    path: Path,
    folder: Path,
    most: int = MAX_TOTAL_BYTES,
    cancel: threading.Event | None = None,
) -> Story:
    """Unpack a bundle into the new folder `folder`.

    Raises:
        FileError: it is not a bundle, is damaged, unsafe or too large, or `folder` exists.
        StoryError: its story.json is not a story.
        Cancelled: `cancel` was set; nothing is left behind.
    """
    if folder.exists():
        raise FileError(f"A story named {folder.name!r} exists already; choose another name.")
    if path.is_dir():  # some browsers unpack what they download
        raise FileError(
            f"{path.name} is a folder, not a zip; zip it, or copy it to where the studio keeps its "
            "stories."
        )
    try:
        with zipfile.ZipFile(path) as archive, atomic_folder(folder) as fresh:
            inner = _bundle_inside(archive, most)
            if inner is None:
                return _unpack(archive, fresh, most, cancel)
            packed = fresh / _INNER
            _extract(archive, inner, packed, cancel)
            with zipfile.ZipFile(packed) as inside:
                story = _unpack(inside, fresh, most, cancel)
            packed.unlink()
            return story
    except NotImplementedError as cause:
        raise FileError(
            f"{path.name} is packed in a way that is not read here ({cause}); unpack it and zip it "
            "again without a special method."
        ) from None
    except _DAMAGE:
        raise FileError(
            f"{path.name} is not a story bundle or is damaged; ask for it again."
        ) from None
    except OSError as cause:
        raise FileError(
            f"{path.name} cannot be opened ({cause.strerror or cause}); check the file."
        ) from None


def _bundle_inside(archive: zipfile.ZipFile, most: int) -> zipfile.ZipInfo | None:
    """The bundle in a zip of a whole export; None where the zip holds a story itself.

    Raises:
        FileError: there are several, or it may not be unpacked.
    """
    _check_count(archive)
    members = list(named_members(archive))
    if any(name.rpartition("/")[2] == STORY_FILE for name, _ in members):
        return None
    inner = [(name, info) for name, info in members if name.endswith(SUFFIX)]
    if not inner:
        return None
    if len(inner) > 1:
        names = ", ".join(repr(name[:60]) for name, _ in inner[:3])
        raise FileError(f"The zip holds {len(inner)} bundles ({names}); unpack it and open one.")
    (name, info) = inner[0]
    _check_member(name, info, most)
    return info


def _unpack(
    archive: zipfile.ZipFile, fresh: Path, most: int, cancel: threading.Event | None
) -> Story:
    members = _checked(archive, most)
    for part in ("takes", "recordings"):
        (fresh / part).mkdir(parents=True)
    for name, member in members.items():
        _extract(archive, member, fresh / name, cancel)
    text = read_text(fresh / STORY_FILE)
    (fresh / STORY_FILE).write_bytes(text.encode())  # whatever encoding it came in
    story = Story.from_json(text)
    _check_takes(story, fresh)
    _check_sounds(fresh, cancel)
    _check_history(fresh)
    story = read_story_folder(fresh)
    raise_if_cancelled(cancel, _WORK)
    return story


def _checked(archive: zipfile.ZipFile, most: int) -> dict[str, zipfile.ZipInfo]:
    """The members by name, if every one may be unpacked."""
    members: dict[str, zipfile.ZipInfo] = {}
    _check_count(archive)
    named = list(named_members(archive))
    root = _story_root([name for name, _ in named])
    for name, info in named:
        inside = name.removeprefix(root)
        if name.startswith(root) and _is_unused(inside, info):
            continue
        limit = _limit(inside) if name.startswith(root) else 0
        if limit == 0 or inside in members:
            raise FileError(
                f"The bundle holds {name[:60]!r}, which does not belong in a story; "
                "it was not opened."
            )
        _check_member(name, info, limit, math.inf if inside in (STORY_FILE, CHANGES) else MAX_RATIO)
        members[inside] = info
    if sum(info.file_size for info in members.values()) > most:
        raise FileError("The bundle is too large; it was not opened.")
    return members


def _is_unused(name: str, info: zipfile.ZipInfo) -> bool:
    """Whether a member has no use here; so has a history that is larger than the studio's are."""
    too_large = name == CHANGES and info.file_size > MAX_JOURNAL_BYTES
    return too_large or _UNUSED.fullmatch(name) is not None


def _check_count(archive: zipfile.ZipFile) -> None:
    count = len(archive.infolist())
    if count > MAX_MEMBERS:
        raise FileError(f"The bundle holds {count} files; at most {MAX_MEMBERS} are opened.")


def _story_root(names: Sequence[str]) -> str:
    """The path before the story's file names: empty, or the folders around them with a slash.

    Raises:
        FileError: there is no story, or more than one.
    """
    roots = sorted(
        {name.removesuffix(STORY_FILE) for name in names if f"/{name}".endswith(f"/{STORY_FILE}")},
        key=lambda root: (root.count("/"), root),
    )
    if not roots:
        raise FileError("The bundle holds no story.json; choose a bundle made by the studio.")
    if not all(root.startswith(roots[0]) for root in roots):
        titles = ", ".join(repr(root.rstrip("/").rpartition("/")[2][:60]) for root in roots[:3])
        more = ", …" if len(roots) > 3 else ""
        raise FileError(
            f"The zip holds {len(roots)} stories ({titles}{more}); unpack it and zip the folder of "
            "one story, or copy the folders to where the studio keeps its stories."
        )
    return roots[0]


def _check_member(name: str, info: zipfile.ZipInfo, most: float, ratio: float = MAX_RATIO) -> None:
    """Refuse what is not a plain file, or is larger than it may be."""
    if info.flag_bits & _ENCRYPTED:
        raise FileError("The zip is protected by a password; unpack it and zip it without one.")
    if info.external_attr >> 28 not in _PLAIN_KINDS:
        raise FileError(
            f"The bundle holds {name[:60]!r}, which does not belong in a story; it was not opened."
        )
    if info.file_size > most or info.file_size > ratio * max(info.compress_size, 1000):
        raise FileError(f"{name[:60]!r} in the bundle is too large; it was not opened.")


def _limit(name: str) -> int:
    """Bytes that a member of this name may have; 0 for a name that has no place in a bundle."""
    if name == STORY_FILE:
        return MAX_OLD_FILE_BYTES
    if name == CHANGES:
        return MAX_JOURNAL_BYTES
    if _is_take(name):
        return MAX_TAKE_BYTES
    if _RECORDING.fullmatch(name):
        return MAX_RECORDING_BYTES
    return MAX_MIX_BYTES if _MIX.fullmatch(name) else 0


def _is_take(name: str) -> bool:
    return _TAKE.fullmatch(name) is not None and not is_device(name.removeprefix("takes/"))


def _extract(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    path: Path,
    cancel: threading.Event | None,
) -> None:
    """Copy one member; the size that counts is the one unpacked, not the one declared."""
    written = 0
    with archive.open(member) as packed, path.open("xb") as file:
        while data := packed.read(_COPY):
            raise_if_cancelled(cancel, _WORK)
            written += len(data)
            if written > member.file_size:
                raise FileError("The bundle is damaged (a file is longer than it says).")
            file.write(data)
        file.flush()
        flush_opened(file)


def _check_history(folder: Path) -> None:
    """Remove a history that does not fit the story; each of its steps is read strictly when it is
    undone."""
    journal = Journal(folder / CHANGES)
    journal.read((folder / STORY_FILE).read_bytes())
    if not (journal.undo_label or journal.redo_label):
        journal.path.unlink(missing_ok=True)


def _check_takes(story: Story, folder: Path) -> None:
    _check_names(story)
    for event in story.events:
        if event.take is not None:
            take_path(folder, event.take)


def _check_names(story: Story) -> None:
    for name in (take.file for event in story.events for take in event.takes):
        if name and not _is_take(name):
            raise FileError(
                f"The take {name[:60]!r} cannot be in a bundle; only takes/NAME.flac can, with a "
                "name of letters, digits and dashes."
            )


def _check_sounds(folder: Path, cancel: threading.Event | None) -> None:
    takes, recordings = (sorted((folder / part).iterdir()) for part in ("takes", "recordings"))
    left = MAX_UNPACKED
    for path in (*takes, *recordings):
        try:
            _check_flac(path)
            if path in recordings:
                left -= _check_whole(path, left, MAX_CHANNELS, cancel)
                read_recording(path, cancel)  # as it is read when a take begins from it
            else:
                left -= _check_whole(path, left, 2, cancel)
        except Cancelled:
            raise
        except (soundfile.SoundFileError, StudioError):
            raise FileError(
                f"{path.name} in the bundle is not a sound; it was not opened."
            ) from None


def _check_flac(path: Path) -> None:
    """Before libsndfile opens it, whose other readers may take their time."""
    with path.open("rb") as file:
        if file.read(len(_FLAC)) != _FLAC:
            raise FileError("not a FLAC")


def _check_whole(path: Path, most: int, channels: int, cancel: threading.Event | None) -> int:
    """Decode the whole sound once; returns its samples, of all channels together."""
    with soundfile.SoundFile(str(path)) as file:
        samples = int(file.frames * file.channels)
        long = file.frames > MAX_TAKE_SECONDS * file.samplerate or samples > most
        usual = RATE_RANGE[0] <= file.samplerate <= RATE_RANGE[1]
        if not usual or file.channels > channels or long or not file.frames:
            raise FileError("not a take")
        decoded = 0
        for block in file.blocks(65_536, dtype="float32"):
            raise_if_cancelled(cancel, _WORK)
            decoded += len(block)
            if not np.isfinite(block).all():
                raise FileError("not a take")
        if decoded != file.frames:
            raise FileError("not a take")
    return samples
