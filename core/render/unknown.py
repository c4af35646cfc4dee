"""Which events of a story have a sound that the performer does not know, and what to do about them.

Such an event is not rendered from its words: it would be performed as another sound. It can be said
nearer, begin from a recording, or be rendered as a marked placeholder on purpose.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from core.profile import AUTO, OWN, Profile
from core.render.performers import Performers
from core.story.story import Event, Story

if TYPE_CHECKING:
    from core.bridge.known_sounds import CaptionMatch

_SHOWN = 60
"""Characters of a caption in a sentence."""


def unknown_sounds(
    profile: Profile, story: Story, performers: Performers | None = None
) -> dict[str, CaptionMatch]:
    """The events, by their ids, that are not rendered for want of a known sound.

    Silences are among them; placeholders are not, nor what another performer performs, nor
    anything of a profile that ships no known captions.

    Args:
        performers: those beside our own that are here; None: there are none.

    Raises:
        WeightsError: see `load_known_sounds`.
    """
    asked = (performers or Performers(profile)).asked(story)
    ours = [event for event in story.events if asked[event.id] in (OWN, AUTO)]
    found = _unknown_to_us(profile, ours)
    if performers is None or not found:
        return found
    assigned = performers.assigned(story, found)
    return {event_id: match for event_id, match in found.items() if assigned[event_id] == OWN}


def assigned_performers(story: Story, performers: Performers) -> dict[str, str]:
    """Who performs each event, by its id; raises as `unknown_sounds`."""
    asked = performers.asked(story)
    automatic = [event for event in story.events if asked[event.id] == AUTO]
    return performers.assigned(story, _unknown_to_us(performers.profile, automatic))


def _unknown_to_us(profile: Profile, events: Sequence[Event]) -> dict[str, CaptionMatch]:
    """Those of these events whose sound our own performer does not know."""
    from core.bridge.known_sounds import CaptionMatch, load_known_sounds

    meant = [event for event in events if not event.placeholder]
    known_sounds = load_known_sounds(profile) if meant else None
    if known_sounds is None:
        return {}
    silent = {e.id: CaptionMatch(False, 0.0, (e.caption,), ()) for e in meant if e.silent}
    sounding = [event for event in meant if not event.silent]
    matches = known_sounds.match([event.caption for event in sounding]) if sounding else ()
    pairs = zip(sounding, matches, strict=True)
    return silent | {event.id: match for event, match in pairs if not match.known}


def unknown_sentence(event: Event, match: CaptionMatch) -> str:
    """Why an event stays without sound, and what is nearest to it."""
    if event.silent:
        return f"{event.caption!r} is not rendered: nothing is heard in it."
    phrases = ", ".join(repr(phrase[:_SHOWN]) for phrase in match.unknown)
    nearest = "; ".join(match.nearest)
    if match.partly:
        return (
            f"{event.caption[:_SHOWN]!r} is not rendered: the model knows no sound like {phrases}, "
            f"only {nearest}."
        )
    return (
        f"{event.caption[:_SHOWN]!r} is not rendered: the model knows no sound like it; nearest: "
        f"{nearest}."
    )


WAYS_OUT = "Say it nearer, begin from a recording, or render a placeholder"


def with_placeholders(story: Story, event_ids: Collection[str]) -> Story:
    """The story with these events, its silences aside, to be performed as what is nearest."""
    for event_id in event_ids:
        event = story.event(event_id)
        story = story.replace_event(dataclasses.replace(event, placeholder=not event.silent))
    return story


def unknown_sentences(story: Story, unknown: Mapping[str, CaptionMatch]) -> list[str]:
    """The sentence of each event that has no take for want of a sound, in the story's order."""
    return [
        unknown_sentence(event, unknown[event.id])
        for event in story.events
        if event.id in unknown and event.take is None and not event.silent
    ]
