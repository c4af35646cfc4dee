"""The sub-command `describe`: one line about a sound file."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from core.commands import plan
from core.profile import DEFAULT_PROFILE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says which sound to describe, and what to ask."""
    parser.add_argument("file", type=Path)
    parser.add_argument("--question", help="what to ask about it (default: what is heard)")
    parser.add_argument("--profile", default=DEFAULT_PROFILE)


def run(arguments: argparse.Namespace) -> None:
    """Print the answer; what of the file is not heard goes to stderr."""
    from core.director.describe import QUESTION, describe

    model = plan.load_model(arguments.profile)
    question = arguments.question or QUESTION
    print(describe(model, arguments.file, question, tell=partial(print, file=sys.stderr)))
