"""A process that edits, renders, copies, exports and imports, killed with SIGKILL at any moment.

What it had said to be done is there after the next start, what it was at is in or out, and nothing
else is left of it: no half-written file, no folder without a story, no temporary folder.
"""

from __future__ import annotations

import json
import os
import random
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from core.export import ExportSettings, export, open_story
from core.export.bundle import open_bundle, write_bundle
from core.places import temporary_folder
from core.story import timeline
from core.story.folders import StoryFolder
from core.story.journal import digest
from core.story.library import Library
from core.story.story import Event, Story
from core.story.take import Take

RATE = 8000
IN_ONE = 10
"""Kills among the same stories, which grow in number."""
LONGEST = 0.4
"""Seconds after which a process is killed at the latest; most operations take some milliseconds."""
Tell = Callable[[str, str, str], None]


def small_story() -> Story:
    events = (Event("e1", "rain", 0.0, 4.0), Event("e2", "a bell", 4.0, 2.0))
    return Story("rain, then a bell", 6.0, 1, "tiny", "because", events)


def state(story: Story) -> str:
    return digest(story.to_bytes())


class Work:
    """What the process does, told before and after: a title and the state that its story has."""

    def __init__(self, root: Path, seed: int, tell: Tell) -> None:
        self.root, self.tell = root, tell
        self.dice = random.Random(seed)
        self.library = Library(root / "stories")
        self.folder = self.library.open("Harbour")

    def run(self) -> None:
        kinds = (
            self.edit,
            self.edit,
            self.undo,
            self.keep,
            self.duplicate,
            self.export,
            self.bundle,
        )
        while True:
            self.dice.choice(kinds)()

    def edit(self) -> None:
        seconds = round(self.dice.uniform(1.0, 9.0), 3)
        stretch = lambda story: timeline.stretch(story, "e1", seconds)  # noqa: E731
        self.tell("begin", self.folder.title, state(stretch(self.folder.story)))
        self.tell("done", self.folder.title, state(self.folder.edit("stretch", stretch)))

    def undo(self) -> None:
        if not self.folder.undo_label:
            return
        self.tell("begin", self.folder.title, "undone")
        self.tell("done", self.folder.title, state(self.folder.undo()))

    def keep(self) -> None:
        key = f"k{self.dice.getrandbits(60)}"
        event = self.folder.story.event("e1")
        take = Take(key, None, event.caption, event.duration, 0.0, 1, 4, 2.0, "tiny", "w")
        sound = np.zeros((1, round(event.duration * RATE)), np.float32)
        self.tell("begin", self.folder.title, "kept")
        story = self.folder.keep_take("e1", take, sound, RATE, key, leveled)
        self.tell("done", self.folder.title, state(story))

    def duplicate(self) -> None:
        title = self.library.new_folder("Harbour").name
        self.tell("begin", title, state(self.folder.story))
        self.tell("done", title, state(self.library.duplicate("Harbour").story))

    def export(self) -> None:
        if self.folder.story.event("e1").take is None:
            return
        settings = ExportSettings(bundle=True, markers=("csv",))
        export(open_story(self.folder.path, None), self.folder.path / "exports", settings)

    def bundle(self) -> None:
        if self.folder.story.event("e1").take is None:
            return
        zipped = self.folder.path / "exports" / "Mill.story.zip"
        write_bundle(zipped, open_story(self.folder.path, None), None)
        title = self.library.new_folder("Mill").name
        self.tell("begin", title, state(self.folder.story))
        opened = self.library.open(open_bundle(zipped, self.library).name)
        self.tell("done", opened.title, state(opened.story))


def leveled(story: Story) -> Story:
    """A gain that comes with a take."""
    return timeline.change(story, "e1", gain_db=-3.0)


def killed(seed: int, root: Path) -> int:
    """One process works on the stories below `root` and is killed; returns what it had done.

    It begins anew where the process before it was killed.
    """
    (root / "tmp").mkdir(parents=True, exist_ok=True)
    library = Library(root / "stories")
    if not library.titles():
        library.create(small_story(), "Harbour")
    before = {title: state(library.open(title).story) for title in library.titles()}
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(read)

            def tell(what: str, title: str, now: str) -> None:
                os.write(write, (json.dumps([what, title, now]) + "\n").encode())

            tempfile.tempdir = str(root / "tmp")
            with temporary_folder() as scratch:
                (scratch / "served").mkdir()
                Work(root, seed, tell).run()
        finally:
            os._exit(1)
    os.close(write)
    time.sleep(random.Random(seed).uniform(0.0, LONGEST))
    os.kill(child, signal.SIGKILL)
    ended = os.waitpid(child, 0)[1]
    assert os.waitstatus_to_exitcode(ended) == -signal.SIGKILL, "it ended by itself"
    with open(read) as pipe:
        said = [json.loads(line) for line in pipe]
    check_after(root, before, said)
    return sum(what == "done" for what, _, _ in said)


def check_after(root: Path, before: dict[str, str], said: list[list[str]]) -> None:
    """The next start finds everything that was done, and clears away the rest."""
    accepted = before | {title: now for what, title, now in said if what == "done"}
    doubt = said[-1][1:] if said and said[-1][0] == "begin" else ["", ""]
    usual, tempfile.tempdir = tempfile.tempdir, str(root / "tmp")
    try:
        with temporary_folder() as scratch:
            assert [p for p in (root / "tmp").iterdir()] == [scratch]
    finally:
        tempfile.tempdir = usual
    library = Library(root / "stories")
    library.tidy()
    found = set(library.titles())
    assert set(accepted) <= found <= {*accepted, doubt[0]}
    if doubt[0] in found - set(accepted):
        assert state(library.open(doubt[0]).story) == doubt[1]
    for title, now in accepted.items():
        folder = library.open(title)
        if title != doubt[0]:
            assert state(folder.story) == now
        elif state(folder.story) != now:
            check_doubtful(folder, doubt[1], now)
    for folder in map(library.open, found):
        for event in folder.story.events:
            for take in event.takes:
                sound = soundfile.info(folder.take_file(take))
                assert sound.frames == round(take.duration * RATE)
    assert not list(root.rglob(".part-*"))
    for path in (root / "stories").glob("[!.]*"):
        assert (path / "story.json").is_file()


def check_doubtful(folder: StoryFolder, now: str, before: str) -> None:
    """What the process was at is done as a whole, and can be undone."""
    story = folder.story
    if now == "kept":
        assert (story.event("e1").chosen or "").startswith("k")
        assert story.event("e1").gain_db == -3.0
    elif now != "undone":
        assert state(story) == now
    back = folder.redo() if now == "undone" else folder.undo()
    if now != "kept":  # undoing leaves a take in its list
        assert state(back) == before


def trials(seed: int, kills: int, root: Path) -> int:
    """So many kills, each of a process that goes on with the stories of the one before, and anew
    after `IN_ONE` of them; returns what was done in all."""
    return sum(killed(seed + number, root / f"{number // IN_ONE}") for number in range(kills))
