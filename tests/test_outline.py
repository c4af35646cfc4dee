"""The picture: what is drawn of a story is what its mix holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sounding_stories import RATE, noise, save_take, story_of

from core.mix.cache import Cache
from core.mix.mix import MixSettings, mix, place_events, sum_blocks
from core.mix.outline import PER_SECOND, outline
from core.mix.sources import ArraySource, FileSource, Source
from core.story import timeline
from core.story.story import Event, Story
from core.story.take import Take

SLOW = 8000
QUIETEST = 10 ** (-60 / 20)
"""Below, nothing is seen."""


def random_story(seed: int) -> tuple[Story, dict[str, Source]]:
    """Events with tails, some struck, and sounds laid over them, at all gains, pans and fades."""
    random = np.random.default_rng(seed)
    events, sources, clock = [], {}, 0.0
    for number in range(int(random.integers(2, 6))):
        length = round(float(random.uniform(0.3, 1.5)), 3)
        events.append(_event(random, f"e{number}", clock, length, 0))
        clock = round(clock + length, 3)
    for number in range(int(random.integers(0, 4))):
        length = round(float(random.uniform(0.1, 0.9)) * clock, 3)
        start = round(float(random.uniform(0, clock - length)), 3)
        events.append(_event(random, f"a{number}", start, length, int(random.integers(1, 3))))
    for event in events:
        frames = round((event.duration + float(random.choice([0.0, 0.3, 0.8]))) * SLOW)
        sound = 0.3 * random.standard_normal((int(random.integers(1, 3)), frames))
        if random.random() < 0.4:
            sound *= np.exp(-np.arange(frames) / (random.uniform(0.05, 0.5) * SLOW))
        elif random.random() < 0.5:
            sound = 0.3 * np.sin(np.arange(frames) * random.uniform(0.05, 1.0))[None]
        sources[event.id] = ArraySource(sound.astype(np.float32))
    return Story("t", clock, seed, "tiny", "", tuple(events)), sources


def _event(
    random: np.random.Generator, name: str, start: float, length: float, layer: int
) -> Event:
    return Event(
        name, "x", start, length, layer=layer,
        gain_db=round(float(random.uniform(-24, 6)), 1),
        pan=round(float(random.choice([0.0, random.uniform(-1, 1)])), 2),
        fade_in=round(float(random.choice([0.0, 0.3 * length])), 3),
        fade_out=round(float(random.choice([0.0, 0.3 * length])), 3),
    )  # fmt: skip


def tenths(peaks: np.ndarray, per_second: int) -> np.ndarray:
    """Peak of each tenth of a second."""
    step = per_second // 10
    return np.pad(peaks, (0, -len(peaks) % step)).reshape(-1, step).max(axis=1)


def off_by_db(drawn: np.ndarray, heard: np.ndarray, rate: int) -> float:
    """Largest difference in a tenth of a second where either is loud enough to be seen."""
    first = tenths(drawn, PER_SECOND)
    second = tenths(np.abs(heard).max(axis=1), rate)[: len(first)]
    levels = [20 * np.log10(np.maximum(part, QUIETEST)) for part in (first, second)]
    return float(np.abs(levels[0] - levels[1]).max())


@pytest.mark.parametrize("first", range(0, 50, 10))
def test_the_drawn_envelope_is_within_a_decibel_of_the_mix_in_every_tenth_of_a_second(
    first: int,
) -> None:
    for seed in range(first, first + 10):
        story, sources = random_story(seed)
        settings = MixSettings(SLOW)
        drawn = outline(story, sources, settings, Cache(1000))
        assert off_by_db(drawn.whole, mix(story, sources, settings), SLOW) < 1.0, seed


@pytest.mark.parametrize("seed", range(105, 130, 3))
def test_so_it_is_where_takes_are_split_and_the_limiter_is_driven_hard(seed: int) -> None:
    story, sources = random_story(seed)
    random = np.random.default_rng(seed)
    for event in story.events:
        story = timeline.change(story, event.id, gain_db=event.gain_db + 14.0)
        if event.duration > 0.4 and random.random() < 0.5:
            take = Take(event.id, None, "x", event.duration, 0.0, 1, 1, 1.0, "tiny", "w")
            story = timeline.add_take(story, event.id, take)
            at = round(event.start + event.duration * random.uniform(0.3, 0.7), 3)
            story, second = timeline.split(story, event.id, at)
            sources[second] = sources[event.id]
    settings = MixSettings(SLOW)
    drawn = outline(story, sources, settings, Cache(1000))
    assert off_by_db(drawn.whole, mix(story, sources, settings), SLOW) < 1.0


def test_each_lane_is_its_layer() -> None:
    open_settings = MixSettings(SLOW, ceiling_db=None)
    for seed in range(10):
        story, sources = random_story(seed)
        drawn = outline(story, sources, open_settings, Cache(1000))
        total = round(story.total * SLOW)
        for layer, peaks in drawn.lanes.items():
            inside = [p for p in place_events(story, sources, open_settings) if p.layer == layer]
            (heard,) = sum_blocks(inside, sources, 0, total, total)
            assert off_by_db(peaks, heard, SLOW) < 0.01


class Counted(FileSource):
    """A take that counts the frames read of it."""

    read_frames = 0

    def read(self, start: int, count: int) -> np.ndarray:
        Counted.read_frames += count
        return super().read(start, count)


def test_an_edit_reads_only_what_it_changes_and_the_outline_is_the_same(tmp_path: Path) -> None:
    lengths = [4.0] * 8
    story = story_of(lengths, [Event("a", "x", 9.0, 3.0, layer=1)])
    files: dict[str, Take] = {
        event.id: save_take(tmp_path, event.id, noise(event.duration + 0.5, n), event.duration, 0.5)
        for n, event in enumerate(story.events)
    }
    sources = {name: Counted(tmp_path / take.file, RATE) for name, take in files.items()}
    cache, settings = Cache(1000), MixSettings(RATE)
    outline(story, sources, settings, cache)
    first = Counted.read_frames
    for edit in (
        lambda s: timeline.change(s, "e2", gain_db=-6.0),
        lambda s: timeline.stretch(s, "e1", 3.7),
        lambda s: timeline.move(s, "a", 20.0),
    ):
        story = edit(story)
        Counted.read_frames = 0
        drawn = outline(story, sources, settings, cache)
        assert Counted.read_frames < first / 2
        again = outline(story, sources, settings, Cache(1000))
        assert np.array_equal(drawn.whole, again.whole)
        assert drawn.placements == again.placements
    Counted.read_frames = 0
    outline(story, sources, settings, cache)
    assert Counted.read_frames == 0
