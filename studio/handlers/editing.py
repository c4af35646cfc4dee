"""Edits of the story from the table, the timeline and the buttons; what is selected."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from functools import partial
from html import escape
from typing import Any, Literal

import gradio as gr
from gradio.events import api

from core.errors import StoryError, StudioError
from core.profile import Profile
from core.render.levels import with_default_levels
from core.schema import read_value
from core.story.clipboard import clip_text
from core.story.story import Story
from studio.editing import table
from studio.editing.actions import act
from studio.editing.labels import said
from studio.editing.pasting import paste
from studio.handlers.arguments import event_value
from studio.handlers.mixing import mix_updates, then_mix
from studio.handlers.options import PRIVATE, QUICK, UNMARKED
from studio.handlers.turns import AFTER_EDITS, ending_turn, in_turn, table_in_turn
from studio.page.layout import Page
from studio.sessions.session import Session
from studio.state import Studio
from studio.view.updates import (
    Updates,
    components,
    selected_takes,
    selection_view,
    view,
    view_after,
)

_COPIES = itertools.count(1)
"""Numbers what goes to the clipboard, so that the same text twice is news to the page."""
_VALUES = dict[str, Any] | None
REPEAT_SECONDS = 3.0
"""Seconds within which a table with the same rows is the same one."""


def add_editing_listeners(studio: Studio, page: Page) -> None:
    """Connect what changes the story or the selection."""
    _add_edit_listeners(studio, page)
    _add_step_listeners(studio, page)
    _add_selection_listeners(studio, page)
    _add_clipboard_listeners(studio, page)


def _add_edit_listeners(studio: Studio, page: Page) -> None:
    outputs = components(page)

    def session_of(request: gr.Request) -> Session:
        return studio.sessions.of(request.session_hash)

    def edit(rows: list[list[Any]], view: int | None, request: gr.Request) -> Updates:
        """Change the story to what the table's rows say.

        Args:
            rows: of the whole table.
            view: the page's number of what it shows; programs leave it out.
        """
        session = session_of(request)
        seen = session.seen_in(view)
        act = partial(edit_table, rows=rows, profile=studio.service.profile, seen=seen)
        return view_after(studio, page, act, session)

    def do(data: gr.EventData, request: gr.Request) -> Updates:
        name = event_value(data, "name", str)
        values = event_value(data, "values", dict[str, Any] | None) or {}
        return view_after(studio, page, lambda s: act(s, name, values), session_of(request))

    def do_all(data: gr.EventData, request: gr.Request) -> Updates:
        """Actions in their order; one that is refused keeps none of the others from being done."""
        acts = event_value(data, "acts", list[dict[str, Any]])
        return view_after(studio, page, partial(act_all, acts=acts), session_of(request))

    def refresh(request: gr.Request) -> Updates:
        """The story as it is: the page was shown an older view after a newer one."""
        return view(studio, page, session_of(request), opened=False)

    def put(data: gr.EventData, request: gr.Request) -> Updates:
        """Put the events of the clipboard into the story."""
        values = {
            "clip": event_value(data, "clip", list[str]),
            "at": event_value(data, "at", float),
            "ripple": event_value(data, "ripple", bool),
        }
        act = partial(paste, values=values, tell=gr.Info)
        return view_after(studio, page, act, session_of(request))

    for change in (
        table_in_turn(
            page.table.input, edit, [page.table, page.view], outputs, api_name="edit", **QUICK
        ),
        ending_turn(page.timeline.act(do_all, None, outputs, **QUICK, **PRIVATE)),
        in_turn(page.takes.act, do, None, outputs, **QUICK, **PRIVATE),
        in_turn(page.unfamiliar.act, do, None, outputs, **QUICK, **PRIVATE),
        in_turn(page.history.act, do, None, outputs, **QUICK, **PRIVATE),
        in_turn(page.timeline.paste, put, None, outputs, **QUICK, **PRIVATE),
    ):
        then_mix(studio, page, change)
    page.timeline.refresh(refresh, None, outputs, **QUICK, **PRIVATE)

    def perform(action: str, values: dict[str, Any], request: gr.Request) -> str:
        """Do one action of the timeline to the open story and return the story as JSON.

        Args:
            action: add, over, split, join, duplicate, delete, move, begin, reorder, stretch, trim,
                slip, roll, layer, lock, fit, caption, mood, gain, gain_by, pan, fade_in, fade_out,
                role, shape, repeats, source, placeholder, performer, performers, seed, group,
                ungroup, mark, move_marker, rename_marker, unmark, keep, restore, drop, drop_others,
                loop, undo, redo or go; points, point_add, point_move, point_remove, fade, strip,
                approach, recede, duck or duck_beds; of a lane lane_gain, lane_pan, lane_mute,
                lane_solo, lane_strip, lane_duck, lane_points, lane_point_add,
                lane_point_move or lane_point_remove; and master.
            values: the event's id or the ids of several, the layer of a `lane`, and what the
                action needs (see studio/editing/actions.py and strips.py); `ripple` false leaves
                what follows where it is.
        """
        session = session_of(request)
        try:
            with session.guard:
                act(session, action, values)
        except StudioError as error:
            raise gr.Error(str(error)) from None
        return session.open_folder.story.to_json()

    api(perform, api_name="act")


def _add_step_listeners(studio: Studio, page: Page) -> None:
    outputs = components(page)

    def session_of(request: gr.Request) -> Session:
        return studio.sessions.of(request.session_hash)

    def undo(request: gr.Request) -> Updates:
        """Take the last change back; takes that were rendered since stay in their lists."""
        return step_back(studio, page, session_of(request), "undo")

    def redo(request: gr.Request) -> Updates:
        """Bring back what undo took."""
        return step_back(studio, page, session_of(request), "redo")

    def step(data: gr.EventData, request: gr.Request) -> Updates:
        way = event_value(data, "way", Literal["undo", "redo"])
        return step_back(studio, page, session_of(request), way)

    for change in (
        in_turn(page.undo.click, undo, None, outputs, api_name="undo", **QUICK),
        in_turn(page.redo.click, redo, None, outputs, api_name="redo", **QUICK),
        in_turn(page.timeline.step, step, None, outputs, **QUICK, **PRIVATE),
    ):
        then_mix(studio, page, change)


def _add_clipboard_listeners(studio: Studio, page: Page) -> None:
    def copy(data: gr.EventData, request: gr.Request) -> str:
        """What is selected, as text that the page takes to the clipboard."""
        session = studio.sessions.of(request.session_hash)
        try:
            text = clip_text(session.open_folder.story, event_value(data, "ids", list[str]))
        except StudioError as error:
            gr.Warning(str(error))
            return gr.skip()  # type: ignore[no-any-return]
        return f'<data data-clip="{escape(text)}" data-copy="{next(_COPIES)}"></data>'

    def ripple(data: gr.EventData, request: gr.Request) -> None:
        """Whether what follows moves along with edits in the table."""
        studio.sessions.of(request.session_hash).ripple = event_value(data, "on", bool)

    def beside(data: gr.EventData, request: gr.Request) -> Updates:
        """Open the story as it was, as a copy, for another tab."""
        session = studio.sessions.of(request.session_hash)
        try:
            place = event_value(data, "place", int)
            made = session.library.duplicate(session.open_folder.title, place)
        except StudioError as error:
            gr.Warning(str(error))
            return {page.clip: gr.skip()}
        gr.Info(f"It is beside this one as {made.title!r}.")
        opened = f'<data data-beside="{escape(made.title)}" data-copy="{next(_COPIES)}"></data>'
        return {page.clip: opened, page.stories: gr.update(choices=list(session.library.titles()))}

    in_turn(page.timeline.copy, copy, None, page.clip, **QUICK, **PRIVATE)
    in_turn(page.timeline.ripple, ripple, None, None, **QUICK, **PRIVATE)
    page.history.beside(beside, None, [page.clip, page.stories], **QUICK, **PRIVATE, **AFTER_EDITS)


def _add_selection_listeners(studio: Studio, page: Page) -> None:
    def pick(data: gr.EventData, request: gr.Request) -> Updates:
        session = studio.sessions.of(request.session_hash)
        session.picked(event_value(data, "id", str), event_value(data, "pick", int))
        return {page.takes: selected_takes(studio, session)}

    def pick_row(data: gr.SelectData, request: gr.Request) -> Updates:
        session = studio.sessions.of(request.session_hash)
        story = session.shown
        row, _ = event_value(data, "index", tuple[int, int])
        if story is None or not 0 <= row < len(story.events):
            return {page.takes: gr.update()}
        event_id = table.ids_of(story)[row]
        if event_id == session.selected:
            return {page.takes: gr.update()}
        session.selected = event_id
        return selection_view(studio, page, session)

    def back(request: gr.Request) -> Updates:
        """The tab was away: its sounds where they are now, which may be where they were."""
        session = studio.sessions.of(request.session_hash)
        return {page.takes: selected_takes(studio, session)} | mix_updates(studio, page, session)

    page.mix.back(
        back,
        None,
        [page.takes, page.mix, page.download],
        concurrency_id="mix",
        **UNMARKED,
        **PRIVATE,
    )
    page.timeline.pick(pick, None, page.takes, **QUICK, **PRIVATE)
    page.table.select(pick_row, None, [page.timeline, page.takes], **QUICK, **PRIVATE)


def step_back(studio: Studio, page: Page, session: Session, way: str) -> Updates:
    """Undo or redo, and say beside the buttons of rendering what that was."""
    label = ""

    def step(session: Session) -> None:
        nonlocal label
        act(session, way, {})
        folder = session.open_folder
        label = folder.redo_label if way == "undo" else folder.undo_label

    shown = view_after(studio, page, step, session)
    if label:
        what = f"{'Undone' if way == 'undo' else 'Done again'}: {said(label)}"
        shown[page.progress] = f'<span class="hint" role="status">{escape(what)}</span>'
    return shown


def act_all(
    session: Session, acts: Sequence[dict[str, Any]], tell: Callable[[str], object] = gr.Warning
) -> None:
    """Do actions in their order, each with its name and values; tell why one is refused."""
    for one in acts:
        try:
            name = read_value(str, one.get("name"), "The action's name", StoryError)
            values = read_value(_VALUES, one.get("values"), "The action's values", StoryError)
            act(session, name, values or {})
        except StudioError as error:
            tell(str(error))


def edit_table(
    session: Session,
    rows: list[list[Any]],
    tell: Callable[[str], object] = gr.Info,
    profile: Profile | None = None,
    seen: Story | None = None,
) -> None:
    """Change the story to what the rows say, and tell what a start or a cleared gain led to.

    Args:
        profile: by which a gain that was cleared is set; None: with the next take.
        seen: the story that the rows were shown of; None: what is shown now.

    Gradio sends a cell twice, when Enter is pressed and when it loses the focus: the second time
    the rows are those of a table that is shown no more."""
    table.check_rows(rows)
    now = time.monotonic()
    then, before = session.last_table
    session.last_table = (now, rows)
    if rows == before and now - then < REPEAT_SECONDS:
        return
    selected, seen = session.event, seen or session.shown
    folder = session.open_folder
    cleared = table.emptied_gains(rows, seen) if seen else ()

    def change(story: Story) -> Story:
        story = table.edited(story, rows, seen, ripple=session.ripple)
        if profile is None or not cleared:
            return story
        return with_default_levels(profile, folder, story, cleared)

    after = folder.edit("table", change)
    if seen is not None:
        notes = (*table.start_notes(seen, after), *table.gain_notes(cleared, after))
        for note in notes:
            tell(note)
    session.follow(selected)
