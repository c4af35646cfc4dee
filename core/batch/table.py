"""Many stories from a table of briefs, here or on a farm; what is done already is not done again.

What is on disk says what is done: a brief's story has a folder of its own, made in one step when it
is planned; its takes lie there; its mix is the last file that is written. So a run that was killed
is taken up by the same line, wherever it was.

Plain jobs on the farm serve this better than a Ray Data pipeline: one brief becomes any number of
takes, which this machine's folders keep one by one; a person who waits for a take goes first
between any two of them; and a pipeline of Ray Data begins anew after its driver was killed.
"""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from core.batch.briefs import TableBrief
from core.director.plan import plan
from core.director.times import whole_length
from core.errors import Cancelled, StoryError, StudioError
from core.export.mixdown import write_mixdown
from core.files import write_atomically
from core.render.performers import Performers
from core.render.render import EventRenderer
from core.render.story import render_folder
from core.render.unknown import unknown_sentences, unknown_sounds, with_placeholders
from core.story.folders import StoryFolder
from core.story.library import Library
from core.story.limits import TOLERANCE
from core.story.migration import STORY
from core.story.story import Story

if TYPE_CHECKING:
    from core.audiostory import AudioStory
    from core.profile import RenderSettings

REPORT = "report.csv"
STORY_FOLDERS = "stories"
"""Folder of the stories, beside their mixes."""


class StoryPlanner(Protocol):
    """Makes a story without sound from an instruction, seconds and a seed."""

    def __call__(
        self, instruction: str, seconds: float, seed: int, cancel: threading.Event
    ) -> Story: ...


@dataclass(frozen=True)
class BriefReport:
    """What became of a brief.

    Attributes:
        seconds: of its story.
        events, left_out: of it; those left out have no sound that the model knows.
        note: why it failed, or what was left out.
        file: of its mix.
    """

    number: int
    title: str
    status: Literal["done", "failed", "stopped"]
    seconds: float = 0.0
    events: int = 0
    left_out: int = 0
    note: str = ""
    file: str = ""


@dataclass(frozen=True)
class TableRun:
    """How the stories of a table are made, and where to.

    Attributes:
        out: folder of the mixes, of the report, and of the stories' own folders.
        usual_seconds: of a story whose length nobody says.
        placeholders: perform unknown sounds as what is nearest.
        at_once: briefs that are worked at together.
        performers: those that a story may ask for beside our own; None: there are none.
    """

    model: AudioStory
    out: Path
    settings: RenderSettings
    plan: StoryPlanner
    render: EventRenderer
    usual_seconds: float
    placeholders: bool = False
    at_once: int = 1
    performers: Performers | None = None


def plan_here(
    model: AudioStory, instruction: str, seconds: float, seed: int, cancel: threading.Event
) -> Story:
    """A `StoryPlanner`, of this process: the model's own director."""
    *_, last = plan(model, instruction, seconds, seed, cancel)
    assert last.story is not None
    return last.story


def render_table(
    run: TableRun, briefs: Iterable[TableBrief], on_done: Callable[[BriefReport], None]
) -> list[BriefReport]:
    """Make every brief's story and mix, and write the report, also when it is interrupted.

    Args:
        on_done: told of every brief, in the order in which they are done.

    Returns:
        The report, in the table's order. A brief that fails is in it, and stops no other.

    Raises:
        FileError: the folder cannot be written to.
        KeyboardInterrupt: as it came; what was begun is stopped within a step.
    """
    library, cancel = Library(run.out / STORY_FOLDERS), threading.Event()
    library.tidy()
    reports: dict[int, BriefReport] = {}
    try:
        for report in _worked(run, library, list(briefs), cancel):
            reports[report.number] = report
            on_done(report)
    finally:
        cancel.set()
        rows = [reports[number] for number in sorted(reports)]
        write_atomically(run.out / REPORT, _csv(rows))
    return rows


def _worked(
    run: TableRun, library: Library, briefs: list[TableBrief], cancel: threading.Event
) -> Iterator[BriefReport]:
    """The reports of the briefs as they are done; no more are begun than are worked at."""
    with ThreadPoolExecutor(run.at_once, thread_name_prefix="brief") as pool:
        left = iter(briefs)
        begun: set[Future[BriefReport]] = set()
        try:
            while True:
                while len(begun) < run.at_once and (brief := next(left, None)) is not None:
                    begun.add(pool.submit(_report_on, run, library, brief, cancel))
                if not begun:
                    return
                done, begun = wait(begun, return_when=FIRST_COMPLETED)
                for each in done:
                    yield each.result()
        finally:
            cancel.set()


def _report_on(
    run: TableRun, library: Library, brief: TableBrief, cancel: threading.Event
) -> BriefReport:
    try:
        return _made(run, library, brief, cancel)
    except Cancelled:
        return BriefReport(brief.number, brief.title, "stopped")
    except StudioError as error:
        return BriefReport(brief.number, brief.title, "failed", note=str(error))


def _made(
    run: TableRun, library: Library, brief: TableBrief, cancel: threading.Event
) -> BriefReport:
    """A brief's story and its mix, as far as they are not there."""
    folder = _planned(run, library, brief, cancel)
    mix = run.out / f"{brief.title}.wav"
    unknown = unknown_sounds(run.model.profile, folder.story, run.performers)
    if not mix.is_file():
        if run.placeholders and unknown:
            folder.edit("placeholders", lambda s: with_placeholders(s, unknown), "render")
        story, sources = render_folder(
            run.model, folder, run.settings, lambda _: None, run.render, cancel, run.performers
        )
        write_mixdown(mix, story, sources, run.model.sample_rate)
    story = folder.story
    left_out = unknown_sentences(story, unknown)
    return BriefReport(
        brief.number,
        brief.title,
        "done",
        story.total,
        len(story.events),
        len(left_out),
        " ".join(left_out),
        mix.name,
    )


def _planned(
    run: TableRun, library: Library, brief: TableBrief, cancel: threading.Event
) -> StoryFolder:
    """The brief's folder, whose story is planned where there is none."""
    seconds = brief.seconds or whole_length(brief.instruction) or run.usual_seconds
    if (library.root / brief.title / STORY).is_file():
        folder = library.open(brief.title)
        alike = abs(folder.story.total - seconds) <= TOLERANCE
        if not alike or folder.story.seed != brief.seed:
            raise StoryError(
                f"The story {brief.title!r} is of another brief; remove it or change --out."
            )
        return folder
    return library.create(run.plan(brief.instruction, seconds, brief.seed, cancel), brief.title)


def _csv(reports: list[BriefReport]) -> bytes:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(field.name for field in fields(BriefReport))
    writer.writerows(astuple(report) for report in reports)
    return file.getvalue().encode()
