"""Several processes that edit one story at once, some of them killed: no edit is lost."""

from __future__ import annotations

import multiprocessing
import random
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

from core.story import timeline
from core.story.folders import StoryFolder
from core.story.library import Library
from core.story.story import Event, Story

REOPENED = 0.02
"""Of the edits, those before which the story is opened anew, as the command line does."""
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([__name__])
_POLL = 0.002
"""Seconds between two looks at what was done."""
PATIENCE = 600.0
"""Seconds in which a writer makes one edit, however busy the machine is."""


def write_again_and_again(story: str, event_id: str, log: str, edits: int, seed: int) -> None:
    """Count in an event's caption until `edits` are accepted; the log grows by a byte with each."""
    dice = random.Random(seed)
    path = Path(story)
    folder = Library(path.parent).open(path.name)

    def counted(story: Story) -> Story:
        return timeline.change(story, event_id, caption=str(1 + int(story.event(event_id).caption)))

    with Path(log).open("ab", buffering=0) as accepted:
        while accepted.tell() < edits:
            if dice.random() < REOPENED:
                folder = Library(path.parent).open(path.name)
            folder.edit("count", counted)
            accepted.write(b".")


class Writer:
    """One of the processes; begun anew where it was killed."""

    def __init__(self, folder: Path, number: int, edits: int) -> None:
        self.story, self.event_id, self.edits = folder, f"e{number}", edits
        self.log = folder.parent / f"accepted-{number}"
        self.log.touch()
        self.kills = 0
        self.process: BaseProcess | None = None

    @property
    def accepted(self) -> int:
        return self.log.stat().st_size

    def start(self, seed: int) -> None:
        arguments = (str(self.story), self.event_id, str(self.log), self.edits, seed)
        self.process = _PROCESSES.Process(target=write_again_and_again, args=arguments, daemon=True)
        self.process.start()

    def kill(self) -> None:
        """Kill it, if it is not through."""
        assert self.process is not None
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()
            self.kills += self.process.exitcode != 0

    def finish(self) -> None:
        """Wait for it to have made all of its edits."""
        assert self.process is not None
        self.process.join(PATIENCE)
        assert self.process.exitcode == 0, f"a writer ended with {self.process.exitcode}"


def kill_now_and_then(writers: list[Writer], kills: int, dice: random.Random) -> None:
    """Kill one after another, each after some more edits and a moment, and begin it anew."""
    for _ in range(kills):
        writer = dice.choice([w for w in writers if w.accepted < w.edits] or writers)
        wanted = min(writer.accepted + dice.randint(0, 8), writer.edits)
        until = time.monotonic() + PATIENCE
        while writer.accepted < wanted:
            assert time.monotonic() < until, "a writer stands still"
            time.sleep(_POLL)
        time.sleep(dice.uniform(0.0, 0.01))
        writer.kill()
        writer.start(dice.randrange(2**31))


def many_writers(seed: int, folder: Path, writers: int, edits: int, kills: int = 0) -> str:
    """Every accepted edit is in the story and can be undone, in the end.

    Returns:
        What was done, in a line.
    """
    dice = random.Random(seed)
    events = tuple(Event(f"e{n}", "0", float(n), 1.0) for n in range(writers))
    first = Story("counting", float(writers), 1, "tiny", "Counters.", events)
    path = Library(folder / "stories").create(first, "Counting").path
    began = time.monotonic()
    made = [Writer(path, number, edits) for number in range(writers)]
    for writer in made:
        writer.start(dice.randrange(2**31))
    kill_now_and_then(made, kills, dice)
    for writer in made:
        writer.finish()
    seconds = time.monotonic() - began
    opened = Library(path.parent).open(path.name)
    total = check_counts(opened, made)
    check_undo(opened, first, total)
    killed = sum(writer.kills for writer in made)
    return (
        f"{writers} processes, {total} edits in {seconds:.0f} s, {killed} kills, "
        f"all there, {total} undone"
    )


def check_counts(opened: StoryFolder, writers: list[Writer]) -> int:
    """What was accepted is there; beyond it an edit at most of each that was killed before it could
    say so. Returns how many there are."""
    total = 0
    for writer in writers:
        counted = int(opened.story.event(writer.event_id).caption)
        assert writer.accepted <= counted <= writer.accepted + writer.kills, writer.event_id
        assert writer.accepted == writer.edits
        total += counted
    assert Story.load(opened.path / "story.json") == opened.story
    return total


def check_undo(opened: StoryFolder, first: Story, total: int) -> None:
    """Each step back takes one from one count, to where all began."""
    assert opened.undo_count == total
    for left in reversed(range(total)):
        undone = opened.undo()
        assert sum(int(event.caption) for event in undone.events) == left
    assert opened.story == first
    assert opened.undo_label == ""
