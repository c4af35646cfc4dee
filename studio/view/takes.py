"""The takes of the selected event, side by side: hear, compare, keep, repaint, restore, drop.

The markup is made here, the behaviour is in assets/studio/takes.js. Everything that comes from a
person or a file is escaped.
"""

from __future__ import annotations

import json
from html import escape

from core.performer.naming import OWN_SOUND
from core.profile import OWN
from core.render.performers import Performers
from core.render.takes import quality_of
from core.story.story import Event
from core.story.take import Start, Take
from studio.editing.table import name_of
from studio.sessions.session import Session
from studio.sound.files import take_url
from studio.sound.peaks import PeakCache, take_peaks
from studio.view.performers import performer_choices

Settings = dict[str, str]
"""How a take was made, by name, in words."""
_PEAKS = 160
"""Of a take as it is drawn; enough to paint a span on it."""


def takes_panel(
    session: Session,
    performers: Performers,
    *,
    ready: bool,
    paraphrase: str = "",
    cache: PeakCache | None = None,
) -> str:
    """The selected event's name, its takes, and buttons for others.

    Args:
        ready: nothing of the selected event is left to render in the chosen quality.
        paraphrase: the plain words that its caption is read as, where it is not plain itself.
        cache: what keeps the outlines of takes.
    """
    folder, event = session.folder, session.event
    if folder is None or event is None:
        return ""
    story = folder.story
    cache = cache or PeakCache()
    tiles = "".join(
        _tile(session, event, take, place, performers, cache)
        for place, take in enumerate(event.takes, 1)
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
        f' data-of="{escape(event.id)}" data-length="{event.duration:g}">'
        f'<span class="takes-of" title="{escape(full)}">{name}</span>'
        f'<span class="takes-list" role="group" aria-label="Takes side by side">{tiles}'
        f"{_awaited(session, event)}</span>"
        f"{_event_buttons(session, event, ready=ready)}{_take_buttons(event)}"
        f"{performer_choices(story, event, performers)}"
        f'{"" if event.locked else _PAINT}<div class="takes-compared" role="status" hidden></div>'
        "</div>"
    )


def _event_buttons(session: Session, event: Event, *, ready: bool) -> str:
    """What is done to the event as a whole."""
    off = " disabled" if event.locked or event.silent else ""
    busy = " disabled" if off or session.busy else ""
    of = f'data-event="{escape(event.id)}"'
    label = "New take" if ready else "Render this"
    loop = "It goes on without a seam, however long the event is" if event.loop else (
        "Let the kept take go on without a seam, however long the event is pulled"
    )  # fmt: skip
    no_loop = off or ("" if event.take else " disabled")
    return (
        f'<button type="button" class="chip" data-again="{escape(event.id)}"{off}>{label}</button>'
        f'<button type="button" class="chip" {of} data-variations{busy}'
        ' title="Four takes from four seeds, to choose from (V)">4 variations</button>'
        f'<button type="button" class="chip" {of} data-loop-take aria-pressed="{_flag(event.loop)}"'
        f' title="{loop}"{no_loop}>Loop the take</button>'
    )


def _flag(on: bool) -> str:
    return "true" if on else "false"


