"""Captions that the performer knows nothing like: said before they are rendered, with a way out."""

from __future__ import annotations

from html import escape

from studio.editing.table import name_of
from studio.jobs.model_service import Engine
from studio.sessions.session import Session


def flags(engine: Engine, session: Session) -> str:
    """A sentence for each such event, and a button for the same words nearer to known ones.

    Empty until the model is there, which the page does not wait for.
    """
    story, known_sounds = session.story, engine.known_sounds
    if story is None or known_sounds is None:
        return ""
    matches = known_sounds.match([event.caption for event in story.events])
    rows = []
    for event, match in zip(story.events, matches, strict=True):
        if match.far and not event.locked:
            leaned = known_sounds.with_nearest(event.caption)
            rows.append(
                f"<li>{name_of(story, event)}&ensp;The performer has heard nothing like "
                f"“{escape(event.caption)}”; nearest: {escape(', '.join(match.nearest))}."
                f'<button type="button" class="chip" data-of="{escape(event.id)}"'
                f' data-caption="{escape(leaned)}" title="{escape(leaned)}">Say it nearer</button>'
                "</li>"
            )
    return f'<ul class="flags" aria-label="Unfamiliar sounds">{"".join(rows)}</ul>' if rows else ""
