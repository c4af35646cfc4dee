"""Holes: a texture goes on under what falls silent after it, and silence that is meant stays."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
from clicks import CLICK_DB, sharpness_db
from sounding_stories import RATE, noise, story_folder, story_of

from core.export import ExportSettings, export, open_story
from core.mix.cache import Cache
from core.mix.mix import MixSettings, mix, mix_blocks, place_events, sum_blocks
from core.mix.outline import PER_SECOND, outline
from core.mix.room_tone import ROOM_TONE_DB
from core.mix.sources import ArraySource, Source
from core.mix.sustain import BELOW_DB, Sustained, has_hole
from core.story import timeline
from core.story.story import Event, Story
from core.story.take import Take

OPEN = MixSettings(RATE, ceiling_db=None)


def stroke(seconds: float, level: float = 0.3, at: float = 0.0) -> np.ndarray:
    """One stroke at `at` seconds, and then digital silence."""
    sound = np.zeros((1, round(seconds * RATE)), np.float32)
    burst = noise(0.5, 5, level) * np.exp(-np.arange(RATE // 2) / (0.06 * RATE))
    start = round(at * RATE)
    sound[:, start : start + RATE // 2] = burst[:, : sound.shape[1] - start]
    return sound


def told(*sounds: np.ndarray, tail: float = 1.0) -> tuple[Story, dict[str, Source]]:
    """The sounds one after the other; textures of more than 4 s have a tail of one."""
    lengths = [4.0] * len(sounds)
    return story_of(lengths), {f"e{n}": ArraySource(sound) for n, sound in enumerate(sounds)}


def quietest_db(sound: np.ndarray, seconds: float = 0.5) -> float:
    count = round(seconds * RATE)
    whole = sound[: len(sound) // count * count].reshape(-1, count, 2).astype(np.float64)
    return float(10 * np.log10(np.mean(whole**2, axis=(1, 2)) + 1e-12).min())


def test_rain_goes_on_softly_under_footsteps_and_a_door_and_leaves_no_hole() -> None:
    rain, steps, door = noise(5.0, 1), stroke(5.0, at=0.1), stroke(4.0)
    story, sources = told(rain, steps, door)
    sound = mix(story, sources, OPEN)
    assert quietest_db(sound[: round(11.5 * RATE)]) > -60.0
    first = place_events(story, sources, OPEN)[0]
    assert first.falls[0].duck == pytest.approx(10 ** (-BELOW_DB / 20), rel=1e-3)
    (bed,) = sum_blocks([first], sources, 0, 12 * RATE, 12 * RATE)
    levels = [10 * np.log10(np.mean(part**2.0)) for part in np.split(bed[: 11 * RATE], 11)]
    assert max(levels[5:]) < levels[1] - BELOW_DB + 1.0
    assert np.ptp(levels[5:9]) < 6.0
    attack = slice(8 * RATE, 8 * RATE + round(0.03 * RATE))
    heard = np.mean(sound[attack].astype(np.float64) ** 2) / np.mean(
        door[0, : attack.stop - attack.start] ** 2.0
    )
    assert abs(10 * np.log10(heard)) < 1.0


def test_a_fade_in_that_was_chosen_stays_over_a_texture_that_goes_on() -> None:
    """Without one it rises to its onset, so that what it has before it does not begin hard."""
    story, sources = told(noise(5.0, 1), stroke(5.0, at=0.3), stroke(4.0))
    _, second, _ = place_events(story, sources, OPEN)
    (rise,) = second.rises
    assert 0.25 * RATE < rise.frames < 0.3 * RATE
    chosen = story.replace_event(dataclasses.replace(story.events[1], fade_in=1.5))
    _, second, _ = place_events(chosen, sources, OPEN)
    assert [ramp.frames for ramp in second.rises] == [round(1.5 * RATE)]


def test_what_swells_and_falls_is_no_texture_and_does_not_go_on() -> None:
    level = np.where(np.arange(5 * RATE) % (2 * RATE) < RATE, 1.0, 0.2)
    for sound, goes_on in ((noise(5.0, 1), True), (noise(5.0, 1) * level, False)):
        story, sources = told(sound.astype(np.float32), stroke(5.0), stroke(4.0))
        assert place_events(story, sources, OPEN)[0].sustained == goes_on


def test_it_ends_with_the_next_sound_that_goes_on() -> None:
    story, sources = told(noise(5.0, 1), stroke(5.0), noise(5.0, 2), stroke(4.0))
    first, _, third, _ = place_events(story, sources, OPEN)
    assert first.end == 8 * RATE
    assert third.end == 16 * RATE


def test_strokes_without_a_texture_are_heard_in_a_room() -> None:
    story, sources = told(stroke(4.0, at=0.1), stroke(5.0), stroke(4.0))
    sound = mix(story, sources, OPEN)
    assert quietest_db(sound) == pytest.approx(ROOM_TONE_DB, abs=3.0)
    bare = mix(story, sources, dataclasses.replace(OPEN, room_tone=False))
    assert quietest_db(bare) < -100.0
    for start in (round(0.1 * RATE), 4 * RATE, 8 * RATE):
        attack = slice(start, start + round(0.03 * RATE))
        change = np.mean(sound[attack] ** 2.0) / np.mean(bare[attack] ** 2.0)
        assert abs(10 * np.log10(change)) < 0.1
    for frame in (4 * RATE, 5 * RATE, 8 * RATE, len(sound) - RATE):
        assert sharpness_db(sound, frame, RATE) < CLICK_DB
    small = dataclasses.replace(OPEN, block=777)
    assert np.array_equal(sound, np.concatenate(list(mix_blocks(story, sources, small))))


def test_a_take_that_is_over_before_its_block_is_followed_by_the_room() -> None:
    for short in (stroke(1.5), noise(1.5, 3)):
        story, sources = told(short, stroke(4.0))
        sound = mix(story, sources, OPEN)
        assert quietest_db(sound) > -60.0
        assert sharpness_db(sound, round(1.5 * RATE), RATE) < CLICK_DB
        first, second = place_events(story, sources, OPEN)
        assert (first.end, second.start) == (4 * RATE, 4 * RATE)


def test_a_room_is_heard_on_layer_0_alone_and_goes_down_with_its_event() -> None:
    story, sources = told(stroke(4.0), np.zeros((1, 4 * RATE), np.float32))
    sound = mix(story, sources, OPEN)
    assert np.abs(sound[round(4.01 * RATE) :]).max() == 0.0
    muted = story.replace_event(dataclasses.replace(story.events[0], gain_db=-60.0))
    assert quietest_db(mix(muted, sources, OPEN)[: 4 * RATE]) < ROOM_TONE_DB - 30.0
    for gain_db, room in ((-20.0, 1.0), (-26.0, 0.501), (-40.0, 0.1)):
        softer = story.replace_event(dataclasses.replace(story.events[0], gain_db=gain_db))
        assert place_events(softer, sources, OPEN)[0].room == pytest.approx(room, abs=1e-3)
    above = story_of([4.0], [Event("a", "x", 0.0, 4.0, layer=1)])
    assert np.abs(mix(above, {"a": sources["e0"]}, OPEN)[2 * RATE :]).max() == 0.0


def test_the_halves_of_a_stroke_sound_as_the_whole() -> None:
    take = Take("k", None, "a slam", 4.0, 0.0, 1, 1, 1.0, "tiny", "w")
    story = timeline.add_take(story_of([4.0]), "e0", take)
    source = ArraySource(stroke(4.0))
    whole = mix(story, {"e0": source}, OPEN)
    halves, _ = timeline.split(story, "e0", 2.0)
    heard = mix(halves, {event.id: source for event in halves.events}, OPEN)
    assert np.abs(heard - whole).max() < 1e-6


def test_silence_that_is_meant_a_fade_out_and_sounds_without_holes_are_left_alone() -> None:
    silence = np.zeros((1, 4 * RATE), np.float32)
    story, sources = told(noise(5.0, 1), silence, noise(4.0, 2))
    sound = mix(story, sources, OPEN)
    assert np.abs(sound[round(5.1 * RATE) : round(7.9 * RATE)]).max() == 0.0
    story, sources = told(noise(5.0, 1), stroke(4.0))
    faded = story.replace_event(dataclasses.replace(story.events[0], fade_out=0.5))
    assert place_events(faded, sources, OPEN)[0].end == 4 * RATE
    story, sources = told(noise(5.0, 1), noise(4.0, 2))
    assert place_events(story, sources, OPEN)[0].end == 5 * RATE
    story, sources = told(noise(5.0, 1), stroke(4.0))
    assert place_events(story, sources, MixSettings.exact(RATE))[0].end == 4 * RATE


@pytest.mark.parametrize(
    ("sound", "hole"),
    [
        (stroke(3.0), True),
        (stroke(1.2), False),
        (noise(3.0, 1), False),
        (np.zeros((1, 3 * RATE), np.float32), False),
        (stroke(30.0, at=29.0), True),
        (noise(0.01, 1), False),
    ],
    ids=["slam", "short", "rain", "silence", "late", "next to nothing"],
)
def test_what_a_hole_is(sound: np.ndarray, hole: bool) -> None:
    assert has_hole(ArraySource(sound), RATE, sound.shape[1]) == hole


def test_a_sustained_take_is_the_take_and_goes_on_without_a_seam() -> None:
    tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(5 * RATE) / RATE)[None].astype(np.float32)
    rain = noise(5.0, 3)
    for sound in (tone, rain):
        endless = Sustained(ArraySource(sound), RATE)
        heard = endless.read(0, 20 * RATE)
        assert np.array_equal(heard[: 4 * RATE], sound.T[: 4 * RATE])
        assert np.array_equal(heard[3 * RATE : 9 * RATE], endless.read(3 * RATE, 6 * RATE))
        steps = np.abs(np.diff(heard, axis=0))
        assert steps[4 * RATE :].max() <= 1.5 * steps[: 4 * RATE].max()
    power = np.mean(heard.reshape(-1, RATE // 4) ** 2.0, axis=1)
    assert np.ptp(10 * np.log10(power)) < 1.0


def test_blocks_stems_and_outline_agree_and_nothing_clicks() -> None:
    story, sources = told(noise(5.0, 1), stroke(5.0, at=0.2), stroke(4.0))
    whole = mix(story, sources, OPEN)
    small = dataclasses.replace(OPEN, block=777)
    assert np.array_equal(whole, np.concatenate(list(mix_blocks(story, sources, small))))
    placements = place_events(story, sources, OPEN)
    stems = [
        np.concatenate(list(sum_blocks([p], sources, 0, len(whole), 4000))) for p in placements
    ]
    assert np.allclose(sum(stems), whole, atol=1e-6)
    drawn = outline(story, sources, OPEN, Cache(10)).whole
    peaks = np.abs(whole).max(axis=1).reshape(-1, RATE // PER_SECOND).max(axis=1)
    assert np.allclose(drawn, peaks, atol=1e-6)
    for frame in (4 * RATE, 5 * RATE, 6 * RATE):
        assert sharpness_db(whole, frame, RATE) < CLICK_DB


def test_an_edit_list_has_no_more_of_a_take_than_there_is(tmp_path: Path) -> None:
    folder = story_folder(tmp_path / "slam", [noise(4.5, 1), stroke(4.0)])
    delivery = export(open_story(folder), tmp_path / "out", ExportSettings(otio=True))
    file = next(f for f in delivery.files if f.suffix == ".otio")
    for clip in otio.adapters.read_from_file(str(file)).find_clips():
        available = clip.media_reference.available_range
        assert clip.source_range.duration <= available.duration
