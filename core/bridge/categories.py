"""Which category of the Universal Category System an event's sound is of."""

from __future__ import annotations

from collections.abc import Sequence

from core.profile import Profile
from core.story.story import Event
from core.taxonomy.families import vocabulary_labels


def event_categories(profile: Profile, events: Sequence[Event]) -> dict[str, str]:
    """CatIDs by the events' ids; an event whose sound is not known has none.

    Raises:
        WeightsError: see `load_known_sounds`.
    """
    from core.bridge.known_sounds import load_known_sounds  # not before it is needed

    known_sounds = load_known_sounds(profile)
    if known_sounds is None or not events:
        return {}
    categories: dict[str | None, str] = {
        kind: labels.ucs for kind, labels in vocabulary_labels().items()
    }
    kinds = known_sounds.kinds([event.caption for event in events])
    return {
        event.id: categories[kind]
        for event, kind in zip(events, kinds, strict=True)
        if kind in categories
    }
