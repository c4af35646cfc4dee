"""Where things are kept on this machine; nothing else asks for the home or temporary folders.

A machine may have neither: containers run under user ids that nobody knows, homes are mounted
read-only, temporary folders are full. What can be kept elsewhere is, and that is said.
"""

from __future__ import annotations

import functools
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, MutableMapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from core.errors import FileError
from core.ownership import owned, remove_abandoned

NAME = "audiostory-studio"
STORIES = "AudioStories"
_UPLOADS = "GRADIO_TEMP_DIR"
_TEMPORARY = "audiostory-run-"
"""What the names of temporary folders begin with, none of which outlasts its process."""


def home_folder() -> Path | None:
    """The user's home; None where the system knows none."""
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home if home.is_absolute() else None


def stories_folder() -> Path:
    """Where stories are kept if no other folder is named.

    Raises:
        FileError: no home is known.
    """
    home = home_folder()
    if home is None:
        raise FileError(
            "No home folder is known here, so stories have no place; name one with --stories."
        )
    return home / STORIES


def data_folder() -> Path | None:
    """Where imported checkpoints are kept; None where no home is known."""
    return _base_folder("XDG_DATA_HOME", Path(".local", "share"))


def _base_folder(variable: str, below_home: Path) -> Path | None:
    """Our folder in one of the XDG base directories; a relative path in its variable is no path."""
    named, home = Path(os.environ.get(variable, "")), home_folder()
    if named.is_absolute():
        return named / NAME
    return home / below_home / NAME if home else None


def cache_folder() -> Path | None:
    """Where what was converted is kept: a folder that can be written, made if need be.

    In a home that cannot be written a temporary folder of the user's own takes its place, which is
    said. None: there is none either, and nothing can be kept.
    """
    usual = _base_folder("XDG_CACHE_HOME", Path(".cache"))
    return _writable_cache(usual, _own_temporary_folder())


@functools.cache
def _writable_cache(usual: Path | None, instead: Path | None) -> Path | None:
    if usual is not None and can_write(usual):
        return usual
    name = usual or "A cache folder"
    if instead is None:
        logging.warning(
            "%s cannot be written: the model is converted at every start, which takes a minute; "
            "name a folder in XDG_CACHE_HOME.",
            name,
        )
    else:
        logging.warning("%s cannot be written: converted weights are kept in %s.", name, instead)
    return instead


def _own_temporary_folder() -> Path | None:
    """A lasting folder below the temporary one that nobody else could have put anything into."""
    user = os.getuid() if hasattr(os, "getuid") else ""
    try:
        folder = _shared_temporary_folder() / f"{NAME}-{user}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    ours = not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & 0o022)
    return folder if ours and not folder.is_symlink() and can_write(folder) else None


def _shared_temporary_folder() -> Path:
    """The system's, also where libraries use one of our own (`settle_temporary_files`)."""
    used = Path(tempfile.gettempdir())
    ours = [f for f in (used, *used.parents) if f.name.startswith(_TEMPORARY)]
    return ours[-1].parent if ours else used


def can_write(folder: Path) -> bool:
    """Whether files can be made in a folder, which is made itself if need be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def settle_uploads(folder: Path, environ: MutableMapping[str, str]) -> None:
    """Let Gradio keep what is uploaded in `folder`; by default it is one that all users share.

    Read when Gradio is imported. A folder that the user names is kept if it can be written.
    """
    named = environ.get(_UPLOADS)
    if not named or not can_write(Path(named)):
        if named:
            logging.warning("%s, named in %s, cannot be written and is not used.", named, _UPLOADS)
        environ[_UPLOADS] = str(folder)


def settle_temporary_files(folder: Path) -> None:
    """Let all libraries keep their temporary files in `folder` from now on; it is made.

    Some leave them behind when they fail or are killed, as pydub does; below a folder of
    `temporary_folder` they go with it, or at the next start.

    Raises:
        FileError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise _no_temporary_folder(cause) from None
    tempfile.tempdir = str(folder)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A new folder of our own that is gone when the block ends; those of processes that were killed
    go when the next is made.

    Raises:
        FileError: no temporary folder can be written.
    """
    with ExitStack() as stack:
        try:
            remove_abandoned(_left_temporary_folders())
            made = stack.enter_context(owned(lambda: Path(tempfile.mkdtemp(prefix=_TEMPORARY))))
        except OSError as cause:
            raise _no_temporary_folder(cause) from None
        stack.callback(shutil.rmtree, made, ignore_errors=True)
        yield made


def _no_temporary_folder(cause: OSError) -> FileError:
    return FileError(
        f"No folder for temporary files can be written ({cause.strerror}); free some "
        "space, or name a folder in TMPDIR."
    )


def _left_temporary_folders() -> Iterator[Path]:
    """Those that processes of this user made, which may live no more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_TEMPORARY}*"):
        with suppress(OSError):
            if not hasattr(os, "getuid") or folder.lstat().st_uid == os.getuid():
                yield folder
