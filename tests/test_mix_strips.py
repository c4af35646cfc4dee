"""Channel strips as they are heard: envelopes, fades, filters, distance, rooms, lanes and loops."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from clicks import CLICK_DB, sharpness_db
from scipy.signal import freqz, lfilter
from sounding_stories import RATE, noise, story_of

from core.export.stems import event_stem, story_stem
from core.mix.air import air_absorption, air_taps
from core.mix.cache import Cache
from core.mix.convolution import Convolved, Impulse
from core.mix.equaliser import equaliser_taps
from core.mix.levels import NaturalLevel, with_levels
from core.mix.mix import MixSettings, mix, mix_blocks, place_events, sum_blocks
from core.mix.outline import PER_SECOND, outline
from core.mix.rooms import ROOMS, room_impulse
from core.mix.sources import ArraySource
from core.story import timeline
from core.story.ducking import Ducking, duck_event
from core.story.lanes import change_lane
from core.story.movement import approach
from core.story.shape import level_at
from core.story.story import Event, Story
from core.story.strip import FADE_CURVES, Equaliser, FadeCurve, Lane, RoomName, RoomSend
from core.story.take import Take

SLOW = 8000
"""Hz of sounds whose treble does not matter."""
PLAIN = MixSettings(SLOW, ceiling_db=None, spread=False)


def steady(seconds: float, channels: int = 1) -> ArraySource:
    """All samples at a level of 0.1, so that gains can be read off the mix."""
    return ArraySource(np.full((channels, round(seconds * SLOW)), 0.1, np.float32))


def hiss(seconds: float, seed: int = 1, rate: int = SLOW) -> ArraySource:
    random = np.random.default_rng(seed)
    return ArraySource(0.1 * random.standard_normal((1, round(seconds * rate))).astype(np.float32))


def one(seconds: float, lane: Lane | None = None, **values: object) -> Story:
    """A story of one event of layer 1, `e1`, from its beginning to its end."""
    event = Event("e1", "wind", 0.0, seconds, layer=1, **values)  # type: ignore[arg-type]
    return Story("t", seconds, 1, "tiny", "", (event,), lanes=(lane,) if lane else ())


def every_10_ms(sound: np.ndarray, rate: int = SLOW) -> np.ndarray:
    """RMS in dB of each channel in each 10 ms, (n, channels)."""
    parts = sound[: len(sound) // (rate // 100) * (rate // 100)].reshape(-1, rate // 100, 2)
    return 10 * np.log10(np.mean(parts.astype(np.float64) ** 2, axis=1) + 1e-12)


POINTS = ((0.3, -30.0), (1.0, 6.0), (1.2, -12.0), (2.5, 0.0))
PANS = ((0.2, -1.0), (1.5, 1.0), (2.4, 0.25))


@pytest.mark.parametrize("of", ["event", "lane"])
def test_level_and_pan_follow_the_drawn_curves_in_every_10_ms_away_from_points(of: str) -> None:
    curves = {"gain_envelope": POINTS, "pan_envelope": PANS}
    lane = Lane(1, **curves)  # type: ignore[arg-type]
    story = one(3.0, **curves) if of == "event" else one(3.0, lane)
    channels = 1 if of == "event" else 2
    heard = every_10_ms(mix(story, {"e1": steady(3.0, channels)}, PLAIN)) + 20.0
    middles = (np.arange(len(heard)) + 0.5) / 100
    away = [all(abs(t - p) > 0.01 for p, _ in (*POINTS, *PANS)) for t in middles]
    away = np.array(away) & (middles > 0.02) & (middles < 2.98)
    for channel, side in ((0, -1.0), (1, 1.0)):
        for time, level, checked in zip(middles, heard[:, channel], away, strict=True):
            angle = 0.25 * np.pi * (side * level_at(PANS, time) + 1.0)
            gain = np.sqrt(2.0) * np.sin(angle)
            gain = gain if channels == 1 else min(1.0, gain)
            wanted = level_at(POINTS, time) + 20 * np.log10(max(gain, 1e-9))
            if checked and wanted > -60.0:
                assert level == pytest.approx(wanted, abs=0.5), time


@pytest.mark.parametrize("curve", FADE_CURVES)
def test_fades_have_the_chosen_curve(curve: FadeCurve) -> None:
    middles = {
        "linear": 0.5, "equal-power": 0.707, "s-curve": 0.5, "exponential": 1 / 11,
        "logarithmic": 10 / 11,
    }  # fmt: skip
    fades = {"fade_in": 1.0, "fade_in_curve": curve, "fade_out": 0.5, "fade_out_curve": curve}
    event = mix(one(3.0, **fades), {"e1": steady(3.0)}, PLAIN)
    lane = mix(one(3.0, Lane(1, **fades)), {"e1": steady(3.0, 2)}, PLAIN)  # type: ignore[arg-type]
    for sound in (event, lane):
        for at in (0.5, 2.75):
            assert sound[round(at * SLOW), 0] == pytest.approx(0.1 * middles[curve], rel=0.01)
        assert np.abs(sound[[40, -41], 0]).max() < 0.1 * middles[curve]


def test_a_mix_without_strips_is_what_it_was_to_the_bit_and_one_that_does_nothing_too() -> None:
    story = story_of([2.0, 2.0], [Event("a", "bell", 0.5, 1.0, layer=1, pan=0.3)])
    sources = {"e0": hiss(3.0), "e1": hiss(2.0, 2), "a": hiss(1.0, 3)}
    plain = mix(story, sources, PLAIN)
    idle = timeline.change(story, "a", equaliser=None, distance=1.0, room=None, gain_envelope=())
    assert np.array_equal(plain, mix(idle, sources, PLAIN))
    assert all(p.strip is p.lane is p.loop is None for p in place_events(story, sources, PLAIN))
    assert [p.last == p.end for p in place_events(story, sources, PLAIN)] == [True] * 3


def gains_at(taps: np.ndarray, rate: int, *hz: float) -> list[float]:
    """Decibels of a filter at frequencies."""
    _, response = freqz(taps, worN=np.array(hz), fs=rate)
    return [float(20 * np.log10(abs(value))) for value in response]


def test_cuts_fall_by_more_than_12_db_an_octave_and_a_tilt_turns_around_its_pivot() -> None:
    low = equaliser_taps(Equaliser(low_cut=100.0), 44_100)
    assert gains_at(low, 44_100, 50, 100, 200, 5000) == pytest.approx([-18.1, -3, -0.1, 0], abs=0.2)
    high = equaliser_taps(Equaliser(high_cut=4000.0), 44_100)
    assert gains_at(high, 44_100, 100, 2000, 4000) == pytest.approx([0, -0.1, -3], abs=0.3)
    assert gains_at(high, 44_100, 8000)[0] < -18.0
    tilt = equaliser_taps(Equaliser(tilt_db=-12.0, pivot=800.0), 44_100)
    assert gains_at(tilt, 44_100, 30, 800, 18_000) == pytest.approx([6, 0, -6], abs=0.1)
    both = equaliser_taps(Equaliser(20.0, 20_000.0), 8000)
    assert gains_at(both, 8000, 10, 1000) == pytest.approx([-18.1, 0.0], abs=0.3)


@pytest.mark.parametrize("of", ["event", "lane"])
def test_a_low_cut_is_heard_in_the_mix(of: str) -> None:
    cut = Equaliser(low_cut=200.0)
    story = one(2.0, equaliser=cut) if of == "event" else one(2.0, Lane(1, equaliser=cut))
    for hz, wanted in ((100.0, -18.1), (200.0, -3.0), (1000.0, 0.0)):
        tone = 0.1 * np.sin(2 * np.pi * hz * np.arange(2 * SLOW) / SLOW)
        sources = {"e1": ArraySource(tone[None].astype(np.float32))}
        parts = [mix(s, sources, PLAIN)[SLOW // 2 : -SLOW // 2] for s in (story, one(2.0))]
        levels = [10 * np.log10(np.mean(np.square(part, dtype=np.float64))) for part in parts]
        assert levels[0] - levels[1] == pytest.approx(wanted, abs=0.3)


def test_air_absorbs_what_the_standard_says() -> None:
    hz = np.array([63.0, 125, 250, 500, 1000, 2000, 4000, 8000])
    table = [0.1, 0.3, 1.1, 2.8, 5.0, 9.0, 22.9, 76.6]  # ISO 9613-2, 20 degrees, 70 per cent
    assert 1000 * air_absorption(hz) == pytest.approx(table, abs=0.06, rel=0.02)
    cold = [0.1, 0.4, 1.0, 1.9, 3.7, 9.7, 32.8, 117.0]  # 10 degrees, 70 per cent
    assert 1000 * air_absorption(hz, celsius=10.0) == pytest.approx(cold, abs=0.06, rel=0.02)
    taps = air_taps(100.0, 44_100)
    assert gains_at(taps, 44_100, 1000, 4000, 8000) == pytest.approx([-0.5, -2.3, -7.7], abs=0.2)
    assert int(np.argmax(np.abs(taps))) < 5


def test_distance_takes_level_and_treble_and_leaves_the_room() -> None:
    """6 dB for each doubling, so that the ratio of direct to reverberant sound falls by as much."""
    rate, seconds = 32_000, 1.0
    settings = dataclasses.replace(PLAIN, rate=rate)
    sources = {"e1": hiss(seconds, rate=rate)}
    direct, reverberant = [], []
    for metres in (1.0, 10.0, 20.0):
        story = one(seconds, distance=metres, room=RoomSend("small room", -6.0))
        story = dataclasses.replace(story, total=2.0)
        sound = mix(story, sources, settings).astype(np.float64)
        reverberant.append(10 * np.log10(np.mean(sound[rate : round(1.2 * rate)] ** 2)))
        (placed,) = place_events(story, sources, settings)
        dry = placed.read(sources["e1"], 0, rate).astype(np.float64)
        direct.append(10 * np.log10(np.mean(dry**2)))
    assert direct[0] - direct[1] == pytest.approx(20.0, abs=2.0)  # and air, of white noise
    assert direct[1] - direct[2] == pytest.approx(6.0, abs=1.5)
    assert np.ptp(reverberant) < 1.0
    open_air = place_events(one(1.0, distance=10.0), {"e1": steady(1.0)}, PLAIN)[0]
    assert open_air.strip is not None
    assert open_air.strip.room == RoomSend("open air", -30.0)


def decay_seconds(sound: np.ndarray, rate: int) -> float:
    """RT60 by Schroeder's backward integration, from -5 to -35 dB (ISO 3382: T30)."""
    energy = np.cumsum(np.square(sound[::-1], dtype=np.float64))[::-1]
    curve = 10 * np.log10(energy / energy[0] + 1e-12)
    begin, end = (int(np.argmax(curve < level)) for level in (-5.0, -35.0))
    slope = np.polyfit(np.arange(begin, end) / rate, curve[begin:end], 1)[0]
    return float(-60.0 / slope)


