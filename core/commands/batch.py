"""The sub-command `batch`: many stories from a table of briefs.

python app.py batch briefs.csv --out STORIES --on local:4
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands import farm_option
from core.commands.plan import DEFAULT_SECONDS, load_model
from core.errors import StudioError
from core.profile import DEFAULT_PROFILE

if TYPE_CHECKING:
    from core.audiostory import AudioStory
    from core.batch.table import BriefReport, TableRun
    from core.farm.farm import Farm
    from core.story.story import Story

_AHEAD = 2
"""Briefs for each worker of a farm: one story is planned while another's events are rendered."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says which table, how to render it, and where to write the stories."""
    parser.add_argument(
        "briefs",
        type=Path,
        help="table (.csv, .tsv, .jsonl) with `instruction` and, if wanted, `duration`, `seed`, "
        "`title`",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="folder for the mixes, the report and the stories; what is there already is not made "
        "again",
    )
    parser.add_argument("--profile", default=DEFAULT_PROFILE)
    parser.add_argument("--draft", action="store_true", help="the profile's draft quality")
    parser.add_argument(
        "--placeholders", action="store_true", help="perform unknown sounds as what is nearest"
    )
    farm_option.add_on(parser)


def run(arguments: argparse.Namespace) -> None:
    """Make the stories, say what becomes of each, and end with a sum.

    Raises:
        StudioError: the table cannot be read, or not all of it could be made.
    """
    from core.batch.briefs import read_table

    briefs = read_table(arguments.briefs)
    address = farm_option.read_on(arguments.on)
    model = load_model(arguments.profile)
    from core.batch.table import REPORT, render_table
    from core.performers import performers_here

    with farm_option.farm_on(address, model) as farm:
        performers = performers_here(model.profile)
        how = dataclasses.replace(_how(model, farm, arguments), performers=performers)
        reports = render_table(how, briefs, _say)
    failed = sum(report.status != "done" for report in reports)
    print(f"{len(reports) - failed} of {len(briefs)} stories: {arguments.out / REPORT}")
    if failed:
        raise StudioError(f"{failed} could not be made; {REPORT} says why of each.")


def _how(model: AudioStory, farm: Farm | None, arguments: argparse.Namespace) -> TableRun:
    """How the arguments want the stories to be made."""
    from core.batch.table import TableRun, plan_here
    from core.farm.tasks import Priority
    from core.render.render import render_events

    settings = model.profile.draft if arguments.draft else model.profile.final
    usual = (DEFAULT_SECONDS, arguments.placeholders)
    if farm is None:
        here = partial(plan_here, model)
        return TableRun(model, arguments.out, settings, here, render_events, *usual)
    user = farm_option.this_user()

    def plan_there(instruction: str, seconds: float, seed: int, cancel: threading.Event) -> Story:
        return farm.plan(instruction, seconds, seed, owner=user, cancel=cancel)

    state = farm.state
    at_once = _AHEAD * (len(state.workers) + state.starting)
    render = farm.renderer(user, Priority.TABLE)
    return TableRun(model, arguments.out, settings, plan_there, render, *usual, at_once)


def _say(report: BriefReport) -> None:
    note = f": {report.note}" if report.note else ""
    print(f"{report.title}: {report.status}{note}", file=sys.stderr)
