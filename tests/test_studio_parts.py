"""The page's parts without a browser: the table is the story, sessions stay apart."""

from __future__ import annotations

import dataclasses
import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
import soundfile
from safetensors.torch import save_file

from core.audiostory import build_audiostory
from core.director.describe import describe
from core.errors import AudioFileError, Cancelled, StoryError, WeightsError
from core.export.settings import PRESETS, ExportSettings
from core.mix.outline import PER_SECOND
from core.pretrained.performer import FoundPerformer, RegisteredPerformer
from core.profile import PROFILES, RenderSettings, load_profile
from core.render.levels import with_default_levels
from core.render.performers import Performers
from core.story import library, timeline
from core.story.folders import StoryFolder
from core.story.library import Library
from core.story.story import Event, Story
from core.story.take import Take
from core.time_format import about
from core.training.publish import publish_ear
from studio.editing import table
from studio.editing.actions import ACTIONS, SEVERAL, ActionValues, act
from studio.editing.labels import said
from studio.handlers import render_job
from studio.handlers.describing import description_of, with_description
from studio.handlers.draft_job import MAX_MOOD, with_mood, without_mood
from studio.handlers.editing import edit_table, step_back
from studio.handlers.exporting import preset_choices, settings_of
from studio.handlers.messages import errors_as_messages
from studio.jobs.job import Job, JobKind
from studio.jobs.model_service import FIRST_ESTIMATES, ModelService
from studio.jobs.queue import MAX_JOBS, JobQueue, QueuePosition
from studio.jobs.speed import Speed
from studio.jobs.time_left import SAMPLING, TimeLeft
from studio.page.layout import lay_out
from studio.page.theme import studio_css, studio_theme
from studio.server import _build
from studio.sessions.registry import MAX_REMEMBERED, MAX_TABS, REMEMBERED_SECONDS, Sessions
from studio.sessions.session import Session
from studio.sessions.stories import archive_story, rename_story, restore_story
from studio.sound import files as sound_files
from studio.sound.peaks import PeakCache, outline_of
from studio.state import Studio
from studio.view.lanes import lanes
from studio.view.takes import takes_panel
from studio.view.updates import notes_html, render_buttons, view, waiting_view
from studio.view.waves import waves

RATE = 44_100
PATIENCE = 60.0
"""Seconds after which something that should come has not."""


@pytest.fixture
def story() -> Story:
    events = (
        Event("e1", "rain", 0.0, 4.0),
        Event("e2", 'a <b>"bell"</b>', 4.0, 2.0, seed=3),
        Event("bed", "wind", 1.0, 3.0, layer=1),
    )
    return Story("rain, then a bell", 6.0, 1, "tiny", "because", events)


def test_columns_are_as_wide_as_what_they_hold_within_bounds() -> None:
    def widths(*captions: str) -> dict[str, int | str]:
        events = [Event(f"e{n}", text, 4.0 * n, 4.0) for n, text in enumerate(captions)]
        story = Story("a scene", 4.0 * len(events), 1, "tiny", "", tuple(events))
        return dict(zip(table.HEADERS, table.widths_of(table.rows_of(story)), strict=True))

    short, long, longest = widths("hail"), widths("hail", "a" * 30), widths("a" * 300)
    assert short == dict(zip(table.HEADERS, table.WIDTHS, strict=True))
    assert 30 * 7 < int(long["Sound"]) < 30 * 9
    assert int(longest["Sound"]) < 400
    assert long["Start"] == short["Start"]
    assert table.widths_of([]) == table.WIDTHS


@pytest.fixture
def session(story: Story, tmp_path: Path) -> Session:
    session = Session(Library(tmp_path / "stories"), tmp_path / "sounds")
    session.show(session.library.create(story))
    return session


def keep_take(session: Session, event_id: str, level: float, tail: float = 0.0) -> Take:
    event = session.open_folder.story.event(event_id)
    seed = int(level * 1000)
    take = Take(
        f"k{event_id}{seed}", None, event.caption, event.duration, tail, seed, 2, 2, "tiny", "w"
    )
    samples = np.full((1, round((event.duration + tail) * RATE)), level, np.float32)
    session.open_folder.keep_take(event_id, take, samples, RATE, "test")
    return take


def with_cell(story: Story, row: int, column: str, value: object) -> Story:
    rows = table.rows_of(story)
    rows[row][table.HEADERS.index(column)] = value
    return table.edited(story, rows)


def test_untouched_table_is_no_edit(story: Story) -> None:
    assert table.edited(story, table.rows_of(story)) == story


def test_cells_become_edits_of_the_timeline(story: Story) -> None:
    assert with_cell(story, 0, "Sound", " thunder ").events[0].caption == "thunder"
    assert with_cell(story, 0, "Length", "5,5").total == 7.5
    assert [e.start for e in with_cell(story, 0, "Start", 3.5).sequence] == [3.5, 7.5]
    assert with_cell(story, 2, "Start", 2.5).event("bed").start == 2.5
    assert with_cell(story, 1, "Gain", -6).event("e2").gain_db == -6
    assert with_cell(story, 1, "Seed", "").event("e2").seed is None
    assert with_cell(story, 1, "Seed", "9007199254740993").event("e2").seed == 9007199254740993
    assert with_cell(story, 1, "State", "anything") == story
    locked = with_cell(story, 1, "Lock", True)
    assert [event.locked for event in locked.events] == [False, True, False]
    assert with_cell(locked, 1, "Lock", False) == story


