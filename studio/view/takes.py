"""The takes of the selected event: hear, compare, keep, restore, drop.

The markup is made here, the behaviour is in assets/studio/takes.js. Everything that comes from a
person or a file is escaped.
"""

from __future__ import annotations

from html import escape

from core.profile import OWN
from core.render.performers import Performers
from core.render.takes import quality_of
from core.story.story import Event
from core.story.take import Take
from studio.editing.table import name_of
from studio.sessions.session import Session
from studio.sound.files import take_url
from studio.view.performers import performer_choices


def takes_panel(
    session: Session, performers: Performers, *, ready: bool, paraphrase: str = ""
) -> str:
    """The selected event's name, its takes, and a button for another one.

    Args:
        ready: nothing of the selected event is left to render in the chosen quality.
        paraphrase: the plain words that its caption is read as, where it is not plain itself.
    """
    folder, event = session.folder, session.event
    if folder is None or event is None:
        return ""
    story = folder.story
    off = " disabled" if event.locked else ""
    label = "New take" if ready else "Render this"
    chips = "".join(
        _chip(session, event, take, place, performers) for place, take in enumerate(event.takes, 1)
    )
    name = f"{name_of(story, event)}&ensp;{escape(event.caption)}"
    full = event.caption
    if paraphrase and paraphrase != event.caption:
        name += f"&ensp;<small>read as: {escape(paraphrase)}</small>"
        full += f", read as: {paraphrase}"
    if event.take is not None and event.trim_db is not None:
        name += f"&ensp;<small>gain {event.gain_db:+g} dB, set to suit the sound</small>"
    return (
        f'<div class="takes" role="group" aria-label="Takes of event {name_of(story, event)}"'
        f' data-of="{escape(event.id)}">'
        f'<span class="takes-of" title="{escape(full)}">{name}</span>'
        f'<span class="takes-list">{chips}</span>'
        f'<button type="button" class="chip" data-again="{escape(event.id)}"{off}>{label}</button>'
        f"{_take_buttons(event)}{performer_choices(story, event, performers)}</div>"
    )


def made_with(take: Take, performers: Performers) -> str:
    """How a take was made, in one line; that it was told no more than its caption too."""
    if take.conditioning == "recording":
        return f"{take.source}, {take.licence or 'no licence stated'}, for {take.caption!r}"
    quality = _quality(take, performers)
    parts = [quality, f"seed {take.seed}", f"{take.steps} steps", take.caption]
    start = take.start
    if start is not None:
        span = "" if start.span is None else f", {start.span[0]:g} to {start.span[1]:g} s"
        kind = "from a recording" if start.of == "recording" else "varied"
        kind = "repainted" if start.span else kind
        parts.insert(1, f"{kind}{span}, strength {start.strength:g}")
    return ", ".join([*parts, *_performed_by(take, performers)])


def _quality(take: Take, performers: Performers) -> str:
    if take.conditioning == "recording":
        return "recording"
    return quality_of(take, performers.description(take.performer) or performers.profile)


def _performed_by(take: Take, performers: Performers) -> list[str]:
    """Who performed a take and how it was told; nothing for our own model."""
    if take.performer == OWN:
        return []
    by = performers.description(take.performer)
    told = {"caption": ", from its caption alone, without bridging tokens"}
    parts = [f"by {by.title if by else take.performer}{told.get(take.conditioning, '')}"]
    return parts + [text for text in (take.source, take.licence) if text]


def _chip(session: Session, event: Event, take: Take, place: int, performers: Performers) -> str:
    source = take_url(session, take)
    if not source:
        return ""
    kept = take.key == event.chosen
    quality = _quality(take, performers)
    return (
        f'<button type="button" class="chip take is-{quality}" data-take="{escape(take.key)}"'
        f' data-listen="{escape(source)}" data-kept="{"yes" if kept else ""}"'
        f' aria-label="Hear take {place}, {quality}{", kept" if kept else ""}" aria-pressed="false"'
        f' title="{escape(made_with(take, performers))}">'
        f'<i aria-hidden="true"></i>{place}&ensp;<small>{quality}</small></button>'
    )


def _take_buttons(event: Event) -> str:
    """What can be done with a take that is being heard and is not the one kept."""
    if event.locked:
        return ""
    actions = (
        ("keep", "Keep", "Let the event sound as this take (K)"),
        ("compare", "A / B", "Switch between the kept take and this one while they play (X)"),
        ("restore", "Restore", "Keep it, with the caption, length and seed it was made with"),
        ("drop", "Remove", "Take it off the list; undo brings it back"),
    )
    return (
        '<span class="takes-actions" hidden>'
        + "".join(
            f'<button type="button" class="chip" data-action="{action}"'
            f' title="{title}">{name}</button>'
            for action, name, title in actions
        )
        + "</span>"
    )
