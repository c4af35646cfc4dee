"""Who performs which event: our own model, another performer by its name, or who knows it best.

An event asks for a performer, or leaves it to the story, which leaves it to our own model unless it
says otherwise. "auto" is our own where it knows the sound, else whoever says to know it best. An
event whose caption has the name of an own sound asks for that, unless it asks for another itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from core.errors import RenderError
from core.performer.event_performer import EventPerformer, PerformerDescription
from core.performer.naming import OWN_SOUND, length_of_name
from core.profile import AUTO, OWN, Profile, RenderSettings
from core.story.story import Event, Story

NONE_BESIDE: Mapping[str, EventPerformer] = MappingProxyType({})


class Performers:
    """Our own model's performer and those beside it, by their names.

    Args:
        profile: our own's.
        others: none of them is called `OWN` or `AUTO`.
    """

    def __init__(
        self, profile: Profile, others: Mapping[str, EventPerformer] = NONE_BESIDE
    ) -> None:
        self.profile = profile
        self.others = others

    def named(self, name: str) -> EventPerformer:
        """One of the others.

        Raises:
            RenderError: there is none of this name.
        """
        found = self.others.get(name)
        if found is None and name.startswith(OWN_SOUND):
            raise RenderError(
                f"The own sound {name.removeprefix(OWN_SOUND)!r} is not here; import it with "
                "`app.py sound import`, or choose another performer."
            )
        if found is None:
            raise RenderError(
                f"The performer {name!r} is not here; add it with `app.py performer add`, or "
                "choose another."
            )
        return found

    def description(self, name: str) -> PerformerDescription | None:
        """Of one of the others; None: our own, or none that is here."""
        found = self.others.get(name)
        return found.description if found else None

    def settings_of(self, name: str, settings: RenderSettings) -> RenderSettings:
        """What settings of our own come to with a performer: its draft or final quality, with what
        was changed of our profile's."""
        asked, own = self.description(name), self.profile
        if asked is None or settings == own.final:
            return settings if asked is None else asked.final
        if settings == own.draft:
            return asked.draft
        base, ours = asked.final, own.final
        steps = None if settings.steps == ours.steps else settings.steps
        guidance = None if settings.guidance == ours.guidance else settings.guidance
        return base.with_changes(steps, guidance, "full" if guidance is not None else None)

    def assigned(self, story: Story, unknown: Collection[str]) -> dict[str, str]:
        """The performer of each event, by its id.

        Args:
            unknown: ids of events whose sound our own does not know, as far as they matter.
        """
        asked = self.asked(story)
        open_still = [e for e in story.events if asked[e.id] == AUTO]
        best = self._best_known([event for event in open_still if event.id in unknown])
        return {
            event_id: best.get(event_id, OWN) if name == AUTO else name
            for event_id, name in asked.items()
        }

    def asked(self, story: Story) -> dict[str, str]:
        """The performer that each event asks for, by its id: as `asked_of`, with what is here."""
        answering = self._answering()
        return {event.id: _named_by(story, event, answering) for event in story.events}

    def asked_by(self, story: Story, event: Event) -> str:
        """The performer that one event asks for; see `asked`."""
        return _named_by(story, event, self._answering())

    def _answering(self) -> dict[str, tuple[str, ...]]:
        """Names that performers answer to."""
        names = {name: by.description.answers_to for name, by in self.others.items()}
        return {name: own for name, own in names.items() if own}

    def _best_known(self, events: Sequence[Event]) -> dict[str, str]:
        """Who of the others knows each event's sound best, and can last as long."""
        best: dict[str, tuple[float, str]] = {}
        captions = [event.caption for event in events]
        for name, performer in self.others.items() if captions else ():
            longest = performer.description.longest_seconds
            for event, share in zip(events, performer.knows(captions), strict=True):
                enough = event.duration + self.profile.crossfade <= longest
                if enough and share > best.get(event.id, (0.0, ""))[0]:
                    best[event.id] = share, name
        return {event_id: name for event_id, (_, name) in best.items()}


def _named_by(story: Story, event: Event, answering: Mapping[str, tuple[str, ...]]) -> str:
    """Whose name the event's caption has, the longest of several; else as `asked_of`."""
    asked = asked_of(story, event)
    if event.silent or event.performer or asked not in (OWN, AUTO):
        return asked
    lengths = {name: length_of_name(event.caption, own) for name, own in answering.items()}
    best = max(lengths, key=lambda name: lengths[name], default=asked)
    return best if lengths.get(best) else asked


def asked_of(story: Story, event: Event) -> str:
    """The performer that an event asks for, by name or `AUTO`; a silence is nobody's."""
    return OWN if event.silent else event.performer or story.performer or OWN