def test_rows_can_be_added_and_deleted(story: Story) -> None:
    rows = table.rows_of(story)
    rows.insert(1, ["", "steps", None, "1.5", *[None] * 11])
    longer = table.edited(story, rows)
    assert [e.caption for e in longer.sequence][1] == "steps"
    assert longer.total == 7.5
    del rows[:2]
    assert [e.id for e in table.edited(story, rows).sequence] == ["e2"]
    assert table.edited(story, [*table.rows_of(story), [""] * len(table.HEADERS)]) == story


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("Sound", "  "),
        ("Sound", "x" * 500),
        ("Length", "long"),
        ("Length", None),
        ("Length", 0),
        ("Length", float("nan")),
        ("Gain", 400),
        ("Pan", 2),
        ("In", 99),
        ("Seed", "-1"),
        ("Seed", "1e3"),
        ("Seed", str(2**64)),
    ],
)
def test_impossible_cells_are_refused_in_one_sentence(
    story: Story, column: str, value: object
) -> None:
    with pytest.raises(StoryError, match=r"^[^\n]+\.$"):
        with_cell(story, 0, column, value)


def test_takes_escape_what_people_write(session: Session) -> None:
    session.selected = "e2"
    panel = takes_panel(session, Performers(load_profile("tiny")), ready=False)
    assert "<b>" not in panel
    assert "a &lt;b&gt;&quot;bell&quot;&lt;/b&gt;" in panel


def test_the_plain_words_that_a_caption_is_read_as_are_shown(session: Session) -> None:
    session.selected = "e1"
    tiny = Performers(load_profile("tiny"))
    assert "read as: steady rain &lt;" in takes_panel(
        session, tiny, ready=False, paraphrase="steady rain <falling>"
    )
    assert "read as" not in takes_panel(session, tiny, ready=False, paraphrase="rain")
    assert "read as" not in takes_panel(session, tiny, ready=False)


def test_who_performs_is_chosen_beside_the_takes_where_there_is_a_choice(session: Session) -> None:
    session.selected = "e1"
    tiny = load_profile("tiny")
    assert "Performed by" not in takes_panel(session, Performers(tiny), ready=False)
    found = FoundPerformer("sa3", "stable-audio-3", "/", "here", "free <b>", "w", 4, 44100, 9.0)
    performers = Performers(tiny, {"sa3": RegisteredPerformer(found)})
    panel = takes_panel(session, performers, ready=False)
    assert '<option value="own" selected>' in panel, "the story's"
    assert '<option value="sa3">Stable Audio 3 (sa3)</option>' in panel
    act(session, "performer", {"id": "e1", "text": "sa3"})
    act(session, "performers", {"text": "auto"})
    story = session.open_folder.story
    assert (story.performer, story.event("e1").performer) == ("auto", "sa3")
    panel = takes_panel(session, performers, ready=False)
    assert '<option value="sa3" selected>' in panel
    assert '<option value="auto" selected>' in panel
    assert "licence: free &lt;b&gt;" in panel
    gone = takes_panel(session, Performers(tiny), ready=False)
    assert "sa3 (not here)" in gone
    act(session, "performer", {"id": "e1", "text": ""})
    assert session.open_folder.story.event("e1").performer is None


def test_a_default_gain_is_stated_until_a_hand_sets_another(session: Session) -> None:
    session.selected = "e1"
    keep_take(session, "e1", 0.5)
    said = "gain -8.5 dB, set to suit the sound"
    event = dataclasses.replace(session.open_folder.story.event("e1"), gain_db=-8.5, trim_db=0.0)
    session.open_folder.edit("render", lambda story: story.replace_event(event))
    assert said in takes_panel(session, Performers(load_profile("tiny")), ready=True)
    assert table.rows_of(session.open_folder.story)[0][table.HEADERS.index("Gain")] == -8.5
    act(session, "gain", {"id": "e1", "value": -3})
    assert "to suit" not in takes_panel(session, Performers(load_profile("tiny")), ready=True)
    assert session.open_folder.story.event("e1").gain_db == -3.0


def test_a_cleared_gain_is_the_default_again_and_says_so(session: Session) -> None:
    folder, profile, told = session.open_folder, load_profile("tiny"), list[str]()
    keep_take(session, "e1", 0.5)
    keep_take(session, "e2", 0.25)
    default = with_default_levels(profile, folder, folder.story, ["e1", "e2"])
    folder.edit("render", lambda story: with_default_levels(profile, folder, story, ["e1", "e2"]))
    gains = [event.gain_db for event in default.events]
    assert gains[1] == pytest.approx(gains[0] + 6.0, abs=0.2)
    for row, gain in ((0, -3), (2, -5)):
        session.show(folder)
        edit_table(session, with_gain(session, row, gain), told.append, profile)
    assert not told
    assert [event.gain_db for event in folder.story.events] == [-3.0, gains[1], -5.0]
    for row, empty in ((0, ""), (2, None)):
        session.show(folder)
        edit_table(session, with_gain(session, row, empty), told.append, profile)
    assert [event.gain_db for event in folder.story.events] == [*gains[:2], 0.0]
    assert [event.trim_db for event in folder.story.events] == [0.0, 0.0, None]
    assert told == [
        f"The gain of 'rain' is the studio's own again: {gains[0]:+g} dB suit the sound.",
        "The gain of 'wind' is the studio's own again: it comes with the sound.",
    ]


def with_gain(session: Session, row: int, gain: object) -> list[table.Row]:
    rows = table.rows_of(session.shown)
    rows[row][table.HEADERS.index("Gain")] = gain
    return rows


def test_lanes_table_and_disk_show_the_same_events(session: Session) -> None:
    act(session, "over", {"id": "e1", "at": 0.5, "duration": 2})
    act(session, "split", {"id": "e1", "at": 1.5})
    story = session.open_folder.story
    shown = lanes(session)
    assert Story.load(session.open_folder.path / "story.json") == story
    rows = table.rows_of(story)
    assert [row[0] for row in rows] == [block["name"] for block in shown["events"]]
    assert [row[1:4] for row in rows] == [
        [block["caption"], block["start"], block["duration"]] for block in shown["events"]
    ]
    assert shown["layers"] == [2, 1, 0]
    assert shown["selected"] == session.selected


