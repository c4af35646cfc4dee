"""The command line: every sub-command, and the one place where errors are printed.

Without a sub-command the studio is served; what needs the model imports it only then, so that the
studio's page is there at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from core.commands import plan, render
from core.errors import StudioError
from core.export import command as export
from core.export.bundle import open_bundle
from core.profile import DEFAULT_PROFILE
from core.story.folders import DEFAULT_ROOT, Library

Serve = Callable[[argparse.Namespace], None]

_OWN_PARSERS = {
    "train": ("core.training.command", "train the pocket model"),
    "evaluate": ("core.evaluation.command", "measure the model"),
    "bench": ("core.evaluation.bench", "measure speed"),
    "card": ("core.experiments.card", "write the model card's figures and all tables"),
    "import": ("core.release.command", "make a profile of the published AudioStory-3B"),
    "doctor": ("core.doctor", "say what works on this machine"),
}
"""Commands whose module has a `main(argv)` and is imported only then, since that takes seconds."""
DESCRIPTION = "Draft, edit and render long narrative audio from one instruction."


def _parser() -> argparse.ArgumentParser:
    """The parser with all sub-commands; `serve` holds when none is named."""
    root = argparse.ArgumentParser(prog="app.py", description=DESCRIPTION)
    commands = root.add_subparsers(dest="command")
    _add_serve(commands.add_parser("serve", help="serve the studio (the default)"))
    plan.add_arguments(commands.add_parser("plan", help="write an instruction's plan as JSON"))
    render.add_arguments(
        commands.add_parser("render", help="plan, render and mix a story to a sound file")
    )
    export.add_arguments(commands.add_parser("export", help="export a story's folder"))
    opening = commands.add_parser("open", help="open a story that was exported with --zip")
    opening.add_argument("file", type=Path, help="NAME.story.zip")
    opening.add_argument("--stories", type=Path, default=DEFAULT_ROOT)
    describing = commands.add_parser("describe", help="say what is heard in a sound file")
    describing.add_argument("file", type=Path)
    describing.add_argument("--question", help="what to ask about it (default: what is heard)")
    describing.add_argument("--profile", default=DEFAULT_PROFILE)
    for name, (_, text) in _OWN_PARSERS.items():
        commands.add_parser(name, help=text, add_help=False)
    return root


def _add_serve(serving: argparse.ArgumentParser) -> None:
    serving.add_argument("--profile", default=DEFAULT_PROFILE)
    serving.add_argument("--host", default="127.0.0.1")
    serving.add_argument("--port", type=int, default=7860)
    serving.add_argument("--stories", type=Path, default=DEFAULT_ROOT)
    serving.add_argument("--no-browser", action="store_true", help="do not open the page")
    serving.add_argument("--mcp", action="store_true", help="offer draft, render, export as tools")


def main(argv: Sequence[str], serve: Serve) -> int:
    """Run one command; a mistake of the user's prints one sentence and returns 1.

    Args:
        serve: opens the studio; handed in, since core/ knows nothing of the page.
    """
    try:
        _dispatch(list(argv), serve)
    except StudioError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    return 0


def _dispatch(argv: list[str], serve: Serve) -> None:
    name, rest = (argv[0], argv[1:]) if argv else ("serve", [])
    if name in _OWN_PARSERS:
        import_module(_OWN_PARSERS[name][0]).main(rest)
        return
    named = not name.startswith("-") or name in ("-h", "--help")
    arguments = _parser().parse_args(argv if argv and named else ["serve", *argv])
    if arguments.command == "serve":
        serve(arguments)
    else:
        _COMMANDS[arguments.command](arguments)


def _describe(arguments: argparse.Namespace) -> None:
    """The sub-command `describe`: one line about a sound file."""
    from core.director.describe import QUESTION, describe

    model = plan.load_model(arguments.profile)
    print(describe(model, arguments.file, arguments.question or QUESTION))


def _open(arguments: argparse.Namespace) -> None:
    """The sub-command `open`: unpack a bundle among the stories and print its folder."""
    print(open_bundle(arguments.file, Library(arguments.stories)))


_COMMANDS: dict[str, Callable[[argparse.Namespace], object]] = {
    "plan": plan.run,
    "render": render.run,
    "export": export.run,
    "describe": _describe,
    "open": _open,
}
