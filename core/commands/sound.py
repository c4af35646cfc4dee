"""The sub-command `sound`: sounds of one's own that the model learns from a few recordings.

python app.py sound learn "my kettle" RECORDINGS --licence CC-BY-4.0 --consent
python app.py sound learn "my kettle"
python app.py sound list
python app.py sound export "my kettle" kettle.safetensors
python app.py sound import kettle.safetensors
python app.py sound remove "my kettle"

RECORDINGS is a folder with 5 to 50 of them. An event whose caption has the sound's name is
performed by it from then on. Without a folder, a lesson that was stopped goes on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.profile import DEFAULT_PROFILE, load_profile

if TYPE_CHECKING:
    from core.training.own_sound import LessonProgress


def main(argv: Sequence[str]) -> None:
    """Run what the command line asks for.

    Raises:
        StudioError: in one sentence what is wrong and what to do.
    """
    arguments = _parser().parse_args(argv)
    commands = {
        "learn": _learn,
        "list": _list,
        "remove": _remove,
        "export": _export,
        "import": _import,
    }
    commands[arguments.command](arguments)


def _parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(
        prog="app.py sound",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root.add_argument("--profile", default=DEFAULT_PROFILE, help="the model that learns")
    commands = root.add_subparsers(dest="command", required=True)
    learning = commands.add_parser("learn", help="learn a sound from a folder of recordings")
    learning.add_argument("name", help="as captions will name it")
    learning.add_argument("folder", type=Path, nargs="?", help="none: go on with a lesson")
    learning.add_argument("--licence", default="", help="under which the sound may be used")
    learning.add_argument(
        "--consent",
        action="store_true",
        help="these are your own recordings, or you may use them so, and all who are heard agree",
    )
    learning.add_argument("--by", default="", help="who recorded them")
    learning.add_argument("--also", nargs="+", default=[], metavar="NAME", help="further names")
    learning.add_argument(
        "--steps", type=int, help="of the training (default: what fits in ten minutes, at most 600)"
    )
    commands.add_parser("list", help="list your sounds and lessons that were stopped")
    removing = commands.add_parser("remove", help="delete a sound, or a lesson; takes stay")
    removing.add_argument("name")
    exporting = commands.add_parser("export", help="write a sound's file, to hand it on")
    exporting.add_argument("name")
    exporting.add_argument("file", type=Path)
    importing = commands.add_parser("import", help="take over a sound's file")
    importing.add_argument("file", type=Path)
    return root


def _learn(arguments: argparse.Namespace) -> None:
    from core.own_sounds.recordings import recordings_in
    from core.own_sounds.store import sounds_folder
    from core.training.sound_lessons import SoundToLearn, begin_lesson, finish_lesson

    profile, sounds = load_profile(arguments.profile), sounds_folder()
    if arguments.folder is not None:
        wanted = SoundToLearn(
            arguments.name,
            arguments.licence,
            arguments.consent,
            tuple(arguments.also),
            arguments.by,
        )
        recordings = recordings_in(arguments.folder.expanduser())
        begin_lesson(profile, sounds, wanted, recordings, steps=arguments.steps)
    try:
        about = finish_lesson(profile, sounds, arguments.name, _show)
    except KeyboardInterrupt:
        print(f'\nStopped; `app.py sound learn "{arguments.name}"` goes on.', file=sys.stderr)
        raise
    print(file=sys.stderr)
    print(f"{about.name}: learned from {about.recordings} recordings, {about.licence}")
    print(f'app.py render "{about.name}" --out sound.wav')


def _show(progress: LessonProgress) -> None:
    left = f", {progress.seconds_left / 60:.1f} minutes left" if progress.step else ""
    print(f"\r{progress.step} of {progress.steps} steps{left}   ", end="", file=sys.stderr)
    sys.stderr.flush()


def _list(arguments: argparse.Namespace) -> None:
    from core.own_sounds.own_sound import OwnSound
    from core.own_sounds.store import own_sounds, sounds_folder
    from core.training.sound_lessons import lessons_left

    sounds = sounds_folder()
    found, left = own_sounds(sounds), lessons_left(sounds)
    for path, about in found.items():
        if isinstance(about, OwnSound):
            also = f", also {', '.join(about.wordings)}" if about.wordings else ""
            by = f" by {about.recorded_by}" if about.recorded_by else ""
            print(
                f"{about.name}{also}: {about.recordings} recordings{by}, {about.licence}, "
                f"learned {about.learned}, {path}"
            )
        else:
            print(f"{path.name} cannot be used: {about}")
    for name in left:
        print(f'{name}: its lesson was stopped; `app.py sound learn "{name}"` goes on')
    if not found and not left:
        print("There is no own sound yet; `app.py sound learn NAME RECORDINGS` learns one.")


def _remove(arguments: argparse.Namespace) -> None:
    from core.own_sounds.store import remove_sound, sounds_folder
    from core.training.sound_lessons import drop_lesson, lessons_left

    sounds = sounds_folder()
    if arguments.name in lessons_left(sounds):
        drop_lesson(sounds, arguments.name)
        print(f"The lesson of {arguments.name} is gone.")
        return
    gone = remove_sound(sounds, arguments.name)
    print(f"{gone.name} is removed; takes that it made stay.")


def _export(arguments: argparse.Namespace) -> None:
    from core.own_sounds.store import export_sound, sounds_folder

    print(export_sound(sounds_folder(), arguments.name, arguments.file.expanduser()))


def _import(arguments: argparse.Namespace) -> None:
    from core.own_sounds.store import import_sound, sounds_folder

    profile = load_profile(arguments.profile)
    about = import_sound(sounds_folder(), profile, arguments.file.expanduser())
    by = f" by {about.recorded_by}" if about.recorded_by else ""
    print(f"{about.name}: {about.recordings} recordings{by}, {about.licence}")
