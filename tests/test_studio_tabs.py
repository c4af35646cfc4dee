"""Several tabs on one story: none of them undoes what another one did."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import StoryError
from core.profile import RenderSettings
from core.render.takes import resumed
from core.story import timeline
from core.story.library import Library
from core.story.story import Event, Story
from studio.editing import table
from studio.handlers.draft_job import keep_plan
from studio.handlers.editing import edit_table
from studio.sessions.session import Session


@pytest.fixture
def tabs(tmp_path: Path) -> tuple[Session, Session]:
    """Two tabs that show the same story."""
    events = (
        Event("e1", "rain", 0.0, 4.0),
        Event("e2", "a bell", 4.0, 2.0),
        Event("e3", "steps", 6.0, 5.0),
    )
    library = Library(tmp_path / "stories")
    folder = library.create(Story("rain, a bell, steps", 11.0, 1, "tiny", "because", events))
    first, second = Session(library, tmp_path / "1"), Session(library, tmp_path / "2")
    first.show(folder)
    second.show(folder)
    return first, second


def write(session: Session, row: int, column: str, value: object) -> None:
    """Write over a cell of the table as this tab shows it."""
    rows = table.rows_of(session.shown)
    rows[row][table.HEADERS.index(column)] = value
    edit_table(session, rows)


def test_a_cell_changes_nothing_that_another_tab_wrote(tabs: tuple[Session, Session]) -> None:
    first, second = tabs
    write(first, 0, "Sound", "hail")
    write(second, 0, "Gain", -6)
    write(second, 1, "Pan", 0.5)
    story = first.open_folder.story
    assert story.event("e1").caption == "hail"
    assert story.event("e1").gain_db == -6
    assert story.event("e2").pan == 0.5


def test_a_cell_belongs_to_the_event_that_its_tab_showed(tabs: tuple[Session, Session]) -> None:
    first, second = tabs
    first.open_folder.edit("delete", lambda story: timeline.delete(story, "e1"))
    write(second, 1, "Gain", -6)
    story = first.open_folder.story
    assert [(event.caption, event.gain_db) for event in story.events] == [
        ("a bell", -6),
        ("steps", 0),
    ]
    with pytest.raises(StoryError, match="no longer in the story"):
        write(second, 0, "Gain", -6)
    assert first.open_folder.story == story


def test_a_cell_that_the_page_sends_twice_is_one_edit(tabs: tuple[Session, Session]) -> None:
    session, _ = tabs
    rows, before = table.rows_of(session.shown), session.open_folder.story
    rows[0][table.HEADERS.index("Start")] = 8
    edit_table(session, rows)
    moved = session.open_folder.story
    assert moved.event("e1").start == 8
    assert moved != before
    session.shown = moved
    edit_table(session, rows)
    assert session.open_folder.story == moved


def test_a_plan_does_not_undo_what_was_done_while_it_was_written(
    tabs: tuple[Session, Session],
) -> None:
    first, second = tabs
    folder = first.open_folder
    before = folder.story
    planned = timeline.change(before, "e2", caption="a gong")
    write(second, 0, "Sound", "hail")
    edited = folder.story
    with pytest.raises(StoryError, match="plan again"):
        keep_plan(folder, before, planned)
    assert folder.story == edited
    folder.undo()
    keep_plan(folder, before, planned)
    assert folder.story == planned


def test_a_rendering_of_another_tab_is_not_resumed_and_one_cut_short_is(
    tabs: tuple[Session, Session],
) -> None:
    first, second = tabs
    folder = first.open_folder
    folder.begin_rendering(["e1", "e2"], RenderSettings(2, 2.0))
    assert resumed(second.open_folder) is None
    after_a_crash = Library(first.library.root).open(folder.title)
    found = resumed(after_a_crash)
    assert found is not None
    assert [asked.event_id for asked in found[0]] == ["e1", "e2"]
    folder.end_rendering()
    assert resumed(folder) is None
    assert not folder.rendering
