"""The sub-command `open`: unpack a bundle among the stories."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from core.places import stories_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says which bundle to open, and where."""
    parser.add_argument("file", type=Path, help="NAME.story.zip")
    parser.add_argument("--stories", type=Path, help="folder of the stories")


def run(arguments: argparse.Namespace) -> None:
    """Print the folder of the story that was in the bundle."""
    from core.export.bundle import NO_HISTORY, open_bundle
    from core.story.library import Library

    library = Library(arguments.stories or stories_folder())
    library.tidy()
    folder = open_bundle(arguments.file, library)
    print(folder)
    if not library.open(folder.name).undo_count:
        print(NO_HISTORY, file=sys.stderr)
