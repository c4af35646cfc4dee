"""Where things are kept on this machine; nothing else asks for the home or temporary folders.

A machine may have neither: containers run under user ids that nobody knows, homes are mounted
read-only, temporary folders are full. What can be kept elsewhere is, and that is said.
"""

from __future__ import annotations

import functools
import logging
import os
import tempfile
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path

from core.errors import FileError

NAME = "audiostory-studio"
STORIES = "AudioStories"
_UPLOADS = "GRADIO_TEMP_DIR"


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
        folder = Path(tempfile.gettempdir()) / f"{NAME}-{user}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    ours = not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & 0o022)
    return folder if ours and not folder.is_symlink() and can_write(folder) else None


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


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A new folder of our own that is gone when the block ends.

    Raises:
        FileError: no temporary folder can be written.
    """
    try:
        made = tempfile.TemporaryDirectory(prefix="audiostory-", ignore_cleanup_errors=True)
    except OSError as cause:
        raise FileError(
            f"No folder for temporary files can be written ({cause.strerror}); free some space, "
            "or name a folder in TMPDIR."
        ) from None
    with made as folder:
        yield Path(folder)
