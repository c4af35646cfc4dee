"""A long story with sound, for tests of the page that need no model."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.story.folders import StoryFolder
from core.story.library import Library
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
    _keep_takes(folder)
    return folder


def many_lanes(root: Path, title: str, events: int = 60, lanes: int = 8) -> StoryFolder:
    """A story of five seconds an event in its row, with as many again on layers above it, each with
    a take: `e0`, `e1`, … in the row, `o0`, `o1`, … above."""
    told, layers = events // 2 + events % 2, lanes - 1
    total, over = told * 5.0, events // 2
    row = [Event(f"e{n}", CAPTIONS[n % len(CAPTIONS)], 5.0 * n, 5.0) for n in range(told)]
    span = total / -(-over // layers)
    above = [
        Event(
            f"o{n}",
            CAPTIONS[3 * n % len(CAPTIONS)],
            round(n // layers * span + n % layers, 3),
            round(0.6 * span, 3),
            layer=1 + n % layers,
            gain_db=-12.0,
        )
        for n in range(over)
    ]
    story = Story(title, total, 1, "tiny", "Rain first.", (*row, *above))
    folder = Library(root).create(story)
    _keep_takes(folder)
    return folder


def _keep_takes(folder: StoryFolder) -> None:
    """Give every event a take of swelling noise."""
    noise, story = np.random.default_rng(0), folder.story
    for number, event in enumerate(story.events):
        tail = 0.5 if event in story.sequence[:-1] else 0.0
        frames = round((event.duration + tail) * RATE)
        swell = np.interp(np.arange(frames), [0, frames * 0.1, frames], [0.1, 1, 0.02])
        samples = (0.12 * noise.standard_normal((1, frames)) * swell).astype(np.float32)
        caption, duration = event.caption, event.duration
        take = Take(f"k{number}", None, caption, duration, tail, 1, 2, 2.0, "tiny", "w")
        folder.keep_take(event.id, take, samples, RATE, "render")
