"""Events whose sound the model does not know: why they are not rendered, and the ways out."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from core.render.unknown import unknown_sounds
from core.story.story import Event, Story
from studio.editing.table import name_of
from studio.jobs.model_service import ModelService
from studio.sessions.session import LibraryOffer, Session
from studio.sound.library import SoundLibrary

if TYPE_CHECKING:
    from core.bridge.known_sounds import CaptionMatch


def unknown_events(service: ModelService, session: Session) -> dict[str, CaptionMatch]:
    """The events of the open story, by id, that are not rendered.

    None until the model is there and all captions were looked up; a rendering looks for itself.
    """
    if session.story is None or not service.has_matched(session.story):
        return {}
    return unknown_sounds(service.profile, session.story, service.performers)


def unfamiliar_sounds(
    service: ModelService,
    session: Session,
    library: SoundLibrary | None = None,
    *,
    learns: bool = False,
) -> str:
    """What is said of each such event without a sound, with buttons for the ways out.

    Args:
        library: whose recordings are a way out; None: nobody's.
        learns: sounds can be learned here.
    """
    story, unknown = session.story, unknown_events(service, session)
    if story is None:
        return ""
    has_library = library is not None and library.exists
    rows = [
        _row(story, event, unknown[event.id], has_library, session.offers.get(event.id, ()), learns)
        for event in story.events
        if event.id in unknown and event.take is None and not (event.locked or event.silent)
    ]
    if not rows:
        return ""
    return f'<ul class="unfamiliar" aria-label="Unknown sounds">{"".join(rows)}</ul>'


def _row(
    story: Story,
    event: Event,
    match: CaptionMatch,
    has_library: bool,
    offers: Sequence[LibraryOffer],
    learns: bool,
) -> str:
    of = f'type="button" class="chip" data-of="{escape(event.id)}"'
    nearer = "".join(
        f'<button {of} data-caption="{escape(caption)}" title="Perform this instead">'
        f"{escape(caption)}</button>"
        for caption in match.nearest
    )
    unknown = ", ".join(f"“{escape(phrase)}”" for phrase in match.unknown)
    search = f"<button {of} data-library>search your library</button> " if has_library else ""
    learn = (
        f'<button {of} data-learn="{escape(match.unknown[0])}" title="From 5 to 50 recordings">'
        "teach it this sound</button> "
        if learns
        else ""
    )
    return (
        f"<li>{name_of(story, event)}&ensp;Not rendered: the model knows no sound like {unknown}."
        f" Say it nearer: {nearer} or {search}{learn}begin from a recording, or"
        f' <button {of} data-placeholder title="Perform it as what is nearest, and mark it">'
        f"render a placeholder</button>{_offered(event, offers)}</li>"
    )


def _offered(event: Event, offers: Sequence[LibraryOffer]) -> str:
    """Recordings to hear as they would sound there, to take, or to look for others like them."""
    if not offers:
        return ""
    rows = "".join(_offer(event, offer) for offer in offers)
    return f'<ul class="offers" aria-label="Recordings of your library">{rows}</ul>'


def _offer(event: Event, offer: LibraryOffer) -> str:
    of = f'type="button" class="chip" data-of="{escape(event.id)}"'
    one = f'{of} data-variation="{offer.variation}"'
    another = ""
    if offer.variations > 1:
        another = (
            f'<button {one} data-another="{offer.recording}">Another of {offer.variations}</button>'
        )
    name = escape(offer.file.rpartition("/")[2])
    licence = escape(offer.licence or "no licence stated")
    return (
        f'<li><audio controls preload="none" src="{escape(offer.url)}" aria-label="Hear {name}">'
        f'</audio><span title="{escape(offer.file)}">{name}&ensp;<small>{licence}, {offer.fit}'
        f'</small></span> <button {one} data-take-recording="{offer.recording}">Take it</button>'
        f"{another}"
        f'<button {of} data-like="{offer.recording}">More like this</button></li>'
    )
