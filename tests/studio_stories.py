"""A long story with sound, for tests of the page that need no model."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.story.folders import Library, StoryFolder
from core.story.story import Event, Story
from core.story.take import Take

RATE = 44_100
CAPTIONS = (
    "heavy rain on a tin roof",
    "a wooden door creaks open",
    "footsteps on gravel",
    "thunder rolls far away",
    "a clock ticks",
    "a kettle whistles",
    "a dog barks twice",
    "waves wash over pebbles",
)


def long_story(root: Path, title: str, events: int = 24, total: float = 150.0) -> StoryFolder:
    """A story of so many events with a bed and a spot sound over them, everything rendered."""
    length = total / events
    sequence = [
        Event(f"e{n}", CAPTIONS[n % len(CAPTIONS)], round(n * length, 3), length)
        for n in range(events)
    ]
    bed = Event("bed", "steady rain", 0.0, total * 0.6, layer=1, gain_db=-9, fade_out=4)
    spot = Event("spot", "seagulls cry", total * 0.7, 12.0, layer=1)
    story = Story(title, total, 1, "tiny", "Rain first, then the door.", (*sequence, bed, spot))
    folder = Library(root).create(story)
    noise = np.random.default_rng(0)
    for number, event in enumerate(story.events):
        tail = 0.5 if event in story.sequence[:-1] else 0.0
        frames = round((event.duration + tail) * RATE)
        swell = np.interp(np.arange(frames), [0, frames * 0.1, frames], [0.1, 1, 0.02])
        samples = (0.12 * noise.standard_normal((1, frames)) * swell).astype(np.float32)
        caption, duration = event.caption, event.duration
        take = Take(f"k{number}", None, caption, duration, tail, 1, 2, 2.0, "tiny", "w")
        folder.keep_take(event.id, take, samples, RATE, "render")
    return folder
