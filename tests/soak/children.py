"""Programs that are killed: `python -m tests.soak.children NAME …`.

Each imports only what it needs, since every trial starts one anew.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]


def start(name: str, *arguments: object) -> subprocess.Popen[str]:
    """Start one of the programs below; what it prints can be read line by line."""
    command = [sys.executable, "-m", "tests.soak.children", name, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def export_again_and_again(story: str, out: str) -> None:
    """Export a story with everything that an export can hold, and print each step."""
    from core.export import ExportSettings, export, open_story

    settings = ExportSettings(
        stems="both", reaper=True, otio=True, bundle=True, markers=("csv",), loudness=-16.0
    )
    while True:
        export(
            open_story(Path(story)),
            Path(out),
            settings,
            on_progress=lambda done, what: print(done, what, flush=True),
        )


def keep_one_take(story: str) -> None:
    """Begin to render a story of two events, keep the first take, and go no further."""
    import numpy as np

    from core.profile import RenderSettings
    from core.story.library import Library
    from core.story.take import Take

    folder = Library(Path(story).parent).open(Path(story).name)
    folder.begin_rendering([e.id for e in folder.story.events], RenderSettings(4, 3.0))
    event = folder.story.events[0]
    take = Take("ke1", None, event.caption, event.duration, 0, 1, 4, 3.0, "tiny", "w")
    folder.keep_take(event.id, take, np.zeros((1, 80_000), np.float32), 8000, "r")
    print(event.id, flush=True)
    time.sleep(60)


def render_slowly(story: str) -> None:
    """Render e1 and e2 quickly; then e2, e3 and a variation of e1 in 4000 steps, printing each."""
    from core.audiostory import load_audiostory
    from core.profile import RenderSettings, load_profile
    from core.render.perform import perform
    from core.render.takes import TakeRequest, vary
    from core.story.library import Library

    folder = Library(Path(story).parent).open(Path(story).name)
    model = load_audiostory(load_profile("tiny"))
    quick, slow = RenderSettings(4, 2.0), RenderSettings(4000, 2.0)
    list(perform(model, folder, [TakeRequest("e1"), TakeRequest("e2")], quick, group="a"))
    chosen = folder.story.event("e1").chosen
    assert chosen is not None
    requests = [TakeRequest("e2"), TakeRequest("e3"), vary(folder, "e1", chosen, 0.5)]
    list(
        perform(
            model,
            folder,
            requests,
            slow,
            group="b",
            on_progress=lambda now: print(now.event_id, now.step, flush=True),
        )
    )


def make_table(table: str, out: str) -> None:
    """Make the stories of a table of briefs, and print each that is done."""
    from core.audiostory import load_audiostory
    from core.batch.briefs import read_table
    from core.batch.table import render_table
    from core.profile import load_profile
    from tests.soak.tables import run_here

    run = run_here(load_audiostory(load_profile("tiny")), Path(out))
    render_table(run, read_table(Path(table)), lambda report: print(report.file, flush=True))
    time.sleep(60)


def write_for_ever(file: str, folder: str) -> None:
    """Be in the midst of writing a file and a folder."""
    from core.files import atomic_folder, atomic_path

    with atomic_path(Path(file)) as half, atomic_folder(Path(folder)) as other:
        half.write_bytes(b"fLaC")
        (other / "takes").mkdir()
        print("writing", flush=True)
        time.sleep(600)


def open_again_and_again() -> None:
    """Open the stories whose folders are read line by line, and print what is found as JSON."""
    import json

    from core.story.library import Library

    for line in sys.stdin:
        path = Path(line.rstrip("\n"))
        folder = Library(path.parent).open(path.name)
        print(
            json.dumps([folder.story.to_json(), folder.undo_label, folder.redo_label]), flush=True
        )


def hold_lock(story: str) -> None:
    """Hold a story's lock on a disk that knows no locks."""
    import errno
    import fcntl

    from core.story.lock import FolderLock

    def refused(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    fcntl.flock = refused
    with FolderLock(Path(story)).held():
        print("held", flush=True)
        time.sleep(60)


def index_library(catalogue: str, root: str, batch: str) -> None:
    """Index the folders below a root, and print a line when a batch is written."""
    from core.library.catalogue import Catalogue
    from core.library.index import Indexer

    held = Catalogue(Path(catalogue))
    indexer = Indexer(held, batch=int(batch))
    for path in sorted(Path(root).iterdir()):
        indexer.scan(held.add_folder(path), lambda now: print(now.done, flush=True))
    time.sleep(60)


PROGRAMS: dict[str, Callable[..., None]] = {
    "export": export_again_and_again,
    "hold": hold_lock,
    "index": index_library,
    "keep": keep_one_take,
    "render": render_slowly,
    "table": make_table,
    "open": open_again_and_again,
    "write": write_for_ever,
}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](*sys.argv[2:])