def _awaited(session: Session, event: Event) -> str:
    """Places of the variations that are still to be made."""
    if session.variation is None or session.variation[0] != event.id:
        return ""
    _, number, count = session.variation
    first = len(event.takes) + 1
    words = ["rendering", *["waiting"] * (count - number)]
    return "".join(
        f'<span class="take is-awaited" aria-busy="true">{place}&ensp;<small>{word}</small></span>'
        for place, word in enumerate(words, first)
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
    if take.performer == OWN:
        parts.insert(-1, f"prompt strength {_strength(take)}")
    return ", ".join([*parts, *_performed_by(take, performers)])


def take_settings(take: Take, event: Event, performers: Performers) -> Settings:
    """How a take was made, setting by setting, to be compared with another of its event."""
    by = performers.description(take.performer)
    title = performers.profile.title if take.performer == OWN else take.performer
    if take.conditioning == "recording":
        made = {"recording": take.source, "licence": take.licence or "not stated"}
    else:
        made = {
            "seed": f"{take.seed}",
            "prompt strength": _strength(take),
            "quality": f"{_quality(take, performers)}, {take.steps} steps",
        }
    return {
        "sound": f"“{take.caption}”",
        "length": f"{take.duration:g} s",
        **made,
        "performed by": by.title if by else title,
        **_begun_from(take.start, event),
    }


def _strength(take: Take) -> str:
    """How closely a take follows its words."""
    return "learned" if take.sampler == "fast" else f"{take.guidance:g}"


def _begun_from(start: Start | None, event: Event) -> Settings:
    if start is None:
        return {"begun from": "noise"}
    places = {take.key: f"take {place}" for place, take in enumerate(event.takes, 1)}
    source = "a recording" if start.of == "recording" else places.get(start.source, "a take gone")
    span = "" if start.span is None else f", {start.span[0]:g} to {start.span[1]:g} s anew"
    return {
        "begun from": f"{source}{span}",
        "how much is new": f"{start.strength:g}",
        "variation": f"{start.seed}",
    }


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
    if take.performer.startswith(OWN_SOUND):  # told its own condition, whatever the caption says
        name = take.performer.removeprefix(OWN_SOUND)
        lacks = ", an own sound that is not here: import it to render this anew"
        parts = [f"by {name}{'' if by else lacks}"]
    return parts + [text for text in (take.source, take.licence) if text]


def _tile(
    session: Session,
    event: Event,
    take: Take,
    place: int,
    performers: Performers,
    cache: PeakCache,
) -> str:
    source = take_url(session, take)
    if not source:
        return ""
    kept = take.key == event.chosen
    quality = _quality(take, performers)
    peaks = take_peaks(session.open_folder, take, _PEAKS, cache)
    settings = json.dumps(take_settings(take, event, performers), ensure_ascii=False)
    begins = take.part.offset if take.part else 0.0
    return (
        f'<button type="button" class="chip take is-{quality}" data-take="{escape(take.key)}"'
        f' data-listen="{escape(source)}" data-kept="{"yes" if kept else ""}"'
        f' data-peaks="{" ".join(f"{peak:g}" for peak in peaks)}" data-place="{place}"'
        f' data-seconds="{take.duration + take.tail:g}" data-begins="{begins:g}"'
        f' data-settings="{escape(settings)}"'
        f' aria-label="Hear take {place}, {quality}{", kept" if kept else ""}" aria-pressed="false"'
        f' title="{escape(made_with(take, performers))}">'
        '<svg class="take-wave" preserveAspectRatio="none" aria-hidden="true"></svg>'
        f'<i aria-hidden="true"></i>{place}&ensp;<small>{quality}</small></button>'
    )


def _take_buttons(event: Event) -> str:
    """What can be done with a take that is being heard."""
    compared = ("settings", "Compare settings", "Say what it was made with, beside the kept take")
    actions = [
        ("keep", "Keep", "Let the event sound as this take (K, or Enter on it)"),
        ("compare", "A / B", "Switch between the kept take and this one while they play (X)"),
        compared,
        ("paint", "Repaint a span", "Paint on its waveform what is made anew"),
        ("restore", "Restore", "Keep it, with the caption, length and seed it was made with"),
        ("drop", "Remove", "Take it off the list; undo brings it back (Del)"),
    ]
    if event.locked:
        actions = [compared]
    buttons = "".join(
        f'<button type="button" class="chip" data-action="{action}" title="{title}">{name}</button>'
        for action, name, title in actions
    )
    others = ""
    if len(event.takes) > 1 and event.take is not None and not event.locked:
        count = len(event.takes) - 1
        which = "the other" if count == 1 else f"{count} others"
        others = (
            '<button type="button" class="chip" data-drop-others title="Take all but the kept take'
            f' off the list; undo brings them back">Remove {which}</button>'
        )
    return f'<span class="takes-actions" hidden>{buttons}</span>{others}'


_PAINT = (
    '<div class="take-paint" hidden><p class="hint">Drag over what is to be made anew, or move the'
    " two edges with the arrow keys.</p>"
    '<div class="paint-area"><svg preserveAspectRatio="none" aria-hidden="true"></svg>'
    '<i class="paint-span" aria-hidden="true"></i>'
    '<span role="slider" tabindex="0" class="paint-edge" data-edge="0" aria-label="From"></span>'
    '<span role="slider" tabindex="0" class="paint-edge" data-edge="1" aria-label="To"></span>'
    '</div><span class="paint-words" aria-live="polite"></span>'
    '<button type="button" class="chip" data-repaint>Repaint it</button>'
    '<button type="button" class="chip" data-unpaint>Close</button></div>'
)
