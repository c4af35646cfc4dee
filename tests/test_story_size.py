"""A story of 500 events with three takes each: what is done to it takes work in proportion."""

from __future__ import annotations

import cProfile
import dataclasses
import itertools
import pstats
from collections.abc import Callable
from pathlib import Path

import pytest
from long_stories import CROSSFADE, QUALITIES, long_story, take_of

from core.render.takes import contexts, due
from core.story import timeline
from core.story.folders import StoryFolder
from core.story.library import Library
from core.story.story import Story

FEW, MANY = 40, 400
MOST = 1.2 * MANY / FEW
"""In proportion, and a fifth more; a square would be ten times as much."""
NUMBER = itertools.count(1)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[StoryFolder, StoryFolder]:
    """A short and a long story with some history: stretched and rendered."""
    made = []
    for count in (FEW, MANY):
        folder = Library(tmp_path_factory.mktemp("stories")).create(long_story(count))
        (folder.path / "takes").mkdir()
        for event in folder.story.events:
            for take in event.takes:
                folder.take_file(take).touch()
        folder.edit("stretch", lambda s: timeline.stretch(s, "e3", 3.0))
        render_anew(folder, count // 4)
        made.append(folder)
    return made[0], made[1]


def render_anew(folder: StoryFolder, count: int) -> None:
    """Give the first events a take that they have not had."""
    texts = contexts(folder.story)
    settings = dataclasses.replace(QUALITIES[1], steps=30 + next(NUMBER))
    for event in folder.story.events[:count]:
        take = take_of(folder.story, event, settings, texts[event.id])
        folder.adopt_take(event.id, take, "g")


def edited(edit: Callable[[Story], object]) -> Callable[[StoryFolder], object]:
    return lambda folder: edit(folder.story)


OPERATIONS: dict[str, Callable[[StoryFolder], object]] = {
    "open": lambda f: Library(f.path.parent).open(f.title),
    "list": lambda f: Library(f.path.parent).stories(),
    "write": edited(Story.to_json),
    "save": lambda f: f.edit("g", lambda s: timeline.change(s, "e7", gain_db=-0.01 * next(NUMBER))),
    "undo and redo": lambda f: (f.undo(), f.redo()),
    "keep a take": lambda f: render_anew(f, 1),
    "due": lambda f: due(f, QUALITIES[2], CROSSFADE, accept=(QUALITIES[1],)),
    "contexts": edited(contexts),
    "stretch": edited(lambda s: timeline.stretch(s, "e5", 4.0)),
    "roll": edited(lambda s: timeline.roll(s, "e5", s.event("e5").end + 0.5)),
    "move": edited(lambda s: timeline.move(s, "e5", s.total)),
    "lift": edited(lambda s: timeline.set_layer(s, "e5", 1)),
    "add": edited(lambda s: timeline.add(s, "bells", 1.0, position=3)),
    "duplicate": edited(lambda s: timeline.duplicate(s, "e5")),
    "split": edited(lambda s: timeline.split(s, "e5", s.event("e5").start + 0.5)),
    "join": edited(lambda s: timeline.join(s, "e5")),
    "delete": edited(lambda s: timeline.delete(s, "e5")),
    "fit": edited(lambda s: timeline.fit(s, s.total / 2)),
    "restore": edited(lambda s: timeline.restore_take(s, "e5", s.event("e5").takes[0].key)),
}


def calls(work: Callable[[], object]) -> int:
    """How many functions are called, Python's own among them: the same on every machine."""
    work()
    profile = cProfile.Profile()
    profile.runcall(work)
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", OPERATIONS)
def test_work_grows_with_the_number_of_events(
    folders: tuple[StoryFolder, StoryFolder], name: str
) -> None:
    few, many = (calls(lambda folder=folder: OPERATIONS[name](folder)) for folder in folders)
    assert many < MOST * few, f"{few} calls for {FEW} events, {many} for {MANY}"


def test_a_long_story_is_a_small_file(tmp_path: Path) -> None:
    """Versions 1 and 2 wrote 54 MB for it."""
    story = long_story(500)
    story.save(tmp_path / "story.json")
    assert (tmp_path / "story.json").stat().st_size < 900_000
    assert Story.load(tmp_path / "story.json") == story


def test_the_history_of_a_long_story_stays_small(
    folders: tuple[StoryFolder, StoryFolder],
) -> None:
    """A stretch moves all that follows; a rendering repeats nothing of the takes before."""
    _, folder = folders
    changes = folder.path / "changes.jsonl"

    def grown(work: Callable[[], object]) -> int:
        before = changes.stat().st_size
        work()
        return changes.stat().st_size - before

    stretch = lambda s: timeline.stretch(s, "e9", s.event("e9").duration + 1)  # noqa: E731
    assert grown(lambda: folder.edit("stretch", stretch)) < 60 * MANY
    assert grown(lambda: render_anew(folder, MANY)) < 2000 * MANY
