"""The sub-command `serve`, the default: its arguments. The page itself is in studio/."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.errors import FileError
from core.places import can_write, stories_folder
from core.profile import DEFAULT_PROFILE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says which model to serve, at which address, with whose stories."""
    parser.add_argument("--profile", default=DEFAULT_PROFILE)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=7860)
    parser.add_argument("--stories", type=Path, help="folder of the stories")
    parser.add_argument("--no-browser", action="store_true", help="do not open the page")
    parser.add_argument("--mcp", action="store_true", help="offer draft, render, export as tools")


def library_folder(named: Path | None) -> Path:
    """The folder of the stories, which is made if need be.

    Raises:
        FileError: no home is known, or the folder cannot be written.
    """
    folder = named or stories_folder()
    if not can_write(folder):
        raise FileError(f"Stories cannot be kept in {folder}; name another folder with --stories.")
    return folder
