"""The command line: every sub-command, and the one place where errors are printed.

Without a sub-command the studio is served. A command's module is imported when it is asked for, and
what needs the model imports that only then: some of it takes seconds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from core.environment import check_working_folder, leave_output
from core.errors import StudioError

Serve = Callable[[argparse.Namespace], None]

_COMMANDS = {
    "serve": ("core.commands.serve", "serve the studio (the default)"),
    "plan": ("core.commands.plan", "write an instruction's plan as JSON"),
    "render": ("core.commands.render", "plan, render and mix a story to a sound file"),
    "batch": ("core.commands.batch", "make many stories from a table of briefs"),
    "export": ("core.commands.export", "export a story's folder"),
    "open": ("core.commands.open", "open a story that was exported with --zip"),
    "library": ("core.commands.library", "index, search and use one's own recordings"),
    "describe": ("core.commands.describe", "say what is heard in a sound file"),
}
"""Commands whose module has `add_arguments` and `run`."""
_OWN_PARSERS = {
    "train": ("core.training.command", "train the pocket model"),
    "evaluate": ("core.evaluation.command", "measure the model"),
    "bench": ("core.evaluation.bench", "measure speed"),
    "card": ("core.experiments.card", "write the model card's figures and all tables"),
    "import": ("core.release.command", "make a profile of the published AudioStory-3B"),
    "performer": ("core.commands.performer", "add other performers, list and remove them"),
    "sound": ("core.commands.sound", "learn sounds of one's own, list, hand on, remove them"),
    "doctor": ("core.doctor", "say what works on this machine"),
}
"""Commands whose module has a `main(argv)`."""
DESCRIPTION = "Draft, edit and render long narrative audio from one instruction."
_MOST_OF_A_PATH = 200
"""Characters that are printed of a path that cannot be used."""
INTERRUPTED = 130
"""What a shell returns for a program that was stopped with Ctrl C."""


def _parser(name: str) -> argparse.ArgumentParser:
    """The parser that lists all sub-commands and knows the arguments of one."""
    root = argparse.ArgumentParser(prog="app.py", description=DESCRIPTION)
    commands = root.add_subparsers(dest="command")
    for command, (module, text) in _COMMANDS.items():
        parser = commands.add_parser(command, help=text)
        if command == name:
            import_module(module).add_arguments(parser)
    for command, (_, text) in _OWN_PARSERS.items():
        commands.add_parser(command, help=text, add_help=False)
    return root


def main(argv: Sequence[str], serve: Serve) -> int:
    """Run one command; a mistake of the user's prints one sentence and returns 1.

    Args:
        serve: opens the studio; handed in, since core/ knows nothing of the page.
    """
    try:
        try:
            check_working_folder()
            _dispatch(list(argv), serve)
        finally:
            sys.stdout.flush()
    except StudioError as error:
        return _refuse(error)
    except BrokenPipeError:  # whoever read the output has seen enough
        leave_output(sys.stdout)
        leave_output(sys.stderr)
        return 1
    except UnicodeEncodeError as error:
        text = error.object[error.start : error.end]
        return _refuse(
            f"{text!r} cannot be written in this system's encoding ({error.encoding}); set "
            "PYTHONUTF8=1 and start again."
        )
    except OSError as error:
        leave_output(sys.stdout)
        place = str(error.filename or "A file")
        if len(place) > _MOST_OF_A_PATH:
            place = f"{place[:_MOST_OF_A_PATH]}…"
        return _refuse(f"{place} cannot be used ({error.strerror or error}); choose another place.")
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return INTERRUPTED
    return 0


def _refuse(reason: object) -> int:
    print(reason, file=sys.stderr)
    return 1


def _dispatch(argv: list[str], serve: Serve) -> None:
    name, rest = (argv[0], argv[1:]) if argv else ("serve", [])
    if name in _OWN_PARSERS:
        import_module(_OWN_PARSERS[name][0]).main(rest)
        return
    if name.startswith("-") and name not in ("-h", "--help"):
        name, rest = "serve", argv
    arguments = _parser(name).parse_args([name, *rest])
    if name == "serve":
        serve(arguments)
        return
    command: Any = import_module(_COMMANDS[name][0])
    command.run(arguments)