def test_actions_snap_to_edges_only_when_asked(session: Session) -> None:
    values = {"id": "bed", "start": 0.06, "reach": 0.1}
    act(session, "move", values)
    assert session.open_folder.story.event("bed").start == 0.06
    act(session, "move", values | {"snap": True})
    assert session.open_folder.story.event("bed").start == 0


def test_an_event_that_is_dragged_to_another_layer_snaps_as_one_that_is_moved(
    session: Session,
) -> None:
    values = {"id": "bed", "layer": 2, "start": 0.06, "reach": 0.1}
    act(session, "layer", values)
    assert session.open_folder.story.event("bed").start == 0.06
    act(session, "layer", values | {"layer": 1, "snap": True})
    assert session.open_folder.story.event("bed").start == 0.0
    act(session, "layer", values | {"layer": 0, "start": 5.9, "snap": True})
    assert [e.id for e in session.open_folder.story.sequence] == ["e1", "e2", "bed"]
    act(session, "undo", {})
    act(session, "layer", {"id": "e1", "layer": 1, "start": 1.96, "snap": True, "reach": 0.1})
    assert session.open_folder.story.event("e1").start == 0.0  # all the room that it has


def test_a_typed_start_does_what_it_says_and_tells_where_it_lifts(session: Session) -> None:
    told: list[str] = []

    def type_start(row: int, start: object) -> Story:
        rows = table.rows_of(session.shown)
        rows[row][table.HEADERS.index("Start")] = start
        edit_table(session, rows, told.append)
        session.shown = session.open_folder.story
        return session.shown

    assert type_start(2, 2.5).event("bed").start == 2.5
    later = type_start(1, 4.5)
    assert [e.start for e in later.sequence] == [0.0, 4.5]
    assert (later.total, type_start(2, 5.5).total) == (6.5, 8.5)
    session.ripple = False
    free = type_start(0, 0.25)
    assert [e.start for e in free.sequence] == [0.25, 4.5]
    assert told == []
    lifted = type_start(0, 3.5)
    assert (lifted.event("e1").start, lifted.event("e1").layer) == (3.5, 2)
    assert "'rain' begins at 3.5 s on layer 2" in told.pop()


def test_a_preset_sets_the_format_and_the_boxes_and_what_is_shown_is_exported() -> None:
    assert preset_choices("web") == ("mp3", [])
    assert preset_choices("game") == ("wav16", ["stems", "markers"])
    assert preset_choices("") == ("wav24", [])
    for name in ("", *PRESETS):
        form, boxes = preset_choices(name)
        assert settings_of(name, form, boxes) == PRESETS.get(name, ExportSettings())
        assert settings_of(name, "", boxes) == PRESETS.get(name, ExportSettings())
    changed = settings_of("game", "flac", ["reaper"])
    assert (changed.format, changed.stems, changed.markers) == ("flac", "none", ())
    assert (changed.reaper, changed.loudness) == (True, -16.0)


def test_undo_says_before_and_after_what_it_takes_back(session: Session, tmp_path: Path) -> None:
    studio = studio_of("tiny", tmp_path)
    with gr.Blocks():
        page = lay_out(studio)
    act(session, "layer", {"id": "bed", "layer": 2})
    assert lanes(session)["undo"] == "change of layer: wind"
    undone = step_back(studio, page, session, "undo")[page.progress]
    assert "Undone: change of layer: wind" in undone
    assert lanes(session)["redo"] == "change of layer: wind"
    assert "Done again" in step_back(studio, page, session, "redo")[page.progress]
    for name in (*ACTIONS, *SEVERAL):
        assert "_" not in said(name)


def test_an_archived_story_is_offered_and_brought_back(session: Session, tmp_path: Path) -> None:
    studio = studio_of("tiny", tmp_path)
    with gr.Blocks():
        page = lay_out(studio)
    title, story = session.open_folder.title, session.story
    assert view(studio, page, session)[page.archived_row]["visible"] is False
    archive_story(session)
    offered = view(studio, page, session)
    assert offered[page.archived_row]["visible"] is True
    assert offered[page.archived]["value"] == title
    restore_story(session, title)
    assert session.story == story


def test_nothing_that_is_typed_is_cut_without_a_word(session: Session, tmp_path: Path) -> None:
    with gr.Blocks():
        page = lay_out(studio_of("tiny", tmp_path))
    for box in (page.instruction, page.plan_change, page.title):
        assert box.max_length is None
    with pytest.raises(StoryError, match="61 characters; shorten it to 60"):
        rename_story(session, "x" * 61)
    assert with_mood("a bell", "m" * MAX_MOOD).endswith(f"{'m' * MAX_MOOD} mood")
    with pytest.raises(StoryError, match="The mood has 41 characters; shorten it to 40"):
        with_mood("a bell", "m" * 41)


def test_keys_held_down_are_undone_at_once(session: Session) -> None:
    before = session.open_folder.story
    for length in (4.1, 4.2, 4.3):
        act(session, "stretch", {"id": "e1", "duration": length, "gesture": 7})
    assert session.open_folder.story.event("e1").duration == 4.3
    act(session, "undo", {})
    assert session.open_folder.story == before


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("explode", {}),
        ("split", {"at": "soon"}),
        ("gain", {}),
        ("move", {"id": "nobody", "start": 1}),
        ("layer", {"id": "e1", "layer": 99}),
        ("keep", {"key": "none"}),
    ],
)
def test_impossible_actions_change_nothing(
    session: Session, name: str, values: ActionValues
) -> None:
    before = session.open_folder.story
    with pytest.raises(StoryError, match=r"^[^\n]+\.$"):
        act(session, name, values)
    assert session.open_folder.story == before


