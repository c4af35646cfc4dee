"""Draft or final quality, and what is left to render in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from core.render.takes import TakeRequest, due
from core.story.story import Story
from studio.sessions.session import Session
from studio.state import Studio
from studio.view.unfamiliar import unknown_events

if TYPE_CHECKING:
    from core.profile import RenderSettings

Scope = Literal["changed", "all"]


def render_settings(studio: Studio, session: Session) -> RenderSettings:
    """The sampler's settings of the chosen quality."""
    settings = quality_settings(studio, session)
    if session.guidance is None or settings.sampler == "fast":
        return settings
    return replace(settings, guidance=session.guidance)


def quality_settings(studio: Studio, session: Session) -> RenderSettings:
    """The settings of the chosen quality, as its profile has them."""
    profile = studio.service.profile
    return profile.final if session.quality == "final" else profile.draft


def of_any_strength(accepted: Sequence[RenderSettings], story: Story) -> tuple[RenderSettings, ...]:
    """Those settings, with every prompt strength that a kept take has.

    It is a choice of each take: another one for takes to come makes no finished take due.
    """
    strengths = {take.guidance for event in story.events if (take := event.take) is not None}
    others = (
        replace(settings, guidance=strength)
        for settings in accepted
        if settings.sampler == "full"
        for strength in sorted(strengths - {settings.guidance})
    )
    return (*accepted, *others)


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
    asked_for = (session.quality, session.guidance)
    now = (folder.title, folder.revision, *asked_for, there, tuple(performers.others))
    if session.due_cache.get("now") != now:
        session.due_cache = {"now": now}
    if scope not in session.due_cache:
        done = (profile.draft, profile.final) if scope == "changed" else (profile.final,)
        accepted = of_any_strength(done, folder.story)
        settings = render_settings(studio, session)
        unknown = unknown_events(studio.service, session)
        asked = (folder, settings, profile.crossfade, accepted, unknown)
        session.due_cache[scope] = due(*asked, performers)
    return tuple(session.due_cache[scope])