@pytest.mark.parametrize("name", list(ROOMS))
def test_a_room_decays_in_the_time_that_is_said_of_it(name: RoomName) -> None:
    rate = 16_000
    impulse = room_impulse(name, rate)
    assert np.sum(impulse.taps**2, axis=0) == pytest.approx([1.0, 1.0])
    for channel in impulse.taps.T:
        assert decay_seconds(channel, rate) == pytest.approx(ROOMS[name].decay, rel=0.1)
    assert abs(np.corrcoef(impulse.taps.T)[0, 1]) < 0.3
    room_impulse.cache_clear()
    assert np.array_equal(room_impulse(name, rate).taps, impulse.taps)


@pytest.mark.parametrize("of", ["event", "lane"])
def test_a_room_rings_on_after_its_event_in_the_mix_as_long_as_it_says(of: str) -> None:
    send = RoomSend("small room", 0.0)
    story = one(0.5, room=send) if of == "event" else one(0.5, Lane(1, room=send))
    story = dataclasses.replace(story, total=1.5)
    click = np.zeros((1, SLOW // 2), np.float32)
    click[0, 3600] = 0.5
    sources = {"e1": ArraySource(click)}
    sound = mix(story, sources, dataclasses.replace(PLAIN, attacks=False))
    first = 3600 + round(0.004 * SLOW)
    assert np.abs(sound[3601:first]).max() < 1e-6
    assert decay_seconds(sound[first:, 0], SLOW) == pytest.approx(0.4, rel=0.1)
    wet, dry = np.sum(sound[3601:, 0] ** 2), sound[3600, 0] ** 2
    assert 10 * np.log10(wet / dry) == pytest.approx(0.0, abs=0.5)
    still = Event("still", "silence", 0.6, 0.5, layer=3)
    silent = dataclasses.replace(story, events=(*story.events, still))
    assert np.abs(mix(silent, sources, PLAIN)[round(0.86 * SLOW) : round(1.1 * SLOW)]).max() == 0.0


def test_what_approaches_rises_out_of_its_room() -> None:
    story = approach(one(4.0), "e1")
    (placed,) = place_events(story, {"e1": hiss(4.0)}, PLAIN)
    direct = [
        10 * np.log10(np.mean(placed.read(hiss(4.0), at, 4000).astype(np.float64) ** 2))
        for at in (0, 27_900)
    ]
    sent = [
        10 * np.log10(np.mean(placed.read(hiss(4.0), at, 4000, send=True).astype(np.float64) ** 2))
        for at in (0, 27_900)
    ]
    assert direct[1] - direct[0] > 14.0
    assert sent[1] == pytest.approx(sent[0], abs=0.5)


def test_a_ducked_bed_is_as_deep_and_comes_back_as_fast_as_its_envelope_says() -> None:
    spot = Event("s", "a bell", 1.0, 0.5, layer=2)
    story = dataclasses.replace(one(3.0, role="bed"), events=(*one(3.0, role="bed").events, spot))
    story = duck_event(story, "e1", Ducking(depth_db=12.0, attack=0.2, release=1.0))
    heard = every_10_ms(mix(story, {"e1": steady(3.0)}, PLAIN))[:, 0] + 20.0
    wanted = ((0.5, 0.0), (0.9, -6.0), (1.25, -12.0), (2.0, -6.0), (2.25, -3.0), (2.8, 0.0))
    for time, level in wanted:
        assert heard[round(100 * time)] == pytest.approx(level, abs=1.0)


def full(seconds: float = 1.0) -> Story:
    """Two events and a lane with everything."""
    everything = {
        "gain_envelope": ((0.1, -20.0), (0.4, 3.0)), "pan_envelope": ((0.0, -1.0), (0.5, 1.0)),
        "equaliser": Equaliser(80.0, 3000.0, 3.0), "room": RoomSend("small room", -3.0),
    }  # fmt: skip
    events = (
        Event("e0", "rain", 0.0, seconds),
        Event("a", "bell", 0.3, seconds / 2, layer=1, distance=9.0, shape="approach", **everything),  # type: ignore[arg-type]
        Event("b", "hum", 0.2, 0.7, layer=1, loop=True, pan=-0.5),
    )
    events = (*events, Event("still", "silence", 0.8, 0.1, layer=4))
    lane = Lane(1, gain_db=-3.0, fade_in=0.5, fade_out_curve="exponential", **everything)  # type: ignore[arg-type]
    return Story("t", seconds, 1, "tiny", "", events, lanes=(lane, Lane(0, pan=0.5)))


SOUNDS = {"e0": hiss(1.0), "a": hiss(0.5, 2), "b": hiss(0.2, 3)}


def test_strips_do_not_depend_on_the_blocks_and_stems_sum_to_the_mix() -> None:
    whole = mix(full(), SOUNDS, PLAIN)
    for block in (50, 777, 4096):
        parts = mix_blocks(full(), SOUNDS, dataclasses.replace(PLAIN, block=block))
        assert np.array_equal(whole, np.concatenate(list(parts)))
    placements = place_events(full(), SOUNDS, PLAIN)
    alone = [next(sum_blocks([p], SOUNDS, 0, SLOW, SLOW)) for p in placements]
    assert np.allclose(np.sum(alone, axis=0), whole, atol=1e-6)
    assert [np.abs(stem).max() > 1e-3 for stem in alone] == [True] * 3
    muted = change_lane(full(), 1, muted=True)
    assert np.array_equal(mix(muted, SOUNDS, PLAIN), alone[0])


def test_stems_of_layers_ring_on_as_in_the_mix_and_those_of_events_as_long_as_their_room() -> None:
    whole, placements = mix(full(), SOUNDS, PLAIN), place_events(full(), SOUNDS, PLAIN)
    total = np.zeros_like(whole)
    for layer in (0, 1):
        inside = [p for p in placements if p.layer == layer]
        stem = story_stem(inside, SOUNDS, SLOW, SLOW, SLOW, SLOW, 3000)
        total[stem.lead :] += np.concatenate(list(stem.blocks))[: SLOW - stem.lead]
    assert np.allclose(total, whole, atol=1e-6)
    echoing = dataclasses.replace(one(0.5, room=RoomSend("hall")), total=1.0)
    (placed,) = place_events(echoing, SOUNDS | {"e1": hiss(0.5)}, PLAIN)
    stem = event_stem(placed, {"e1": hiss(0.5)}, SLOW, SLOW, 3000)
    assert stem.frames == round((0.5 + 0.02 + 2.2) * SLOW)
    sound = np.concatenate(list(stem.blocks))
    assert 1e-6 < np.abs(sound[-SLOW // 4 :]).max() < 1e-2


def test_the_outline_shows_strips_as_they_are_heard_and_is_kept_by_where_they_are() -> None:
    cache, settings = Cache(100), MixSettings(SLOW, spread=False)
    for story in (full(), change_lane(full(), 1, gain_envelope=((0.0, -30.0), (1.0, 0.0)))):
        drawn = outline(story, SOUNDS, settings, cache)
        sound = np.abs(mix(story, SOUNDS, settings)).max(axis=1)
        assert np.abs(drawn.whole - sound.reshape(-1, SLOW // PER_SECOND).max(axis=1)).max() < 0.01


class Kept(ArraySource):
    """A take of which is kept what is measured."""

    @property
    def identity(self) -> str:
        return "the same"


def test_a_lane_is_drawn_where_it_is_though_the_same_sound_is_known_from_elsewhere() -> None:
    events = [Event(f"e{n}", "rain", n / 2, 0.5, layer=1) for n in (0, 1)]
    lane = Lane(1, gain_envelope=((0.0, -20.0), (1.0, 0.0)))
    story = Story("t", 1.0, 1, "tiny", "", tuple(events), lanes=(lane,))
    sources = {event.id: Kept(hiss(0.5).read(0, SLOW // 2).T) for event in events}
    drawn = outline(story, sources, PLAIN, Cache(100))
    heard = np.abs(mix(story, sources, PLAIN)).max(axis=1)
    assert np.allclose(drawn.whole, heard.reshape(-1, SLOW // PER_SECOND).max(axis=1), atol=1e-6)


@pytest.mark.parametrize("channels", [1, 2])
def test_a_convolution_is_what_its_definition_says_wherever_it_is_read(channels: int) -> None:
    random = np.random.default_rng(3)
    sound = random.standard_normal((channels, 70_000)).astype(np.float32)
    taps = random.standard_normal((500, 2)) if channels == 1 else random.standard_normal(500)
    heard = Convolved(ArraySource(sound), Impulse(taps), ringing=True)
    for side in (0, 1):
        response = taps if channels == 2 else taps[:, side]
        whole = np.convolve(sound[min(side, channels - 1)], response)
        assert heard.frames == len(whole) == 70_499
        for start, count in ((0, 100), (32_000, 1000), (70_000, 499), (0, 70_499)):
            part = heard.read(start, count)[:, side]
            assert np.allclose(part, whole[start : start + count], atol=1e-4)
    assert Convolved(ArraySource(sound), Impulse(taps)).frames == 70_000


def test_halves_of_an_event_with_a_strip_sound_as_the_whole() -> None:
    whole = one(
        2.0, gain_envelope=((0.2, -9.0), (1.9, 3.0)), pan_envelope=((0.0, -1.0), (2.0, 1.0)),
        equaliser=Equaliser(low_cut=100.0), room=RoomSend("small room"), distance=3.0,
    )  # fmt: skip
    take = Take("k", None, "wind", 2.0, 0.0, 1, 4, 3.0, "tiny", "w")
    whole = timeline.add_take(whole, "e1", take)
    halves, rest = timeline.split(whole, "e1", 1.137)
    sound = hiss(2.0)
    before = mix(whole, {"e1": sound}, PLAIN)
    after = mix(halves, {"e1": sound, rest: sound}, PLAIN)
    assert 20 * np.log10(np.abs(after - before).max() / np.abs(before).max()) < -90.0


@pytest.mark.parametrize("kind", ["rumble", "tone"])
def test_a_loop_makes_a_bed_of_a_take_without_a_seam(kind: str) -> None:
    """Neither a click at the seam nor a hole or a bump around it, in an event of three takes."""
    frames = np.arange(round(2.0 * RATE))
    tone = 0.2 * np.sin(2 * np.pi * 220.3 * frames / RATE)[None].astype(np.float32)
    rumble = noise(2.0, 5)
    for _ in range(3):
        rumble = lfilter([0.1], [1.0, -0.9], rumble).astype(np.float32)
    take = rumble if kind == "rumble" else tone
    assert sharpness_db(np.tile(take, 2).T, take.shape[1], RATE) > CLICK_DB
    sources = {"e1": ArraySource(take)}
    settings = dataclasses.replace(PLAIN, rate=RATE)
    story = one(6.0, role="bed", loop=True)
    sound = mix(story, sources, settings)
    assert len(sound) == 6 * RATE
    (placed,) = place_events(story, sources, settings)
    assert placed.loop is not None
    for turn in (1, 2, 3):
        for seam in (turn * placed.loop.period, turn * placed.loop.period + placed.loop.fade):
            assert sharpness_db(sound, seam, RATE) < CLICK_DB
    once = mix(one(2.0), sources, settings)
    levels, own = (
        every_10_ms(s, RATE)[:, 0].reshape(-1, 10).mean(axis=1)[1:-1] for s in (sound, once)
    )
    assert np.ptp(levels) < np.ptp(own) + 1.0
    assert np.array_equal(sound[500:40_000], once[500:40_000])
    unlooped = mix(one(6.0), sources, settings)
    assert np.abs(unlooped[round(2.1 * RATE) :]).max() < 0.01


def test_levels_leave_what_strips_take_off() -> None:
    natural = {"e1": NaturalLevel(-18.0), "bed": NaturalLevel(-18.0)}
    beside = set()
    for values in ({}, {"gain_envelope": ((0.0, -12.0),)}, {"distance": 4.0}):
        story = one(2.0, **values)
        bed = Event("bed", "rain", 0.0, 2.0, layer=2)
        story = dataclasses.replace(
            story, events=(*story.events, bed), lanes=(Lane(1, gain_db=-9.0),)
        )
        after = with_levels(
            story, {"e1": hiss(2.0), "bed": hiss(2.0, 2)}, natural, SLOW, {"e1", "bed"}
        )
        beside.add(round(after.event("e1").gain_db - after.event("bed").gain_db, 1))
    assert max(beside) - min(beside) < 0.25
