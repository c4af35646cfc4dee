"""Draft or final quality, and what is left to render in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from core.render.takes import TakeRequest, due
from studio.sessions.session import Session
from studio.state import Studio
from studio.view.unfamiliar import unknown_events

if TYPE_CHECKING:
    from core.profile import RenderSettings

Scope = Literal["changed", "all"]


def render_settings(studio: Studio, session: Session) -> RenderSettings:
    """The sampler's settings of the chosen quality."""
    profile = studio.service.profile
    return profile.final if session.quality == "final" else profile.draft


def left_to_render(studio: Studio, session: Session, scope: Scope) -> tuple[TakeRequest, ...]:
    """What a rendering would make.

    Args:
        scope: "changed" takes a take in either quality for done, "all" only one in the chosen
            quality; a final take is never replaced by a draft.
    """
    folder, profile = session.folder, studio.service.profile
    if folder is None:
        return ()
    there, performers = studio.service.has_matched(folder.story), studio.service.performers
    now = (folder.title, folder.revision, session.quality, there, tuple(performers.others))
    if session.due_cache.get("now") != now:
        session.due_cache = {"now": now}
    if scope not in session.due_cache:
        accepted = (profile.draft, profile.final) if scope == "changed" else (profile.final,)
        settings = render_settings(studio, session)
        unknown = unknown_events(studio.service, session)
        asked = (folder, settings, profile.crossfade, accepted, unknown)
        session.due_cache[scope] = due(*asked, performers)
    return tuple(session.due_cache[scope])
