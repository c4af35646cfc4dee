"""Events whose sound the model does not know: why they are not rendered, and the ways out."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from core.render.unknown import unknown_sounds
from core.story.story import Event, Story
from studio.editing.table import name_of
from studio.jobs.model_service import ModelService
from studio.sessions.session import Session

if TYPE_CHECKING:
    from core.bridge.known_sounds import CaptionMatch


def unknown_events(service: ModelService, session: Session) -> dict[str, CaptionMatch]:
    """The events of the open story, by id, that are not rendered.

    None until the model is there and all captions were looked up; a rendering looks for itself.
    """
    if session.story is None or not service.has_matched(session.story):
        return {}
    return unknown_sounds(service.profile, session.story, service.performers)


def unfamiliar_sounds(service: ModelService, session: Session) -> str:
    """What is said of each such event without a sound, with buttons for the ways out."""
    story, unknown = session.story, unknown_events(service, session)
    if story is None:
        return ""
    rows = [
        _row(story, event, unknown[event.id])
        for event in story.events
        if event.id in unknown and event.take is None and not (event.locked or event.silent)
    ]
    if not rows:
        return ""
    return f'<ul class="unfamiliar" aria-label="Unknown sounds">{"".join(rows)}</ul>'


def _row(story: Story, event: Event, match: CaptionMatch) -> str:
    of = f'type="button" class="chip" data-of="{escape(event.id)}"'
    nearer = "".join(
        f'<button {of} data-caption="{escape(caption)}" title="Perform this instead">'
        f"{escape(caption)}</button>"
        for caption in match.nearest
    )
    unknown = ", ".join(f"“{escape(phrase)}”" for phrase in match.unknown)
    return (
        f"<li>{name_of(story, event)}&ensp;Not rendered: the model knows no sound like {unknown}."
        f" Say it nearer: {nearer} begin from a recording, or"
        f' <button {of} data-placeholder title="Perform it as what is nearest, and mark it">'
        "render a placeholder</button></li>"
    )
