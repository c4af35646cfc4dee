"""Shapes as they are heard: levels, brightness and width over an event, and silence in the mix."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import soundfile
from clicks import CLICK_DB, sharpness_db
from hypothesis import given
from hypothesis import strategies as st
from sounding_stories import RATE, noise, story_folder, story_of

from core.export import ExportSettings, export, open_story
from core.mix.cache import Cache
from core.mix.levels import NaturalLevel, with_levels
from core.mix.mix import MixSettings, mix, mix_blocks, place_events, sum_blocks
from core.mix.outline import PER_SECOND, outline
from core.mix.sources import ArraySource
from core.story import timeline
from core.story.shape import LEVEL_SHAPES, LevelShape, level_at
from core.story.story import Event, Story

PLAIN = MixSettings(RATE, ceiling_db=None)
SECONDS = 10.0


def shaped(shape: LevelShape, **values: object) -> Story:
    """One event of 10 s."""
    event = Event("e1", "wind", 0.0, SECONDS, shape=shape, **values)  # type: ignore[arg-type]
    return Story("t", SECONDS, 1, "tiny", "", (event,))


def levels_db(sound: np.ndarray, seconds: float = 1.0) -> np.ndarray:
    """RMS in dB of each so many seconds."""
    count = round(seconds * RATE)
    parts = sound[: len(sound) // count * count].reshape(-1, count, sound.shape[1])
    return 10 * np.log10(np.mean(parts.astype(np.float64) ** 2, axis=(1, 2)) + 1e-20)


def centroid(sound: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(sound.sum(axis=1))) ** 2
    return float(np.sum(np.fft.rfftfreq(len(sound), 1 / RATE) * power) / power.sum())


def width_of(sound: np.ndarray) -> float:
    middle, side = sound.sum(axis=1), sound[:, 0] - sound[:, 1]
    return float(np.sqrt(np.mean(side**2) / np.mean(middle**2)))


WIND = {"e1": ArraySource(noise(SECONDS, 1))}
STEREO = {"e1": ArraySource(noise(SECONDS, 2, channels=2))}


@pytest.mark.parametrize("sources", [WIND, STEREO], ids=["mono", "stereo"])
def test_fades_swells_and_distances_are_heard(sources: dict[str, ArraySource]) -> None:
    heard = {shape: mix(shaped(shape), sources, PLAIN) for shape in LEVEL_SHAPES[:-1]}
    levels = {shape: levels_db(sound) for shape, sound in heard.items()}
    assert levels["fade in"][-1] - levels["fade in"][0] >= 12.0
    assert levels["fade out"][0] - levels["fade out"][-1] >= 12.0
    assert min(levels["swell"][[4, 5]]) - max(levels["swell"][[0, 9]]) >= 12.0
    for shape, near, far in (("approach", -1, 0), ("recede", 0, -1)):
        sound, level = heard[shape], levels[shape]
        parts = np.split(sound, 10)
        assert level[near] - level[far] >= 9.0
        assert centroid(parts[near]) > 1.5 * centroid(parts[far])
        assert width_of(parts[near]) > 2.0 * width_of(parts[far]) > 0.0
    for shape in ("fade in", "swell"):
        parts = np.split(heard[shape], 10)
        assert centroid(parts[0]) == pytest.approx(centroid(parts[4]), rel=0.05)
    assert np.ptp(levels["steady"]) < 0.3


def test_a_steady_event_is_what_it_was_to_the_bit() -> None:
    flat = shaped("points", points=((0.0, 0.0), (5.0, 0.0)))
    assert place_events(shaped("steady"), WIND, PLAIN)[0].automation is None
    assert np.array_equal(mix(shaped("steady"), WIND, PLAIN), mix(flat, WIND, PLAIN))


def test_the_level_follows_the_drawn_curve() -> None:
    """Sample by sample, from points between which decibels are straight."""
    points = ((1.0, -30.0), (4.0, 0.0), (4.5, -12.0), (8.0, 6.0))
    drawn = mix(shaped("points", points=points), WIND, PLAIN).astype(np.float64)
    flat = mix(shaped("steady"), WIND, PLAIN).astype(np.float64)
    inside = slice(RATE // 10, -RATE // 10)
    wanted = [level_at(points, (n + 0.5) / RATE) for n in range(len(flat))][inside]
    heard = 20 * np.log10(np.abs(drawn / flat)[inside, 0])
    loud = np.abs(flat[inside, 0]) > 1e-3
    assert np.abs(heard - wanted)[loud].max() < 0.01


@given(st.sampled_from(LEVEL_SHAPES[1:-1]), st.integers(50, 20_000), st.integers(1, 2))
def test_a_shape_does_not_depend_on_the_blocks(
    shape: LevelShape, block: int, channels: int
) -> None:
    rate = 2000
    sounds = [noise(0.07, n, channels=channels)[:, :3000] for n in range(3)]
    event = Event("a", "bell", 0.25, 1.0, layer=1, shape=shape)
    story = story_of([0.7, 0.3, 0.7], [event])
    events = tuple(
        dataclasses.replace(e, shape=shape, caption="silence" if e.id == "e1" else e.caption)
        for e in story.events
    )
    story = dataclasses.replace(story, events=events)
    sources = {key: ArraySource(s) for key, s in zip(("e0", "e2", "a"), sounds, strict=True)}
    settings = MixSettings(rate, ceiling_db=None)
    one = mix(story, sources, settings)
    other = mix_blocks(story, sources, dataclasses.replace(settings, block=block))
    assert np.array_equal(one, np.concatenate(list(other)))


@pytest.mark.parametrize("shape", LEVEL_SHAPES[1:-1])
def test_no_shape_clicks(shape: LevelShape) -> None:
    tone = 0.3 * np.sin(2 * np.pi * 200 * np.arange(round(2 * RATE)) / RATE)
    sources = {"e1": ArraySource(tone[None].astype(np.float32))}
    event = Event("e1", "a hum", 0.5, 2.0, layer=1, shape=shape)
    short = Event("e3", "silence", 0.8, 0.1, layer=2)
    still = Event("e2", "silence", 1.5, 0.5, layer=2)
    sound = mix(Story("t", 3.0, 1, "tiny", "", (event, short, still)), sources, PLAIN)
    corners = [0.5 + time for time, _ in event.level_points]
    for at in (*corners, 0.5, 0.8, 0.9, 1.0, 1.5, 1.75, 2.0, 2.1, 2.5):
        assert sharpness_db(sound, round(at * RATE), RATE) < CLICK_DB


@pytest.mark.parametrize("shape", ["fade out", "approach", "points"])
def test_the_halves_of_a_shaped_event_sound_as_the_whole(shape: LevelShape, tmp_path: Path) -> None:
    folder = story_folder(tmp_path, [noise(4.0, 3)])
    story = Story.load(folder / "story.json")
    points = ((0.0, -20.0), (3.1, 3.0)) if shape == "points" else ()
    story = timeline.change(story, "e0", shape=shape, points=points)
    story = timeline.delete(story, "above")
    sources = {"e0": ArraySource(noise(4.0, 3))}
    before = mix(story, sources, PLAIN)
    halves, rest = timeline.split(story, "e0", 1.337)
    after = mix(halves, {**sources, rest: sources["e0"]}, PLAIN)
    assert 20 * np.log10(np.abs(after - before).max() / np.abs(before).max()) < -90.0


def test_a_bed_is_heard_in_every_second_whatever_holes_its_take_has() -> None:
    strokes = np.zeros((1, round(SECONDS * RATE)), np.float32)
    for at in (1.7, 2.4, 5.9, 6.3):
        strokes[:, round(at * RATE) :][:, : RATE // 4] = noise(0.25, 3)
    event = Event("e1", "picks on a rock", 0.0, SECONDS, role="bed", layer=1)
    bed = Story("t", SECONDS, 1, "tiny", "", (event,))
    sources = {"e1": ArraySource(strokes)}
    for role, heard in (("bed", True), ("spot", False)):
        sound = mix(timeline.change(bed, "e1", role=role), sources, PLAIN)
        assert (levels_db(sound).min() > -50.0) == heard
    sound = mix(bed, sources, PLAIN)
    plain = mix(timeline.change(bed, "e1", role="spot"), sources, PLAIN)
    between = slice(round(1.75 * RATE), round(2.6 * RATE))
    assert np.array_equal(sound[between], plain[between])
    blocks = mix_blocks(bed, sources, dataclasses.replace(PLAIN, block=3001))
    assert np.array_equal(np.concatenate(list(blocks)), sound)
    (placed,) = place_events(bed, sources, PLAIN)
    for fill in placed.fills:
        assert sharpness_db(sound, fill.start, RATE) < CLICK_DB
    steady = timeline.change(bed, "e1", role="spot")
    assert np.array_equal(mix(bed, WIND, PLAIN), mix(steady, WIND, PLAIN))


def still_story(*others: Event) -> Story:
    still = Event("still", "Silence", 4.0, 3.0, layer=5)
    return Story("t", SECONDS, 1, "tiny", "", (*others, still))


def test_nothing_sounds_in_a_silence_and_all_comes_back_after_it() -> None:
    bed = Event("bed", "rain", 0.0, SECONDS, layer=1, role="bed")
    bell = Event("bell", "a bell", 3.5, 2.0, layer=2)
    after = Event("after", "a dog", 7.0, 1.0, layer=3)
    sources = {
        "bed": ArraySource(noise(SECONDS, 1)),
        "bell": ArraySource(noise(2.0, 2)),
        "after": ArraySource(noise(1.0, 3)),
    }
    story = still_story(bed, bell, after)
    sound = mix(story, sources, MixSettings(RATE))
    assert np.abs(sound[round(4.3 * RATE) : 7 * RATE]).max() < 1e-4
    levels = levels_db(sound, 0.5)
    assert levels[15] > levels[2] - 1.0
    for at in (4.0, 4.25, 7.0, 7.1):
        assert sharpness_db(sound, round(at * RATE), RATE) < CLICK_DB
    heard = [p for p in place_events(story, sources, PLAIN) if p.event_id == "after"]
    assert heard[0].silences == ()
    plain = dataclasses.replace(PLAIN, silence=False)
    loud = mix(story, sources, plain)
    assert np.array_equal(loud[: 4 * RATE], mix(story, sources, PLAIN)[: 4 * RATE])
    assert levels_db(loud)[5] > -30.0


def test_the_tail_room_and_texture_before_a_silence_end_in_it() -> None:
    told = story_of([3.0, 3.0, 3.0])
    events = tuple(
        dataclasses.replace(e, caption="silence") if e.id == "e1" else e for e in told.events
    )
    story = dataclasses.replace(told, events=events)
    stroke = np.zeros((1, 5 * RATE), np.float32)
    stroke[:, :2000] = noise(1.0, 4)[:, :2000]
    for first in (noise(5.0, 1), stroke):
        sources = {"e0": ArraySource(first), "e2": ArraySource(noise(3.0, 2))}
        sound = mix(story, sources, PLAIN)
        assert np.abs(sound[round(3.3 * RATE) : 6 * RATE]).max() < 1e-4
        assert levels_db(sound)[7] > -30.0
    renamed = {**sources, "e1": ArraySource(noise(3.0, 5))}  # it had another caption once
    assert np.array_equal(mix(story, renamed, PLAIN)[round(3.3 * RATE) : 6 * RATE].any(), False)


def test_the_outline_shows_shapes_and_silences_as_they_are_heard() -> None:
    bed = Event("bed", "rain", 0.0, SECONDS, layer=1, shape="fade out")
    story, sources = still_story(bed), {"bed": ArraySource(noise(SECONDS, 1))}
    drawn = outline(story, sources, MixSettings(RATE), Cache(100))
    sound = np.abs(mix(story, sources, MixSettings(RATE))).max(axis=1)
    heard = sound.reshape(-1, RATE // PER_SECOND).max(axis=1)
    assert np.abs(drawn.whole - heard).max() < 0.01
    assert drawn.lanes[1][435:695].max() < 1e-4


def test_stems_sound_as_the_mix_and_a_loop_has_no_shape(tmp_path: Path) -> None:
    folder = story_folder(tmp_path / "story", [noise(4.0, 3)])
    story = Story.load(folder / "story.json")
    story = timeline.change(timeline.delete(story, "above"), "e0", shape="recede")
    story.save(folder / "story.json")
    opened = open_story(folder)
    (placed,) = place_events(story, opened.sources, PLAIN)
    blocks = sum_blocks([placed], opened.sources, 0, 4 * RATE, RATE)
    assert np.allclose(np.concatenate(list(blocks)), mix(story, opened.sources, PLAIN), atol=1e-7)
    for loop, fall in ((False, 31.0), (True, 0.0)):
        settings = ExportSettings(stems="events", stem_start="event", loop=loop)
        export(opened, tmp_path / f"out {loop}", settings)
        (file,) = (tmp_path / f"out {loop}").rglob("*01*.wav")
        levels = levels_db(soundfile.read(file)[0], 0.2)
        assert levels[0] - levels[-1] == pytest.approx(fall, abs=3.0)


def test_levels_leave_what_a_shape_takes_off() -> None:
    """What approaches lies beside another sound as if it were steady."""
    natural = {"e1": NaturalLevel(-18.0), "bed": NaturalLevel(-18.0)}
    beside = set()
    for shape in ("steady", "approach", "fade out"):
        story = shaped(shape)
        bed = Event("bed", "rain", 0.0, SECONDS, layer=1)
        story = dataclasses.replace(story, events=(*story.events, bed))
        sources = {**WIND, "bed": ArraySource(noise(SECONDS, 2, level=0.05))}
        after = with_levels(story, sources, natural, RATE, {"e1", "bed"})
        beside.add(round(after.event("e1").gain_db - after.event("bed").gain_db, 1))
    assert max(beside) - min(beside) < 0.25
