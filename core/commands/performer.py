"""The sub-command `performer`: other people's text-to-audio models, beside our own.

python app.py performer add tangoflux
python app.py performer add ~/models/stable-audio-3 --name sa3
python app.py performer add OWNER/REPOSITORY --accept-licence
python app.py performer list
python app.py performer remove sa3
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from core.errors import FileError


def main(argv: Sequence[str]) -> None:
    """Run what the command line asks for.

    Raises:
        StudioError: in one sentence what is wrong and what to do.
    """
    parser = argparse.ArgumentParser(
        prog="app.py performer",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    adding = commands.add_parser("add", help="fetch, check and register one")
    adding.add_argument("source", help="a known name, a folder, or OWNER/REPOSITORY of a hub")
    adding.add_argument("--name", help="what stories call it (default: its kind's)")
    adding.add_argument(
        "--accept-licence", action="store_true", help="accept its terms without being asked"
    )
    adding.add_argument("--endpoint", help="another hub than huggingface.co")
    commands.add_parser("list", help="list those registered, and the known names")
    removing = commands.add_parser("remove", help="take one off the list; its files stay")
    removing.add_argument("name")
    arguments = parser.parse_args(argv)
    {"add": _add, "list": _list, "remove": _remove}[arguments.command](arguments)


def _add(arguments: argparse.Namespace) -> None:
    from core.pretrained.checking import check_name, found_in, kind_of, try_out
    from core.pretrained.fetching import REPOSITORY, fetch_card, fetch_weights, kind_fetched
    from core.pretrained.kinds import PRETRAINED
    from core.pretrained.registry import FETCHED, performers_folder, register

    source, home = arguments.source, performers_folder()
    known = PRETRAINED.get(source)
    if known is not None and not known.repository:
        raise FileError(known.note)
    path = Path(source).expanduser()
    if known is None and path.is_dir():
        folder, source, repository = path, str(path.resolve()), ""
    elif known is not None or REPOSITORY.fullmatch(source):
        repository = known.repository if known else source
        folder = home / FETCHED / repository.replace("/", "--")
        fetch_card(repository, folder, arguments.endpoint)
    else:
        raise FileError(
            f"There is no performer or folder {source!r}; name a folder, OWNER/REPOSITORY, or one "
            f"of {', '.join(PRETRAINED)}."
        )
    kind = kind_fetched(arguments.source, folder) if repository else PRETRAINED[kind_of(folder)]
    usual = next(name for name, each in PRETRAINED.items() if each is kind)
    name = check_name(arguments.name or usual)
    _accept(kind.title, kind.note, repository or str(folder), folder, arguments.accept_licence)
    if repository:
        fetch_weights(repository, kind, folder, arguments.endpoint)
    print(f"checking {kind.title}", file=sys.stderr)
    found = found_in(folder, name, repository or source)
    try_out(found)
    register(home, found)
    print(f"{name}: {kind.title}, {found.bytes / 4e9:.2f} billion weights, from {found.source}")
    print(f'app.py render "rain on a roof" --performer {name} --out rain.wav')


def _accept(title: str, note: str, source: str, folder: Path, accepted: bool) -> None:
    """Show under which terms a performer is had, and ask whether they are accepted.

    Raises:
        FileError: they are not.
    """
    from core.pretrained.checking import licence_in

    licence = licence_in(folder) or "not said; ask its publisher"
    print(f"{title}, from {source}\nLicence: {licence}", file=sys.stderr)
    for path in sorted(folder.glob("LICENSE*")):
        print(f"Its text: {path}", file=sys.stderr)
    if note:
        print(note, file=sys.stderr)
    if accepted:
        return
    if not sys.stdin.isatty():
        raise FileError("Nobody can be asked here; read the licence, then add --accept-licence.")
    if input("Use it under this licence? [y/N] ").strip().lower() not in ("y", "yes"):
        raise FileError("The licence was not accepted; nothing was added.")


def _list(arguments: argparse.Namespace) -> None:
    from core.pretrained.kinds import PRETRAINED
    from core.pretrained.registry import performers_folder, registered

    found = registered(performers_folder())
    for entry in found:
        kind = PRETRAINED[entry.kind]
        there = "" if Path(entry.folder).is_dir() else " (its folder is missing)"
        licence = entry.licence or "licence not said"
        print(f"{entry.name}: {kind.title}, {licence}, {entry.folder}{there}")
    if not found:
        print("No performer is registered beside our own.")
    names = ", ".join(name for name, kind in PRETRAINED.items() if kind.repository)
    print(f"`app.py performer add` knows {names}, folders, and OWNER/REPOSITORY of a hub.")


def _remove(arguments: argparse.Namespace) -> None:
    from core.pretrained.registry import performers_folder, unregister

    gone = unregister(performers_folder(), arguments.name)
    print(f"{gone.name} is off the list; its files are still in {gone.folder}.")