def test_the_queue_serves_in_order_and_says_how_long_it_takes(session: Session) -> None:
    queue, first, second = JobQueue(limit=2), Job("render"), Job("render")
    heard: list[QueuePosition] = []
    order: list[str] = []

    def wait() -> None:
        with queue.turn(second, 3.0, heard.append):
            order.append("second")

    with queue.turn(first, 5.0):
        thread = threading.Thread(target=wait)
        thread.start()
        while not heard:
            time.sleep(0.01)
        with pytest.raises(StoryError, match="2 jobs wait, which takes about 8 seconds"):
            queue.turn(Job("draft"), 1.0).__enter__()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert heard == [QueuePosition(1, 5.0)]
    assert queue.position() == QueuePosition(0, 0)


class Line:
    """Jobs of several people in a queue, each in a thread of its own.

    Attributes:
        order: the people whose jobs ran, in turn.
        refused: the people whose jobs were refused, with the sentence.
    """

    def __init__(self, queue: JobQueue) -> None:
        self.queue = queue
        self.order: list[str] = []
        self.refused: list[tuple[str, str]] = []
        self._threads: list[threading.Thread] = []

    def join(self, *people: str, over: threading.Event | None = None) -> None:
        """Put a job of each into the queue, which has one; returns when they wait there.

        Args:
            over: what these jobs, once they run, go on until.
        """
        for person in people:
            entered = threading.Event()
            thread = threading.Thread(target=self._work, args=(person, entered, over))
            self._threads.append(thread)
            thread.start()
            assert entered.wait(60)

    def end(self) -> None:
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _work(self, person: str, entered: threading.Event, over: threading.Event | None) -> None:
        try:
            with self.queue.turn(Job("render", person), 1.0, lambda _: entered.set()):
                self.order.append(person)
                assert over is None or over.wait(60)
        except StoryError as error:
            self.refused.append((person, str(error)))
            entered.set()


