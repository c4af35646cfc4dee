"""Joins before a stroke: the stroke is heard as it was performed, and nothing clicks."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
from clicks import CLICK_DB, sharpness_db
from sounding_stories import RATE, noise, story_folder, story_of

from core.export import ExportSettings, export, open_story
from core.export.stems import loop_stem
from core.mix.mix import (
    CLEAR_DB,
    GIVING_WAY,
    SHORTEST_GIVING_WAY,
    MixSettings,
    giving_way,
    mix,
    place_events,
    sum_blocks,
)
from core.mix.onset import first_onset
from core.mix.ramp import Ramp
from core.mix.sources import ArraySource
from core.story.story import Event, Story

OPEN = MixSettings(RATE, ceiling_db=None, spread=False, sustain=False)
ATTACK = round(0.03 * RATE)


def decaying(sound: np.ndarray, seconds: float) -> np.ndarray:
    fall = np.exp(-np.arange(sound.shape[1]) / (seconds * RATE))
    return np.asarray(sound * fall, dtype=np.float32)


def slam(seconds: float, decay: float = 0.1, level: float = 0.3, after: float = 0.0) -> np.ndarray:
    """A burst of noise that dies away, `after` seconds of what is all but silence."""
    sound = decaying(noise(seconds, 8, level), decay)
    lead = noise(after, 9, 1e-5)
    return np.concatenate([lead, sound], axis=1)[:, : sound.shape[1]]


def bell(seconds: float) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    tones = sum(np.sin(2 * np.pi * f * time) * np.exp(-time * f / 400) for f in (220, 523, 1340))
    return (0.2 * tones[None]).astype(np.float32)


def steps(seconds: float) -> np.ndarray:
    """Footsteps: every 0.6 s a soft heel and a sole."""
    sound = noise(seconds, 3, 1e-4)
    for start in np.arange(0.05, seconds - 0.2, 0.6):
        at = round(start * RATE)
        sound[:, at : at + RATE // 8] += decaying(noise(0.125, int(10 * start), 0.1), 0.03)
    return sound


def gusts(seconds: float) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    return noise(seconds, 4, 0.1) * (0.55 + 0.45 * np.sin(0.9 * time - 1.5)).astype(np.float32)


def crackles(seconds: float) -> np.ndarray:
    sound = noise(seconds, 5, 0.02)
    random = np.random.default_rng(6)
    for at in random.integers(0, sound.shape[1] - 500, round(30 * seconds)):
        sound[:, at : at + 300] += decaying(noise(300 / RATE, int(at), 0.1), 0.002)
    return sound


def waves(seconds: float) -> np.ndarray:
    """A breaker that is there from the first sample and runs out slowly."""
    return decaying(noise(seconds, 7, 0.2), 0.6 * seconds)


@pytest.mark.parametrize(
    ("sound", "onset"),
    [
        (slam(4.0), 0.0),
        (slam(4.0, 0.01), 0.0),
        (slam(4.0, after=0.2), 0.2),
        (bell(4.0), 0.0),
        (steps(4.0), 0.05),
        (np.concatenate([noise(0.6, 1, 0.01), slam(3.0, 1.0)], axis=1), 0.6),
        (np.concatenate([slam(4.0), slam(4.0)[::-1]]), 0.0),
    ],
    ids=["slam", "click", "late slam", "bell", "footsteps", "crack after a rumble", "stereo"],
)
def test_a_stroke_has_its_onset_where_it_begins(sound: np.ndarray, onset: float) -> None:
    found = first_onset(ArraySource(sound), RATE)
    assert found is not None
    assert onset - 0.035 <= found / RATE <= onset + 0.001


@pytest.mark.parametrize(
    "sound",
    [noise(4.0, 1), gusts(6.0), crackles(4.0), waves(6.0), 0 * noise(2.0, 1), noise(0.001, 1)],
    ids=["rain", "gusts", "fire", "breaker", "silence", "next to nothing"],
)
def test_what_goes_on_evenly_has_none(sound: np.ndarray) -> None:
    assert first_onset(ArraySource(sound), RATE) is None


def after_rain(
    sound: np.ndarray, rain: float, tail: float = 1.0
) -> tuple[Story, dict[str, ArraySource]]:
    seconds = sound.shape[1] / RATE
    sources = {"e0": ArraySource(noise(4.0 + tail, 1, rain)), "e1": ArraySource(sound)}
    return story_of([4.0, seconds]), sources


def rms_db(sound: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(sound, dtype=np.float64)) + 1e-20))


@pytest.mark.parametrize("rain", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("decay", [0.01, 0.1, 1.0])
@pytest.mark.parametrize("after", [0.0, 0.03, 0.4])
def test_a_slam_after_rain_keeps_its_attack_and_its_peak(
    rain: float, decay: float, after: float
) -> None:
    """It once came out at -27 dB, and its peak 9 dB lower, under a second of cross-fade."""
    sound = slam(3.0, decay, 0.1, after)
    mixed = mix(*after_rain(sound, rain), OPEN)
    at = round(after * RATE)
    heard, played = mixed[4 * RATE + at :][:ATTACK], sound.T[at : at + ATTACK]
    assert abs(rms_db(heard) - rms_db(played)) < 1.0
    if decay > 0.01:
        assert abs(np.abs(heard).max() / np.abs(played).max() - 1.0) < 0.12


@pytest.mark.parametrize("sound", [bell(4.0), steps(4.0)], ids=["bell", "footsteps"])
def test_other_strokes_keep_their_attack_too(sound: np.ndarray) -> None:
    mixed = mix(*after_rain(sound, 0.05), OPEN)
    at = round(0.05 * RATE)
    for start in (0, at):
        played = sound.T[start : start + ATTACK]
        if rms_db(played) > -60:
            assert abs(rms_db(mixed[4 * RATE + start :][:ATTACK]) - rms_db(played)) < 1.0


def test_the_rain_rings_out_under_the_slam_and_gives_way_only_as_far_as_it_must() -> None:
    for rain, soft in ((0.01, False), (0.3, True)):
        story, sources = after_rain(slam(3.0, 0.1, 0.1), rain)
        first, second = place_events(story, sources, OPEN)
        assert first.end == 5 * RATE
        (tail,) = sum_blocks([first], sources, 4 * RATE, 5 * RATE, RATE)
        (whole,) = sum_blocks([first], sources, 0, 4 * RATE, 4 * RATE)
        before = rms_db(whole[3 * RATE : round(3.5 * RATE)])
        (stroke,) = sum_blocks([second], sources, 4 * RATE, 5 * RATE, RATE)
        assert rms_db(tail[:ATTACK]) < rms_db(stroke[:ATTACK]) - CLEAR_DB + 1.0
        assert (rms_db(tail[:ATTACK]) < before - 3.0) == soft
        assert before - 40.0 < rms_db(tail[: RATE // 4])
        assert np.abs(tail[-10:]).max() < 1e-3
        steps = np.array([rms_db(part) for part in np.split(whole[: 2 * RATE], 20)])
        assert np.ptp(steps) < 1.0


@pytest.mark.parametrize(
    ("below_db", "seconds"), [(1.0, SHORTEST_GIVING_WAY), (20.0, 20 * GIVING_WAY)]
)
def test_what_gives_way_far_takes_longer_and_no_longer_than_there_is_room(
    below_db: float, seconds: float
) -> None:
    attack = 10 ** ((CLEAR_DB - below_db) / 10)
    ramp = giving_way(OPEN, attack, 1.0, RATE, 10 * RATE)
    assert ramp.duck == pytest.approx(10 ** (-below_db / 20))
    assert ramp.lead == round(seconds * RATE)
    assert ramp.frames == ramp.lead + RATE
    assert giving_way(OPEN, attack, 1.0, RATE, 99).lead == 99


def test_a_tail_that_gave_way_rings_out_from_where_it_then_is() -> None:
    """Read backwards, as the rising half: up to the duck by the curve, then to all in the lead."""
    ramp = Ramp(1000, "linear", lead=250, duck=0.25)
    gains = ramp.gain(np.array([0.0, 0.375, 0.75, 0.875, 1.0]))
    assert gains == pytest.approx([0.0, 0.125, 0.25, 0.625, 1.0])


def test_textures_cross_fade_and_a_fade_in_that_was_chosen_stays() -> None:
    story, sources = after_rain(noise(4.0, 2), 0.1)
    assert all(p.rises[-1].crossfade for p in place_events(story, sources, OPEN)[1:])
    story, sources = after_rain(slam(4.0), 0.1)
    faded = story.replace_event(dataclasses.replace(story.events[1], fade_in=0.5))
    first, second = place_events(faded, sources, OPEN)
    assert first.falls[0].crossfade
    assert [ramp.frames for ramp in second.rises] == [RATE, RATE // 2]


def test_a_stroke_that_begins_the_story_or_lies_over_it_keeps_its_attack() -> None:
    sound = slam(2.0, 0.01)
    above = Event("a", "x", 1.0, 2.0, layer=1)
    story = story_of([4.0], [above])
    silence = ArraySource(np.zeros((1, 4 * RATE), np.float32))
    mixed = mix(story, {"e0": silence, "a": ArraySource(sound)}, OPEN)
    assert abs(rms_db(mixed[RATE : RATE + ATTACK]) - rms_db(sound[:, :ATTACK])) < 1.0
    alone = mix(story_of([2.0]), {"e0": ArraySource(sound)}, OPEN)
    assert abs(rms_db(alone[:ATTACK]) - rms_db(sound[:, :ATTACK])) < 1.0


def test_a_loop_of_strokes_keeps_the_first() -> None:
    sound = steps(3.0)[:, round(0.05 * RATE) :]
    story = story_of([2.0])
    source = ArraySource(sound)
    (placement,) = place_events(story, {"e0": source}, OPEN)
    stem = loop_stem(placement, 2 * RATE, source, OPEN, RATE)
    loop = np.concatenate(list(stem.blocks))
    assert abs(rms_db(loop[:ATTACK]) - rms_db(sound[:, :ATTACK])) < 1.0
    twice = np.concatenate([loop, loop])
    assert sharpness_db(twice, len(loop), RATE) < sharpness_db(sound.T, 0, RATE) + 3.0


def test_stems_of_struck_joins_sum_to_the_mix_whatever_the_block() -> None:
    story, sources = after_rain(slam(3.0, after=0.1), 0.3)
    whole = mix(story, sources, OPEN)
    assert np.array_equal(whole, mix(story, sources, dataclasses.replace(OPEN, block=777)))
    stems = [
        np.concatenate(list(sum_blocks([p], sources, 0, len(whole), 4000)))
        for p in place_events(story, sources, OPEN)
    ]
    assert np.allclose(sum(stems), whole, atol=1e-6)


def test_the_detector_finds_a_click() -> None:
    tone = np.sin(2 * np.pi * 180 * np.arange(RATE) / RATE)
    brown = np.cumsum(noise(1.0, 1)[0])
    for sound in (tone, brown / np.abs(brown).max()):
        cut = sound[:, None].copy()
        cut[: RATE // 3] = 0.0
        assert sharpness_db(cut, RATE // 3, RATE) > CLICK_DB
        faded = sound[:, None].copy()
        faded[: RATE // 3] = 0.0
        faded[RATE // 3 :][:220] *= (0.5 - 0.5 * np.cos(np.pi * np.arange(220) / 220))[:, None]
        assert sharpness_db(faded, RATE // 3, RATE) < CLICK_DB


def test_no_join_of_textures_and_strokes_clicks() -> None:
    """Nothing at a join is sharper than a click, or than the same take is there by itself."""
    random = np.random.default_rng(12)
    brown = np.cumsum(noise(8.0, 3), axis=1)
    brown = (0.4 * brown / np.abs(brown).max()).astype(np.float32)
    tone = 0.3 * np.sin(2 * np.pi * 97 * np.arange(8 * RATE) / RATE)[None].astype(np.float32)
    pool = [brown, tone, noise(8.0, 4), slam(8.0), slam(8.0, 0.4, 0.2, 0.15), bell(8.0), steps(8.0)]
    pool.append(decaying(brown[:, 2 * RATE :], 0.2))
    for _ in range(25):
        durations = [round(float(d), 3) for d in random.uniform(0.4, 2.0, 4)]
        sources = {}
        for number, duration in enumerate(durations):
            sound = pool[random.integers(len(pool))]
            sources[f"e{number}"] = ArraySource(sound[:, : round((duration + 0.8) * RATE)])
        story = story_of(durations)
        mixed = np.pad(mix(story, sources, OPEN), ((50, 50), (0, 0)))
        for placed in place_events(story, sources, OPEN):
            take = sources[placed.event_id].read(0, placed.frames)
            own = sharpness_db(take, 0, RATE) if placed.onset is not None else 0.0
            sharp = sharpness_db(mixed, placed.start + 50, RATE)
            assert sharp < max(CLICK_DB, own + 1.0), placed
            assert sharpness_db(mixed, placed.end + 50, RATE) < CLICK_DB, placed


def test_an_edit_list_has_the_tail_beside_the_stroke_and_no_dissolve(tmp_path: Path) -> None:
    folder = story_folder(tmp_path / "slam", [noise(4.5, 1), slam(3.0)])
    settings = ExportSettings(otio=True)
    delivery = export(open_story(folder), tmp_path / "out", settings)
    described = otio.adapters.read_from_file(
        str(next(f for f in delivery.files if "otio" in f.name))
    )
    story = [track for track in described.tracks if "Story" in track.name]
    assert not list(described.find_children(descended_from_type=otio.schema.Transition))
    rain, slammed = (next(iter(track.find_clips())) for track in story)
    assert rain.source_range.duration.to_seconds() == pytest.approx(4.5)
    assert slammed.range_in_parent().start_time.to_seconds() == pytest.approx(4.0)


@pytest.mark.parametrize("seconds", [0.1, 0.15])
def test_a_shot_of_a_tenth_of_a_second_keeps_its_attack(seconds: float) -> None:
    """Above the story its take has no tail, so that the attack is a third of all there is."""
    click = decaying(noise(seconds, 7, level=0.3), 0.02)
    hiss = noise(seconds, 8)
    for sound, onset in ((click, 0), (hiss, None)):
        event = Event("e1", "a shot", 0.3, seconds, layer=1)
        story = Story("t", 1.0, 1, "tiny", "", (event,))
        source = ArraySource(sound)
        assert first_onset(source, RATE) == onset
        heard = mix(story, {"e1": source}, OPEN)[round(0.3 * RATE) :][: round(seconds * RATE), 0]
        first = round(0.005 * RATE)
        kept = np.sum(heard[:first] ** 2) / np.sum(sound[0, :first] ** 2)
        assert (10 * np.log10(kept) > -0.5) == (onset == 0)
