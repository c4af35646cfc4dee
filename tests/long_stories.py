"""Stories of many events with three takes each, for tests of size and work."""

from __future__ import annotations

import dataclasses

from core.profile import RenderSettings
from core.render.takes import contexts, plan_take
from core.story.context import Context
from core.story.story import Event, Story
from core.story.take import Take

QUALITIES = (RenderSettings(8, sampler="fast"), RenderSettings(10, 3.5), RenderSettings(25, 3.5))
CROSSFADE = 1.0


def long_story(count: int) -> Story:
    """A story with a take in each of the qualities for each event, the last of which are chosen."""
    captions = [f"sound number {n} of a long and winding story, with details" for n in range(count)]
    events = tuple(Event(f"e{n}", caption, 2.0 * n, 2.0) for n, caption in enumerate(captions))
    reasoning = " ".join(f"{n}. {caption}." for n, caption in enumerate(captions))[:20_000]
    story = Story("A long story", 2.0 * count, 1, "pocket", reasoning, events)
    texts = contexts(story)
    made = [
        dataclasses.replace(
            event, takes=tuple(take_of(story, event, q, texts[event.id]) for q in QUALITIES)
        )
        for event in events
    ]
    return dataclasses.replace(
        story, events=tuple(dataclasses.replace(e, chosen=e.takes[-1].key) for e in made)
    )


def take_of(story: Story, event: Event, settings: RenderSettings, context: Context) -> Take:
    """The take that rendering an event would give, with its file."""
    take = plan_take(story, event, settings, CROSSFADE, "w", context=context)
    return dataclasses.replace(take, file=f"takes/{take.key}.flac")
