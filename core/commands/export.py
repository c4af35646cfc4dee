"""The sub-command `export`.

python app.py export story/ --format wav24 --stems --rpp --otio --loudness -16
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
from datetime import datetime
from pathlib import Path

from core.export.deliver import Delivery, export
from core.export.folder import OpenStory, open_story
from core.export.settings import FORMATS, PRESETS, RATES, ExportSettings
from core.profile import load_profile

MARKERS = ("audacity", "csv", "json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `export` to its sub-parser.

    Those that are settings bear the names of `ExportSettings`; what is not given is left out, so
    that the preset holds.
    """
    parser.add_argument("story", type=Path, help="story folder (with story.json and takes/)")
    parser.add_argument("--out", type=Path, help="folder to write to (default: STORY/exports)")
    parser.add_argument("--title", help="title in names and metadata (default: the folder's name)")
    parser.add_argument("--preset", choices=sorted(PRESETS), help="settings to begin from")
    group = parser.add_argument_group("settings", argument_default=argparse.SUPPRESS)
    group.add_argument("--name", help="name pattern of the files (default: {title})")
    group.add_argument("--format", choices=sorted(FORMATS), help="format of the mix (wav24)")
    group.add_argument("--rate", type=int, choices=RATES, help="Hz (default: the story's)")
    group.add_argument(
        "--loudness", type=_level, metavar="LUFS", help="target such as -23, -16, -14, or none"
    )
    group.add_argument(
        "--ceiling",
        type=_level,
        dest="ceiling_db",
        metavar="DBTP",
        help="true-peak ceiling (-1), or none",
    )
    group.add_argument("--curve", choices=("linear", "equal-power", "s-curve"), help="of fades")
    group.add_argument("--exact", action="store_true", help="join as the published release does")
    group.add_argument(
        "--stems",
        nargs="?",
        const="both",
        choices=("events", "layers", "both", "none"),
        help="write stems, before the master (without a word: both)",
    )
    group.add_argument("--stem-format", choices=sorted(FORMATS), help="of the stems (wav32f)")
    group.add_argument(
        "--stem-start", choices=("story", "event"), help="begin stems with the story or the event"
    )
    group.add_argument(
        "--stem-name", help='such as "{title} - {index} {caption}"; {ucs} is the category'
    )
    group.add_argument(
        "--loop",
        action="store_true",
        help="event stems of textures as seamless loops, others trimmed",
    )
    group.add_argument(
        "--markers", nargs="*", choices=MARKERS, help="marker lists (without a word: all three)"
    )
    group.add_argument("--rpp", action="store_true", dest="reaper", help="Reaper project")
    group.add_argument("--otio", action="store_true", help="OpenTimelineIO timeline")
    group.add_argument(
        "--aaf", action="store_true", help="AAF (needs the extra: pip install -e '.[aaf]')"
    )
    group.add_argument(
        "--leave-out", action="store_true", default=False, help="leave out events without a sound"
    )
    group.add_argument("--zip", action="store_true", dest="bundle", help="bundle for `app.py open`")


def _level(text: str) -> float | None:
    level = None if text.lower() == "none" else float(text)
    if level is not None and not math.isfinite(level):
        raise argparse.ArgumentTypeError("should be an ordinary number or none")
    return level


def settings_from(args: argparse.Namespace) -> ExportSettings:
    """The preset, or the defaults, with what was given on the command line."""
    settings = PRESETS[args.preset] if args.preset else ExportSettings()
    names = {field.name for field in dataclasses.fields(ExportSettings)}
    given = {name: value for name, value in vars(args).items() if name in names}
    if "markers" in given:
        given["markers"] = tuple(given["markers"]) or MARKERS
    if given.get("loop"):
        given.setdefault("stem_start", "event")
        if settings.stems == "none":
            given.setdefault("stems", "events")
    return dataclasses.replace(settings, **given)


def _categories(opened: OpenStory, settings: ExportSettings) -> dict[str, str]:
    """The events' categories, where the names of the stems hold them."""
    if "{ucs}" not in settings.stem_name:
        return {}
    from core.bridge.categories import event_categories

    return event_categories(load_profile("pocket"), opened.story.events)


def run(args: argparse.Namespace) -> Delivery:
    """Export as `args` say and print what was made.

    Raises:
        StudioError: in one sentence what is wrong and what to do.
    """
    settings = settings_from(args)
    opened = open_story(args.story, None if args.leave_out else ())
    shown = sys.stderr.isatty()

    def progress(done: float, what: str) -> None:
        if shown:
            print(f"\r{done:4.0%} {what:<20}", end="", file=sys.stderr)

    delivery = export(
        opened,
        args.out or opened.folder / "exports",
        settings,
        title=args.title,
        created=datetime.now().astimezone(),
        categories=_categories(opened, settings),
        on_progress=progress,
    )
    if shown:
        print(file=sys.stderr)
    for path in delivery.files:
        print(path)
    levels = delivery.loudness
    print(f"{levels.integrated:.1f} LUFS, {levels.spread:.1f} LU, {levels.true_peak:.1f} dBTP")
    for note in delivery.notes:
        print(note)
    return delivery