def test_thirty_sessions_of_one_person_do_not_starve_another() -> None:
    line = Line(JobQueue())
    with line.queue.turn(Job("render", "greedy"), 1.0):
        line.join(*["greedy"] * 30, *["patient"] * 2, "late")
    line.end()
    assert line.order[:4] == ["patient", "late", "greedy", "patient"]
    assert set(line.order[4:]) == {"greedy"}
    assert {person for person, _ in line.refused} == {"greedy"}
    assert len(line.refused) == 30 - (MAX_JOBS // 2 - 1)
    assert line.refused[0][1].startswith("You have 12 jobs in the queue")


def test_who_comes_back_at_once_waits_for_who_is_there() -> None:
    """A turn counts when it is over too: else two people who take turns keep a third one out."""
    line, over = Line(JobQueue()), threading.Event()
    with line.queue.turn(Job("render", "again"), 1.0):
        line.join("patient", "patient")
        line.join("other", over=over)
    line.join("again")
    over.set()
    line.end()
    assert line.order == ["patient", "other", "patient", "again"]


def test_what_a_job_takes_changes_what_the_next_one_is_expected_to_take(tmp_path: Path) -> None:
    file = tmp_path / "new" / "speed.json"
    service = ModelService("tiny", Speed(file))
    fast, full = RenderSettings(8, sampler="fast"), RenderSettings(10, 3.5)
    assert service.pace("render", fast) is None
    assert service.estimate("render", 10.0, fast) == 10 * FIRST_ESTIMATES["render"]
    service.record_duration("render", 6.0, 10.0, fast)
    service.record_duration("render", 12.0, 10.0, fast)
    service.record_duration("render", 5.0, 0.0, fast)
    assert service.pace("render", full) is None
    # The next start of the studio knows it too.
    again = ModelService("tiny", Speed(file))
    assert again.estimate("render", 10.0, fast) == pytest.approx(9.0)
    assert ModelService("pocket", Speed(file)).pace("render", fast) is None


@pytest.mark.parametrize("damaged", ["", "{", "[1]", '{"tiny draft": -1, "x": "much"}', "\xff" * 9])
def test_a_damaged_memory_of_speed_costs_nothing_but_the_estimate(
    tmp_path: Path, damaged: str
) -> None:
    file = tmp_path / "speed.json"
    file.write_bytes(damaged.encode("latin-1"))
    speed = Speed(file)
    assert speed.pace("tiny draft") is None
    speed.record("tiny draft", 4.0)
    assert Speed(file).pace("tiny draft") == 4.0
    unwritable = Speed(tmp_path / "speed.json" / "below" / "a file")
    unwritable.record("tiny draft", 4.0)
    assert unwritable.pace("tiny draft") == 4.0


def test_what_follows_a_deleted_event_is_selected_and_never_the_opening(session: Session) -> None:
    for gone, follows in (("e1", "e2"), ("e2", "e1"), ("bed", "e1")):
        session.selected = gone
        act(session, "delete", {"id": gone})
        assert session.selected == follows
        act(session, "undo", {})
    rows = table.rows_of(session.story)
    session.selected = "e2"
    edit_table(session, [row for row in rows if row[0] != "2"])
    assert session.selected == "e1"
    act(session, "undo", {})
    long = timeline.add(session.open_folder.story, "a dog", 3.0, position=2)[0]
    session.open_folder.edit("add", lambda _: long)
    act(session, "delete", {"id": "e2"})
    assert session.selected == long.sequence[2].id


def test_steps_add_up_whatever_is_answered_first(session: Session) -> None:
    for by in (0.1, 0.1, 0.1, -0.1, 0.1, 0.1, 0.1, 0.1):
        act(session, "stretch", {"id": "e1", "by": by})
        act(session, "move", {"id": "bed", "by": by})
    story = session.open_folder.story
    assert story.event("e1").duration == 4.6
    assert story.total == 6.6
    assert story.event("bed").start == 1.6


def test_an_emptied_cell_is_neutral_or_refused_and_times_are_shown_to_the_millisecond(
    session: Session,
) -> None:
    folder = session.open_folder
    folder.edit("set", lambda s: timeline.change(s, "e2", gain_db=-6.0, pan=0.5, fade_in=0.2))
    folder.edit("lock", lambda s: timeline.lock(s, "e1"))
    session.show(folder)

    def emptied(row: int, *columns: str) -> list[list[object]]:
        rows = table.rows_of(session.shown)
        for column in columns:
            rows[row][table.HEADERS.index(column)] = ""
        return rows

    edit_table(session, emptied(0, "Lock"))
    assert folder.story.event("e1").locked
    edit_table(session, emptied(1, "Gain", "Pan", "In", "Seed"))
    event = folder.story.event("e2")
    assert (event.gain_db, event.pan, event.fade_in, event.seed) == (0, 0, 0, None)
    session.show(folder)
    for column in ("Sound", "Start", "Length"):
        with pytest.raises(StoryError):
            edit_table(session, emptied(1, column))
    assert folder.story.event("e2") == event
    odd = folder.story.replace_event(
        dataclasses.replace(folder.story.event("bed"), start=1.0999999)
    )
    assert table.rows_of(odd)[2][2] == 1.1


class Machine:
    """Renders on a clock of its own: so many seconds a unit of work, the first step three times."""

    def __init__(self, pace: float) -> None:
        self.pace, self.now = pace, 100.0

    def render(self, left: TimeLeft, work: dict[str, float], steps: int = 8) -> list[list[float]]:
        """Every estimate that was made, with the seconds that it really took from then on."""
        left.begin(work)
        heard = [(self.now, left.seconds)]
        slow = 2 * self.pace
        for event, amount in work.items():
            for step in range(1, steps + 1):
                self.now += self.pace * amount * SAMPLING / steps + slow
                slow = 0.0
                left.step(event, step / steps)
                heard.append((self.now, left.seconds))
            self.now += self.pace * amount * (1 - SAMPLING)
            left.finish(event)
            heard.append((self.now, left.seconds))
        assert left.seconds == pytest.approx(0.0, abs=1e-6)
        assert left.share == pytest.approx(1.0)
        return [[seconds, self.now - when] for when, seconds in heard if seconds is not None]


WORK = {"a bell": 4.0, "a long rain": 240.0, "steps": 32.0, "a night": 400.0, "a door": 8.0}


@pytest.mark.parametrize("order", [sorted(WORK), sorted(WORK, reverse=True), list(WORK)])
@pytest.mark.parametrize("remembered", [None, 1.0, 1.5, 0.67])
def test_the_time_left_is_near_the_truth_from_the_first_time_it_is_told(
    order: list[str], remembered: float | None
) -> None:
    machine = Machine(pace=0.17)
    pace = None if remembered is None else remembered * machine.pace
    left = TimeLeft(pace, clock=lambda: machine.now)
    assert left.seconds is None
    told = machine.render(left, {name: WORK[name] for name in order})
    assert len(told) > 20
    worst = 1.0 if remembered is None else max(remembered, 1 / remembered)
    for seconds, really in told:
        assert seconds == pytest.approx(really, rel=worst - 1 + 0.05, abs=2.0)
    # Half way, what is measured counts more than what is remembered.
    seconds, really = told[len(told) // 2]
    assert seconds == pytest.approx(really, rel=max(0.05, 0.7 * (worst - 1)), abs=2.0)


def test_times_that_are_not_known_to_the_second_are_rounded() -> None:
    said = [about(s) for s in (0.5, 8, 21, 38, 54.9, 55, 88, 118, 137, 160, 594, 5400)]
    assert said == [
        *("a few seconds", "about 10 s", "about 20 s", "about 40 s", "about 50 s", "about 1 min"),
        *("about 1½ min", "about 2 min", "about 2½ min", "about 2½ min", "about 10 min"),
        "about 90 min",
    ]


def test_a_fault_of_a_job_is_logged_and_its_tab_goes_on(logged: list[logging.LogRecord]) -> None:
    with errors_as_messages("Rendering"):
        raise ZeroDivisionError
    assert [record.getMessage() for record in logged] == ["Rendering failed"]
    assert logged[0].exc_info is not None
    with pytest.raises(KeyboardInterrupt), errors_as_messages("Rendering"):
        raise KeyboardInterrupt


def test_cancelling_leaves_the_queue(session: Session) -> None:
    queue, first, second = JobQueue(), Job("render"), Job("render")
    second.cancel.set()
    with queue.turn(first, 5.0):
        with pytest.raises(Cancelled):
            queue.turn(second, 1.0).__enter__()
        assert queue.position().before == 1
    with pytest.raises(Cancelled):  # nor does it begin where nobody is before it
        queue.turn(second, 1.0).__enter__()
    assert queue.position().before == 0


def test_a_slow_disk_leaves_the_turn_to_others_and_cancel_leaves_the_disk(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a take begins from is read before it is the rendering's turn."""
    studio, begun, over = studio_of("tiny", tmp_path), threading.Event(), threading.Event()
    read = render_job.read_start_sounds

    def read_slowly(*given: Any) -> dict[Any, Any]:
        begun.set()
        over.wait(PATIENCE)
        return read(*given)

    monkeypatch.setattr(render_job, "read_start_sounds", read_slowly)
    job, settings = session.start_job("render"), studio.service.profile.draft
    given = (studio, session.open_folder, job, lambda cancel: (), settings, "group")
    with ThreadPoolExecutor() as threads:
        working = threads.submit(render_job.render_work(*given), lambda report: None)
        assert begun.wait(PATIENCE)
        assert studio.service.queue.position().before == 0
        assert not working.done()
        job.cancel.set()
        with pytest.raises(Cancelled):
            working.result(PATIENCE)
        over.set()


def test_moods_are_part_of_the_instruction_and_come_off_again() -> None:
    assert with_mood("Rain on a roof.", "eerie") == "Rain on a roof, in an eerie mood"
    assert without_mood("Rain on a roof, in an eerie mood") == ("Rain on a roof", "eerie")
    assert without_mood(with_mood("a bell", "")) == ("a bell", "")
    assert with_mood("!!!", "eerie") == "!!!"


@pytest.fixture
def hearing(tmp_path: Path) -> Studio:
    """A studio whose tiny model has an ear; what it says means nothing."""
    text = (PROFILES / "tiny.toml").read_text().replace('weights = ""', f'weights = "{tmp_path}"')
    text = text.replace("lora_rank = 4", "lora_rank = 0")
    file = tmp_path / "hearing.toml"
    file.write_text(f'{text}\n[listener]\ntokens = 4\nwidth = 512\nencoder = "aisfx"\n')
    assert not load_profile(str(file)).hears
    untrained = build_audiostory(load_profile(str(file)), adapter=False)
    for part in ("bridge", "performer"):
        save_file(getattr(untrained, part).state_dict(), tmp_path / f"{part}.safetensors")
    assert untrained.listener is not None
    publish_ear(untrained.listener, tmp_path)
    return studio_of(str(file), tmp_path)


def studio_of(profile: str, folder: Path) -> Studio:
    sessions = Sessions(folder / "stories", folder / "served", private=False)
    return Studio(ModelService(profile), sessions, PeakCache())


def test_a_recording_is_described_and_faults_are_sentences(hearing: Studio, tmp_path: Path) -> None:
    assert hearing.service.profile.hears
    time = np.arange(RATE) / RATE
    soundfile.write(tmp_path / "tone.ogg", 0.3 * np.sin(2 * np.pi * 440 * time), RATE)
    soundfile.write(tmp_path / "silence.wav", np.zeros(RATE), RATE)
    (tmp_path / "words.wav").write_text("no sound")
    tone = tmp_path / "tone.ogg"
    assert description_of(hearing, str(tone)) == describe(hearing.service.model, tone)
    assert hearing.service.estimate("describe") != FIRST_ESTIMATES["describe"]
    for path, fault in ((None, "upload"), ("silence.wav", "silent"), ("words.wav", "WAV or FLAC")):
        with pytest.raises(AudioFileError, match=fault):
            description_of(hearing, path and str(tmp_path / path))
    assert hearing.service.queue.position().before == 0


def test_a_model_without_an_ear_is_not_asked(tmp_path: Path) -> None:
    studio = studio_of("tiny", tmp_path)
    assert not studio.service.profile.hears
    soundfile.write(tmp_path / "tone.wav", np.full(RATE, 0.1), RATE)
    with pytest.raises(WeightsError, match="cannot hear"):
        description_of(studio, str(tmp_path / "tone.wav"))


def test_a_description_goes_after_the_words_that_are_there() -> None:
    assert with_description("", "a dog barking") == "a dog barking"
    assert with_description("Rain falls. ", "a dog barking") == "Rain falls, then a dog barking"
    assert with_description("Rain falls.", "") == "Rain falls."


def test_outline_follows_gain_and_fades_without_a_mix(session: Session) -> None:
    keep_take(session, "e1", 0.5)
    folder, cache = session.open_folder, PeakCache()
    line = drawn_of(session, cache)
    assert len(line) == 6 * PER_SECOND
    assert line[PER_SECOND] == pytest.approx(0.5, abs=1e-3)
    assert line[5 * PER_SECOND] == 0
    folder.edit("gain", lambda s: timeline.change(s, "e1", gain_db=-6.0206, fade_in=2.0))
    line = drawn_of(session, cache)
    assert line[3 * PER_SECOND] == pytest.approx(0.25, abs=1e-3)
    assert line[PER_SECOND] == pytest.approx(0.25 * np.sin(np.pi / 4), abs=0.01)


def drawn_of(session: Session, cache: PeakCache) -> np.ndarray:
    drawn = outline_of(session.open_folder, session.open_folder.story, cache)
    assert drawn is not None
    return drawn.whole


def test_blocks_show_the_fades_and_tails_that_are_heard(session: Session) -> None:
    assert all(block[name] == 0.0 for block in fades(session) for name in FADES)
    keep_take(session, "e1", 0.5, tail=1.5)
    keep_take(session, "e2", 0.5)
    first, second = fades(session)[:2]
    assert [first[name] for name in FADES] == [0.0, 0.0, 0.0]
    assert [second[name] for name in FADES] == [1.0, 1.0, 0.0]
    session.open_folder.edit("fade", lambda s: timeline.change(s, "e1", fade_out=0.75))
    first, second = fades(session)[:2]
    assert [first[name] for name in FADES] == [0.0, 0.0, 0.75]
    assert [second[name] for name in FADES] == [0.0, 0.0, 0.0]


FADES = ("overlap", "rise", "fall")


def fades(session: Session) -> list[dict[str, Any]]:
    return list(waves(session, PeakCache())["blocks"].values())


def test_mix_is_made_once_a_revision_and_has_the_exact_length(session: Session) -> None:
    assert sound_files.mix_file(session, RATE) is None
    keep_take(session, "e1", 0.5)
    path = sound_files.mix_file(session, RATE)
    assert path is not None
    info = soundfile.info(path)
    assert (info.frames, info.samplerate, info.channels) == (6 * RATE, RATE, 2)
    stamp = path.stat().st_mtime_ns
    assert sound_files.mix_file(session, RATE) == path
    assert path.stat().st_mtime_ns == stamp
    session.open_folder.edit("gain", lambda s: timeline.change(s, "e1", gain_db=-6))
    again = sound_files.mix_file(session, RATE)
    assert again is not None
    assert again != path
    session.open_folder.edit("gain", lambda s: timeline.change(s, "e1", gain_db=-3))
    assert sound_files.mix_file(session, RATE) is not None
    assert path.exists()  # a page may still be about to load it
    os.utime(path.parent, (0, 0))
    (session.sounds / "mix-0").symlink_to("gone")  # as where another mix drops it at the same time
    session.open_folder.edit("gain", lambda s: timeline.change(s, "e1", gain_db=-1))
    assert sound_files.mix_file(session, RATE) is not None
    assert not path.exists()


def test_every_story_of_a_tab_has_a_mix_of_its_own(session: Session, story: Story) -> None:
    addresses = set()
    for level in (0.5, 0.4, 0.3):
        keep_take(session, "e1", level)
        addresses.add(sound_files.mix_file(session, RATE))
    for _ in range(2):
        session.show(session.library.create(story, "Another"))
        keep_take(session, "e1", 0.2)
        path = sound_files.mix_file(session, RATE)
        assert path is not None
        assert path.is_file()
        addresses.add(path)
    assert len(addresses) == 5


def test_tabs_do_not_see_each_other_and_visitors_have_their_own_stories(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path / "stories", tmp_path / "served", private=True)
    first, name = sessions.connect("tab-1", "")
    second, other = sessions.connect("tab-2", "../../etc")
    assert name != other
    assert first is not second
    assert first.sounds != second.sounds
    assert first.library.root != second.library.root
    assert first.library.root.parent.parent == tmp_path / "stories"
    again, kept = sessions.connect("tab-3", name)
    assert kept == name
    assert again.library is first.library


def test_a_page_of_before_the_studio_was_started_anew_is_to_be_reloaded(tmp_path: Path) -> None:
    """Such a page shows a story, and nothing is known of it."""
    sessions = Sessions(tmp_path, tmp_path / "served", private=False)
    with pytest.raises(StoryError, match="If this page shows one, reload it"):
        _ = sessions.of("a tab of before").open_folder


def test_local_tabs_share_the_library(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path, tmp_path / "served", private=False)
    assert sessions.of("a").library is sessions.of("b").library
    assert sessions.of("a").library.root == tmp_path


def test_closing_a_tab_cancels_its_work_and_removes_its_sounds(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path, tmp_path / "served", private=False)
    session, other = sessions.of("a"), sessions.of("b")
    session.sounds.mkdir(parents=True)
    jobs = session.request_job("render"), other.request_job("render")
    with pytest.raises(StoryError, match="already"):
        session.request_job("draft")
    assert session.start_job("render") is jobs[0]
    sessions.disconnect("a")
    assert jobs[0].cancel.is_set()
    assert not jobs[1].cancel.is_set()
    assert not session.sounds.exists()


def test_a_tab_whose_connection_broke_comes_back_to_its_story(story: Story, tmp_path: Path) -> None:
    sessions = Sessions(tmp_path / "stories", tmp_path / "served", private=True)
    session, _ = sessions.connect("a", "")
    folder = session.library.create(story)
    session.show(folder)
    session.selected, session.quality = "bed", "final"
    sounds = session.sounds
    sessions.disconnect("a")
    folder.edit("gain", lambda now: timeline.change(now, "e1", gain_db=-6))
    again, stranger = sessions.of("a"), sessions.of("b")
    assert again.open_folder is folder
    assert again.shown == story
    assert again.library is session.library
    assert (again.selected, again.quality) == ("bed", "final")
    assert again.sounds != sounds
    assert stranger.folder is None
    assert stranger.library is not session.library
    sessions.disconnect("a")
    session.library.archive(folder.title)
    assert sessions.of("a").folder is None
    assert sessions.of("a").library is session.library


def test_a_story_that_takes_long_to_read_keeps_no_other_tab_waiting(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own tab waits, whatever it asks for first."""
    sessions = Sessions(session.library.root, tmp_path / "served", private=False)
    title = session.open_folder.title
    sessions.of("slow").show(sessions.of("slow").library.open(title))
    sessions.disconnect("slow")
    begun, over, read = threading.Event(), threading.Event(), library.StoryFolder

    def read_slowly(path: Path) -> StoryFolder:
        begun.set()
        over.wait(PATIENCE)
        return read(path)

    with ThreadPoolExecutor() as threads:
        monkeypatch.setattr(library, "StoryFolder", read_slowly)
        coming = [threads.submit(sessions.of, "slow")]
        assert begun.wait(PATIENCE)
        coming.append(threads.submit(sessions.of, "slow"))
        monkeypatch.undo()
        other = threads.submit(
            lambda: sessions.of("other").library.create(session.open_folder.story)
        )
        assert other.result(PATIENCE).title != title
        assert not any(session.done() for session in coming)
        over.set()
        first, second = (session.result(PATIENCE) for session in coming)
    assert first is second
    assert first.open_folder.title == title


def test_only_the_last_tabs_that_left_are_remembered(story: Story, tmp_path: Path) -> None:
    sessions = Sessions(tmp_path / "stories", tmp_path / "served", private=False)
    folder = sessions.of("first").library.create(story)
    for tab in ("first", *map(str, range(MAX_REMEMBERED))):
        sessions.of(tab).show(folder)
        sessions.disconnect(tab)
    assert sessions.of("first").folder is None
    assert sessions.of("0").folder is folder


def test_names_without_a_story_are_forgotten_before_any_other(story: Story, tmp_path: Path) -> None:
    """However many sessions are asked for; `connect` is a page that was opened."""
    sessions = Sessions(tmp_path / "stories", tmp_path / "served", private=True)
    page, _ = sessions.connect("page", "")
    page.show(page.library.create(story))
    fresh, _ = sessions.connect("fresh page", "")
    working, noted = sessions.of("working"), sessions.of("noted")
    working.start_job("draft")
    noted.request_job("draft")
    for name in range(2 * MAX_TABS):
        sessions.of(str(name))
    assert len(sessions) == MAX_TABS
    assert sessions.of("page") is page
    assert sessions.of("fresh page") is fresh
    assert sessions.of("working") is working
    assert sessions.of("noted") is not noted
    assert not sessions._disconnected
    assert len(sessions._libraries) == MAX_TABS + 1  # that of `noted` is held here


def test_of_too_many_tabs_the_one_unused_longest_goes_and_comes_back_to_its_story(
    story: Story, tmp_path: Path
) -> None:
    sessions = Sessions(tmp_path / "stories", tmp_path / "served", private=False)
    folder = sessions.of("first").library.create(story)
    for name in ("first", "second", *map(str, range(MAX_TABS - 2))):
        session, _ = sessions.connect(name, "")
        session.show(folder)
        session.selected = "bed"
    first, second = sessions.of("first"), sessions.of("second")
    second.sounds.mkdir(parents=True)
    sessions.of("0")
    sessions.of("first")
    sessions._tabs["1"].session.start_job("render")
    for name in map(str, range(2, MAX_TABS - 2)):
        sessions.of(name)
    sessions.connect("new", "")
    assert sessions.of("first") is first
    assert not second.sounds.exists()
    again = sessions.of("second")
    assert again is not second
    assert (again.open_folder, again.selected, again.shown) == (folder, "bed", story)
    assert len(sessions) == MAX_TABS


def test_a_program_that_asks_for_nothing_is_put_away_in_time_and_an_open_page_is_not(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = Sessions(tmp_path / "stories", tmp_path / "served", private=False)
    program = sessions.of("program")
    program.show(program.library.create(story))
    page, _ = sessions.connect("page", "")
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + REMEMBERED_SECONDS + 60)
    sessions.of("another")
    assert len(sessions) == 2
    assert sessions.of("page") is page
    assert sessions.of("program") is not program
    assert sessions.of("program").open_folder is program.open_folder


def test_what_was_asked_for_and_never_began_can_be_cancelled(session: Session) -> None:
    job = session.request_job("draft")
    session.cancel_job()
    assert not session.busy
    late = session.start_job("draft")
    assert late is job
    assert late.cancel.is_set()
    late.done = True
    assert not session.start_job("draft").cancel.is_set()


def test_what_is_asked_for_right_after_a_cancel_begins_once(session: Session) -> None:
    """The event of what was cancelled comes when the next one is noted already, and makes that."""
    session.request_job("render")
    session.cancel_job()
    asked = session.request_job("render")
    assert session.start_job("render") is asked
    assert not asked.cancel.is_set()
    with pytest.raises(StoryError, match="already"):
        session.start_job("render")


def test_the_page_leaves_out_no_job_that_was_noted(tmp_path: Path) -> None:
    """It would wait for what was cancelled, and the note for a job that never comes."""
    listeners = _build(studio_of("tiny", tmp_path)).fns
    notes = {n for n, listener in listeners.items() if listener.name == "note_job"}
    noted = [listener for listener in listeners.values() if listener.trigger_after in notes]
    assert len(notes) == len(noted) == 8
    assert {listener.trigger_mode for listener in noted} == {"multiple"}


@pytest.mark.parametrize("kind", ["draft", "render"])
def test_an_answer_that_is_overtaken_by_the_end_of_a_job_brings_no_cancel_back(
    session: Session, tmp_path: Path, kind: JobKind
) -> None:
    """Of an edit, or of the quality, made meanwhile: what it says of buttons is what was before."""
    studio = studio_of("tiny", tmp_path)
    with gr.Blocks():
        page = lay_out(studio)
    idle = buttons_after(view(studio, page, session))
    job = session.request_job(kind)
    begun = [waiting_view(studio, page, session), view(studio, page, session, of_job=True)]
    late = [view(studio, page, session), render_buttons(studio, page, session)]
    stop = {"draft": page.cancel, "render": page.stop}[kind]
    assert buttons_after(*begun)[stop, "visible"] is True
    assert buttons_after(*begun)[page.render, "visible"] is (kind == "draft")
    assert not any(buttons_after(*begun)[b, "interactive"] for b in (page.draft, page.undo))
    job.done = True
    assert buttons_after(*begun, view(studio, page, session), *late) == idle


def buttons_after(*answers: dict[Any, Any]) -> dict[tuple[Any, str], Any]:
    """What can be seen and pressed on the page when those answers have come, in this order."""
    return {
        (component, setting): update[setting]
        for answer in answers
        for component, update in answer.items()
        if isinstance(update, dict)
        for setting in ("visible", "interactive")
        if setting in update
    }


def test_theme_fetches_nothing_from_elsewhere() -> None:
    assert "http" not in studio_css()
    assert not [sheet for sheet in studio_theme()._stylesheets if sheet]


def test_notes_on_the_plan_are_shown_above_the_timeline() -> None:
    story = Story("a <bell>, rain", 5.0, 0, "tiny", "", (Event("e1", "rain", 0.0, 5.0),))
    assert notes_html(None) == notes_html(story) == ""
    noted = dataclasses.replace(story, notes=("No event was planned for <bell>.",))
    assert "<li>No event was planned for &lt;bell&gt;.</li>" in notes_html(noted)
