"""The sub-command `serve`, the default: its arguments. The page itself is in studio/."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from core.commands import farm_option
from core.errors import FileError, StudioError
from core.places import can_write, stories_folder
from core.profile import DEFAULT_PROFILE

PASSWORD = "AUDIOSTORY_PASSWORD"
"""Environment variable; on the command line itself a password could be read by everyone here."""
SHORTEST_PASSWORD = 8
"""Characters. A visitor may try as many passwords as the network carries."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says which model to serve, at which address, with whose stories."""
    parser.add_argument("--profile", default=DEFAULT_PROFILE)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="another name by which the page is reached (repeat it for more)",
    )
    parser.add_argument(
        "--password-file",
        type=Path,
        help=f"file whose first line visitors have to know (or {PASSWORD})",
    )
    parser.add_argument("--port", type=int, default=7860)
    parser.add_argument("--stories", type=Path, help="folder of the stories")
    parser.add_argument("--no-browser", action="store_true", help="do not open the page")
    parser.add_argument("--mcp", action="store_true", help="offer draft, render, export as tools")
    about = "so many studios behind the address, by Ray Serve; one that dies is replaced"
    parser.add_argument("--replicas", type=int, default=1, metavar="N", help=about)
    farm_option.add_on(parser)


def library_folder(named: Path | None) -> Path:
    """The folder of the stories, which is made if need be.

    Raises:
        FileError: no home is known, or the folder cannot be written.
    """
    folder = named or stories_folder()
    if not can_write(folder):
        raise FileError(f"Stories cannot be kept in {folder}; name another folder with --stories.")
    return folder


def visitors_password(file: Path | None, environ: Mapping[str, str]) -> str:
    """What visitors have to know; empty where nothing was asked for.

    Raises:
        FileError: the file cannot be read.
        StudioError: the password is too short.
    """
    if file is None and not environ.get(PASSWORD):
        return ""
    if file is None:
        password = environ[PASSWORD]
    else:
        try:
            password = file.read_text(encoding="utf-8").partition("\n")[0].strip()
        except (OSError, UnicodeError):
            raise FileError(
                f"The password in {file} cannot be read; name a text file with --password-file."
            ) from None
    if len(password) < SHORTEST_PASSWORD:
        raise StudioError(
            f"The password has fewer than {SHORTEST_PASSWORD} characters; choose a longer one."
        )
    return password
