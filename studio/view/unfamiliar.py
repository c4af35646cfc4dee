"""Captions unlike all sounds that the model learned: pointed out before they are rendered."""

from __future__ import annotations

from html import escape

from core.bridge.known_sounds import CaptionMatch
from core.story.story import Event, Story
from studio.editing.table import name_of
from studio.jobs.model_service import ModelService
from studio.sessions.session import Session


def unfamiliar_sounds(service: ModelService, session: Session) -> str:
    """A sentence for each such event, and a button for a caption nearer to known sounds.

    Empty until the model is there, which the page does not wait for.
    """
    story, known_sounds = session.story, service.known_sounds
    if story is None or known_sounds is None:
        return ""
    matches = known_sounds.match([event.caption for event in story.events])
    rows = [
        _row(story, event, match)
        for event, match in zip(story.events, matches, strict=True)
        if not match.known and not event.locked
    ]
    if not rows:
        return ""
    return f'<ul class="unfamiliar" aria-label="Unfamiliar sounds">{"".join(rows)}</ul>'


def _row(story: Story, event: Event, match: CaptionMatch) -> str:
    nearer = "".join(
        f'<button type="button" class="chip" data-of="{escape(event.id)}"'
        f' data-caption="{escape(caption)}" title="Perform this instead">{escape(caption)}</button>'
        for caption in match.nearest
    )
    unknown = ", ".join(f"“{escape(phrase)}”" for phrase in match.unknown)
    return (
        f"<li>{name_of(story, event)}&ensp;The model has learned no sound like {unknown}."
        f" Nearest: {nearer}</li>"
    )
