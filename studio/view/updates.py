"""What the page shows for a session: one function from the story on disk to every component.

Table, timeline and buttons are always updated together from one story, so they cannot disagree.
Edits of a page are answered in their order (studio/handlers/turns.py), but the answers of a job may
be overtaken by others on their way; the page asks for another view then. That something is being
made is therefore shown by the answers of that job alone, the last of which shows its end: another
answer would bring back a Cancel that nothing ends any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import gradio as gr

from core.errors import StudioError
from core.profile import AUTO, OWN
from core.story.story import Story
from studio.editing import table
from studio.page.layout import Page
from studio.sessions.session import Session
from studio.sound import files as sound_files
from studio.state import Studio
from studio.view.history import brief_html, history_html
from studio.view.lanes import lanes_json
from studio.view.proposal import proposal_html
from studio.view.remaining import left_to_render
from studio.view.takes import takes_panel
from studio.view.unfamiliar import unfamiliar_sounds, unknown_events

Updates = dict[Any, Any]


def components(page: Page) -> list[Any]:
    """The components that `view` updates."""
    return [
        page.stories,
        page.manage,
        page.new_story,
        page.undo,
        page.redo,
        page.history,
        page.brief,
        page.draft,
        page.cancel,
        page.another_seed,
        page.replanning,
        page.stop,
        page.welcome,
        page.archived_row,
        page.archived,
        page.reasoning_panel,
        page.reasoning,
        page.workspace,
        page.notes,
        page.timeline,
        page.change_plan,
        page.stop_wish,
        page.proposal_panel,
        page.proposal,
        page.take_plan,
        page.takes,
        page.render,
        page.render_all,
        page.progress,
        page.download,
        page.unfamiliar,
        page.table,
    ]


def ways_out(studio: Studio, session: Session) -> str:
    """What can be done about unknown sounds, as markup."""
    learns = studio.lessons is not None
    return unfamiliar_sounds(studio.service, session, studio.sound_library, learns=learns)


def view(
    studio: Studio, page: Page, session: Session, *, of_job: bool = False, opened: bool = True
) -> Updates:
    """Everything that depends on the story, and on what is being made.

    Args:
        of_job: it is an answer of what is being made.
        opened: another story than before may be open, or none. Else what depends on that and on
            jobs alone is left out: to say again that something is there makes the page ask for and
            draw all that stands inside of it.
    """
    with session.guard:
        return _view(studio, page, session, of_job=of_job, opened=opened)


def _view(studio: Studio, page: Page, session: Session, *, of_job: bool, opened: bool) -> Updates:
    """The same of a story that no edit changes meanwhile."""
    folder, story = session.folder, session.story
    of_jobs = _JobFields(session, of_job=of_job)
    rows = table.rows_of(story, unknown_events(studio.service, session))
    session.shown = story
    there: dict[str, Any] = {"visible": story is not None} if opened else {}
    undo = folder.undo_label if folder else ""
    redo = folder.redo_label if folder else ""
    return {
        **(_of_opening(page, session, of_jobs) if opened else {}),
        page.undo: gr.update(**there, **of_jobs(interactive=bool(undo) and of_jobs.idle)),
        page.redo: gr.update(**there, **of_jobs(interactive=bool(redo) and of_jobs.idle)),
        page.history: gr.update(**there, value=history_html(session)),
        page.brief: gr.update(**there, value=brief_html(session)),
        **_proposal(page, session),
        page.reasoning: _reasoning(story),
        page.notes: notes_html(story),
        page.progress: "",
        page.download: gr.update(interactive=sound_files.has_sound(session)),
        page.unfamiliar: ways_out(studio, session),
        page.table: gr.update(value=rows, **_table_settings(session, rows, opened=opened)),
        **render_buttons(studio, page, session, of_job=of_job),
        **selection_view(studio, page, session),
    }


def _table_settings(session: Session, rows: Sequence[table.Row], *, opened: bool) -> dict[str, Any]:
    """How the table is set: its widths, said again only where they are others. With each setting
    that comes beside its value the page copies and draws the whole table once more."""
    widths = table.widths_of(rows)
    if widths == session.widths and not opened:
        return {}
    session.widths = widths
    return {"column_widths": widths, "interactive": True}


class _JobFields:
    """The fields that depend on jobs: only an answer of a job says that there is one.

    Attributes:
        idle: nothing is being made.
    """

    def __init__(self, session: Session, *, of_job: bool) -> None:
        self.idle = not session.busy
        self._all = of_job or self.idle

    def __call__(self, **settings: Any) -> dict[str, Any]:
        """Those settings, which depend on jobs, or none of them."""
        return settings if self._all else {}


def selection_view(studio: Studio, page: Page, session: Session) -> Updates:
    """The timeline and the takes, which follow the selection too."""
    return {
        page.timeline: lanes_json(session, unknown_events(studio.service, session)),
        page.takes: selected_takes(studio, session),
    }


def selected_takes(studio: Studio, session: Session) -> str:
    """The takes of the selected event."""
    event, lexicon = session.event, studio.service.lexicon
    if event is None:
        return ""
    due = {request.event_id for request in left_to_render(studio, session, "all")}
    by_us = studio.service.performers.asked_by(session.open_folder.story, event) in (OWN, AUTO)
    paraphrase = lexicon.performed_as(event.caption) if lexicon and by_us else ""
    return takes_panel(
        session,
        studio.service.performers,
        ready=event.id not in due,
        paraphrase=paraphrase,
        cache=studio.cache,
    )


def _reasoning(story: Story | None) -> str:
    if story is None:
        return ""
    notes = "".join(f'<p class="hint">{escape(note)}</p>' for note in story.corrections)
    return f'<div class="reasoning">{escape(story.reasoning)}</div>{notes}'


def notes_html(story: Story | None) -> str:
    """What of the instruction was not kept, above the timeline; empty where there is nothing."""
    items = "".join(f"<li>{escape(note)}</li>" for note in (story.notes if story else ()))
    return f'<ul class="notes" aria-label="Notes on the plan">{items}</ul>' if items else ""


def render_buttons(
    studio: Studio, page: Page, session: Session, *, of_job: bool = False
) -> Updates:
    """They say how much there is to render; while something renders, Cancel is in their place.

    Args:
        of_job: it is an answer of what is being made.
    """
    if session.story is None:
        return {page.render: gr.update(visible=False), page.render_all: gr.update(visible=False)}
    events = len(session.story.events)
    changed = len(left_to_render(studio, session, "changed"))
    every = len(left_to_render(studio, session, "all"))
    of_jobs, rendering = _JobFields(session, of_job=of_job), session.has_job("render")
    sounds = any(event.take for event in session.story.events)
    label = "Render" if changed else "Rendered" if sounds else "Nothing to render"
    if 0 < changed < events:
        label = f"Render {changed} of {events}"
    whole = f"All in {session.quality}" if every == events else f"{every} in {session.quality}"
    return {
        page.render: gr.update(
            value=label,
            **of_jobs(interactive=bool(changed) and of_jobs.idle, visible=not rendering),
        ),
        page.render_all: gr.update(
            value=whole,
            **of_jobs(interactive=of_jobs.idle, visible=every > changed and not rendering),
        ),
    }


def _stories(session: Session) -> Updates:
    titles = list(session.library.titles())
    title = session.folder.title if session.folder else None
    return gr.update(choices=titles, value=title, visible=bool(titles), interactive=True)


def _of_opening(page: Page, session: Session, of_jobs: _JobFields) -> Updates:
    """What depends on which story is open, and on jobs: what can be done with one, and the page
    without any."""
    there = session.story is not None
    return {
        page.stories: _stories(session),
        page.manage: gr.update(visible=there),
        page.replanning: gr.update(visible=there),
        page.reasoning_panel: gr.update(visible=there, open=False),
        page.workspace: gr.update(visible=there),
        page.new_story: gr.update(visible=there, **of_jobs(interactive=of_jobs.idle)),
        page.another_seed: gr.update(visible=there, **of_jobs(interactive=of_jobs.idle)),
        **_job_buttons(page, session, of_jobs),
        **_archive(page, session),
    }


def _archive(page: Page, session: Session) -> Updates:
    """What can be brought back, on the page that shows no story."""
    titles = list(session.library.archived()) if session.story is None else []
    return {
        page.archived_row: gr.update(visible=bool(titles)),
        page.archived: gr.update(choices=titles, value=titles[0] if titles else None),
    }


def _proposal(page: Page, session: Session) -> Updates:
    """What a wish would change; it can be taken while the story is the one that it was made for."""
    proposal = session.proposal
    fits = proposal is not None and proposal.before == session.story
    return {
        page.proposal_panel: gr.update(visible=proposal is not None),
        page.proposal: proposal_html(proposal, fits=fits) if proposal else "",
        page.take_plan: gr.update(interactive=fits),
    }


def _job_buttons(page: Page, session: Session, of_jobs: _JobFields) -> Updates:
    """Draft, and what stops a job; the welcome stands where there is neither a story nor a job."""
    there, drafting = session.folder is not None, session.has_job("draft")
    draft = of_jobs(visible=not drafting, interactive=of_jobs.idle)
    value, variant = ("Draft again", "secondary") if there else ("Draft", "primary")
    return {
        page.draft: gr.update(value=value, variant=variant, **draft),
        page.cancel: gr.update(**of_jobs(visible=drafting)),
        page.change_plan: gr.update(**of_jobs(visible=not drafting, interactive=of_jobs.idle)),
        page.stop_wish: gr.update(**of_jobs(visible=drafting)),
        page.stop: gr.update(**of_jobs(visible=session.has_job("render"))),
        page.welcome: gr.update(**of_jobs(visible=not there and of_jobs.idle)),
    }


def waiting_view(studio: Studio, page: Page, session: Session) -> Updates:
    """What shows at once that a job was requested, even while others are before it."""
    return {
        **_job_buttons(page, session, _JobFields(session, of_job=True)),
        **render_buttons(studio, page, session, of_job=True),
    }


def view_after(
    studio: Studio, page: Page, act: Callable[[Session], object], session: Session
) -> Updates:
    """Run an edit and show the story; what goes wrong is said in one sentence."""
    with session.guard:
        try:
            act(session)
        except StudioError as error:
            gr.Warning(str(error))
        if session.folder is not None and (notice := session.folder.take_notice()):
            gr.Info(notice)
        return view(studio, page, session, opened=session.folder is None)
