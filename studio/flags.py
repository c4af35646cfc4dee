"""Captions that the performer knows nothing like: said before they are rendered, with a way out."""

from __future__ import annotations

from html import escape

from studio.engine import Engine
from studio.session import Session
from studio.table import name_of


def flags(engine: Engine, session: Session) -> str:
    """A sentence for each such event, and a button for the same words nearer to known ones.

    Empty until the model is there, which the page does not wait for.
    """
    story, grounding = session.story, engine.grounding
    if story is None or grounding is None:
        return ""
    footings = grounding.footing([event.caption for event in story.events])
    rows = []
    for event, footing in zip(story.events, footings, strict=True):
        if footing.far and not event.locked:
            leaned = grounding.lean(event.caption)
            rows.append(
                f"<li>{name_of(story, event)}&ensp;The performer has heard nothing like "
                f"“{escape(event.caption)}”; nearest: {escape(', '.join(footing.nearest))}."
                f'<button type="button" class="chip" data-of="{escape(event.id)}"'
                f' data-caption="{escape(leaned)}" title="{escape(leaned)}">Say it nearer</button>'
                "</li>"
            )
    return f'<ul class="flags" aria-label="Unfamiliar sounds">{"".join(rows)}</ul>' if rows else ""
