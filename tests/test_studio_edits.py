"""Five hundred random edits, made as the page makes them: table, lanes and story.json agree."""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import StoryError
from core.profile import RenderSettings
from core.render.takes import plan_take
from core.story import timeline
from core.story.library import Library
from core.story.story import Event, Story
from studio.editing import table
from studio.editing.actions import ACTIONS, act
from studio.sessions.session import Session
from studio.sound.peaks import PeakCache
from studio.view.lanes import lanes
from studio.view.waves import waves

EDITS = 500
RATE = 8000
SETTINGS = RenderSettings(2, 2.0)
NONSENSE: tuple[Any, ...] = ("", "much", None, -1, 1e9, float("nan"), float("inf"), "1,5", [], {})


@pytest.fixture
def session(tmp_path: Path) -> Session:
    events = (
        Event("e1", "rain", 0.0, 4.0),
        Event("e2", "a bell", 4.0, 2.0, seed=3),
        Event("e3", "steps", 6.0, 5.0),
        Event("bed", "wind", 1.0, 6.0, layer=1),
    )
    story = Story("rain, a bell, steps", 11.0, 1, "tiny", "because", events)
    session = Session(Library(tmp_path / "stories"), tmp_path / "sounds")
    session.show(session.library.create(story))
    return session


def by_action(session: Session, dice: random.Random) -> None:
    """One action of the picture, the keyboard, a button or an endpoint."""
    folder = session.open_folder
    story = folder.story
    event = dice.choice(story.events)
    edge = round(dice.uniform(-0.5, story.total + 1), 3)
    keys = [take.key for take in event.takes] or ["none"]
    values: dict[str, Any] = {
        "id": dice.choice([event.id, event.id, event.id, "", "gone"]),
        "text": dice.choice(["thunder", "  a dog ", "", "x" * 500]),
        "duration": round(dice.uniform(0.05, 8), 3),
        "value": dice.choice([0, 0.4, -6, 7, "0,3", ""]),
        "total": round(dice.uniform(5, 40), 1),
        "by": dice.choice([-1, 1, 2]),
        "layer": dice.choice([0, 1, 2, 16]),
        "key": dice.choice(keys),
        "snap": dice.random() < 0.3,
        "gesture": dice.choice(["", "", "drag"]),
        **dict.fromkeys(("start", "end", "at"), edge),
    }
    if dice.random() < 0.1:
        values[dice.choice(list(values)[2:])] = dice.choice(NONSENSE)
    names = [name for name in ACTIONS if name not in ("add", "over", "split", "duplicate")]
    if len(story.events) < 12:
        names = [*ACTIONS, "add", "over", "split", "duplicate"]
    act(session, dice.choice([*names, "undo", "undo", "redo"]), values)


def by_table(session: Session, dice: random.Random) -> None:
    """A cell typed over, a row deleted or a new one, as the browser sends the whole table back."""
    folder = session.open_folder
    rows = table.rows_of(folder.story)
    row = dice.choice(rows)
    column = dice.randrange(1, len(table.HEADERS))
    match dice.randrange(8):
        case 0 if len(rows) > 3:
            rows.remove(row)
        case 1 if len(rows) < 12:
            rows.insert(dice.randrange(len(rows) + 1), ["", "new", None, 1.5, *[None] * 11])
        case 2:
            row[column] = dice.choice(NONSENSE)
        case _ if table.TYPES[column] == "bool":
            row[column] = not row[column]
        case _ if table.TYPES[column] == "number":
            row[column] = round(dice.uniform(0, 5), 2)
        case _:
            row[column] = dice.choice(["a cat", "", "12"])
    folder.edit("table", lambda story: table.edited(story, rows))


def by_take(session: Session, dice: random.Random) -> None:
    """A take that a rendering brings while the story is edited."""
    folder = session.open_folder
    event = dice.choice(folder.story.events)
    settings = dataclasses.replace(SETTINGS, steps=dice.choice([2, 4]))
    take = plan_take(folder.story, event, settings, 0.5, "w")
    sound = np.full((1, round((take.duration + take.tail) * RATE)), 0.1, np.float32)
    folder.keep_take(event.id, take, sound, RATE, dice.choice(["render-1", "render-2"]))


def lines_of_table(rows: Sequence[table.Row], ids: Sequence[str]) -> list[tuple[Any, ...]]:
    at = {name: place for place, name in enumerate(table.HEADERS)}
    names = ("#", "Sound", "Start", "Length", "Lock")
    return [(i, *(row[at[name]] for name in names)) for i, row in zip(ids, rows, strict=True)]


def blocks_of_lanes(shown: dict[str, Any]) -> list[tuple[Any, ...]]:
    names = ("id", "name", "caption", "start", "duration", "locked")
    return [tuple(block[name] for name in names) for block in shown["events"]]


def agree(session: Session, cache: PeakCache) -> None:
    folder = session.open_folder
    story = folder.story
    saved = Story.load(folder.path / "story.json")
    assert saved == story
    rows = table.rows_of(saved)
    assert table.edited(saved, rows) == saved
    shown = lanes(session)
    assert json.loads(json.dumps(shown, allow_nan=False)) == shown
    heard = waves(session, cache)
    assert json.loads(json.dumps(heard, allow_nan=False)) == heard
    assert list(heard["blocks"]) == [event.id for event in saved.events]
    blocks = {block[0]: block for block in blocks_of_lanes(shown)}
    lines = lines_of_table(rows, table.ids_of(saved))
    assert blocks == {line[0]: line for line in lines}
    assert len(lines) == len(shown["events"])
    assert shown["total"] == saved.total
    assert set(shown["layers"]) == {event.layer for event in saved.events}
    states = {block["id"]: block["state"] for block in shown["events"]}
    assert states == {event.id: timeline.status(event) for event in saved.events}
    ends = [block["start"] + block["duration"] for block in shown["events"]]
    assert max(ends) <= saved.total + 1e-3


def test_an_answer_names_the_last_pick_it_knows_and_a_late_pick_changes_nothing(
    session: Session,
) -> None:
    first, second, third = (event.id for event in session.open_folder.story.events[:3])
    session.picked(second, 1)
    act(session, "lock", {"id": third, "pick": 3})
    session.picked(first, 2)
    shown = lanes(session)
    assert (shown["selected"], shown["pick"]) == (third, 3)


def test_table_lanes_and_file_agree_after_every_one_of_five_hundred_edits(
    session: Session,
) -> None:
    dice, cache = random.Random(1), PeakCache()
    done, refused = 0, []
    for number in range(EDITS):
        edit = dice.choices([by_action, by_table, by_take], [6, 3, 1])[0]
        before = session.open_folder.story
        try:
            edit(session, dice)
            done += session.open_folder.story != before
        except StoryError as trouble:
            refused.append(str(trouble))
            assert session.open_folder.story == before
        agree(session, cache)
        if number % 100 == 99:
            title = session.open_folder.title
            session.show(Library(session.library.root).open(title))
            agree(session, cache)
    assert done > EDITS / 3
    assert len(refused) > EDITS / 50
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in refused)
