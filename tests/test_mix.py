"""The mix: places, lengths, cross-fades that hold their level, and joins that do not click."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sounding_stories import RATE, noise, sources_of, story_of

from core.errors import AudioFileError, RenderError, StudioError
from core.mix.crossfade import Curve, crossfade_gains
from core.mix.mix import MixSettings, mix, mix_blocks, place_events
from core.mix.sources import ArraySource, FileSource
from core.mix.true_peak import TruePeak, decibels
from core.story.story import Event, Story
from core.story.take import Take

CURVES: tuple[Curve, ...] = ("linear", "equal-power", "s-curve")


def level_db(sound: np.ndarray, window: int) -> np.ndarray:
    """RMS in dB of consecutive windows."""
    whole = sound[: len(sound) // window * window]
    power = np.mean(whole.reshape(-1, window, 2).astype(np.float64) ** 2, axis=(1, 2))
    return 10.0 * np.log10(power)


def raw(rate: int = RATE, **changes: object) -> MixSettings:
    """Without limiter and without spread: what goes in is what comes out."""
    plain = MixSettings(rate, ceiling_db=None, spread=False)
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


def test_the_mix_is_exactly_as_long_as_the_story() -> None:
    story = story_of([1.0, 0.3333, 2.25])
    sound = mix(story, sources_of([1.0, 0.3333, 2.25]), MixSettings(RATE))
    assert sound.shape == (round(story.total * RATE), 2)
    assert sound.dtype == np.float32


@pytest.mark.parametrize("curve", CURVES)
def test_unrelated_noises_keep_their_level_across_a_cross_fade(curve: Curve) -> None:
    story = story_of([6.0, 6.0])
    sources = {"e0": ArraySource(noise(9.0, 1)), "e1": ArraySource(noise(6.0, 2))}
    sound = mix(story, sources, raw(curve=curve))
    levels = level_db(sound[RATE : 11 * RATE], RATE // 4)
    assert np.abs(levels - levels.mean()).max() < 0.5


@pytest.mark.parametrize("curve", CURVES)
def test_identical_material_keeps_its_level_across_a_cross_fade(curve: Curve) -> None:
    whole = noise(12.0, 1)
    story = story_of([6.0, 6.0])
    sources = {
        "e0": ArraySource(whole[:, : 9 * RATE]),
        "e1": ArraySource(whole[:, 6 * RATE :]),
    }
    sound = mix(story, sources, raw(curve=curve))
    expected = np.repeat(whole.T, 2, axis=1)
    inside = slice(RATE, 11 * RATE)
    difference = level_db(sound[inside], RATE // 50) - level_db(expected[inside], RATE // 50)
    assert np.abs(difference).max() < 0.1


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("correlation", [-0.5, 0.0, 0.3, 1.0])
def test_normalised_gains_have_unit_power(curve: Curve, correlation: float) -> None:
    out, into = crossfade_gains(curve, np.linspace(0.001, 0.999, 999), correlation)
    assert np.allclose(out**2 + into**2 + 2 * correlation * out * into, 1.0)
    assert np.allclose(out, into[::-1])


def test_a_cross_fade_shrinks_to_half_of_a_short_next_event() -> None:
    durations = [2.0, 0.2, 2.0]
    placements = place_events(story_of(durations), sources_of(durations, tail=1.0), raw())
    assert placements[0].end - round(2.0 * RATE) == int(0.5 * round(0.2 * RATE))
    assert placements[1].end - round(2.2 * RATE) == RATE


def test_the_exact_mode_is_three_linear_seconds_or_a_hard_cut() -> None:
    story = story_of([4.0, 5.0, 2.0])
    ones = {
        f"e{n}": ArraySource(np.full((1, round(d * RATE)), 0.25, np.float32))
        for n, d in enumerate([7.0, 8.0, 2.0])
    }
    sound = mix(story, ones, MixSettings.exact(RATE))
    assert np.allclose(sound, 0.25, atol=1e-6)
    ones["e1"] = ArraySource(np.zeros((1, 8 * RATE), np.float32))
    sound = mix(story, ones, MixSettings.exact(RATE))[:, 0]
    fade = 0.25 * (1 - (np.arange(3 * RATE) + 0.5) / (3 * RATE))
    assert np.allclose(sound[4 * RATE : 7 * RATE], fade, atol=1e-6)
    assert sound[9 * RATE - 1] == 0.0
    assert sound[9 * RATE] == 0.25


def joins(placements: tuple) -> set[int]:
    """Every frame of the mix at which something begins or ends."""
    found: set[int] = set()
    for p in placements:
        found |= {p.start, p.end}
        found |= {p.start + ramp.frames for ramp in p.rises}
        found |= {p.end - ramp.frames for ramp in p.falls}
    return found


def test_no_click_at_any_join_of_1000_random_timelines() -> None:
    """No step near a join is larger than the largest step inside the sounds that meet there.

    Inside a cross-fade two sounds add up, so there the two largest steps may add up too, weighted
    by gains whose squares sum to one.
    """
    random = np.random.default_rng(11)
    rate = 8000
    pool = np.cumsum(random.standard_normal((4, 6 * rate)), axis=1)
    pool -= np.linspace(0, 1, pool.shape[1]) * pool[:, -1:]
    tones = np.sin(2 * np.pi * np.array([[55.0], [441.0]]) * np.arange(6 * rate) / rate)
    hiss = random.standard_normal((2, 6 * rate))
    pool = np.concatenate([pool / np.abs(pool).max(), 0.7 * tones, 0.2 * hiss]).astype(np.float32)
    for trial in range(1000):
        count = int(random.integers(1, 7))
        durations = [round(float(d), 3) for d in random.uniform(0.1, 1.2, count)]
        tail = float(random.choice([0.0, 0.01, 0.3, 1.0]))
        sources = {}
        for n, duration in enumerate(durations):
            wanted = round((duration + (tail if n < count - 1 else 0.0)) * rate)
            length = max(1, int(wanted * random.choice([1.0, 1.0, 1.0, 0.7, 1.3])))
            at = int(random.integers(0, 6 * rate - length))
            sources[f"e{n}"] = ArraySource(pool[random.integers(len(pool))][None, at : at + length])
        story = story_of(durations)
        chosen = raw(rate, curve=CURVES[trial % 3], block=int(random.integers(100, 5000)))
        sound = mix(story, sources, chosen)
        placements = place_events(story, sources, chosen)
        steps = np.abs(np.diff(np.pad(sound[:, 0], 1)))
        largest = {
            name: float(np.abs(np.diff(s.read(0, s.frames)[:, 0])).max(initial=0.0))
            for name, s in sources.items()
        }
        for frame in joins(placements):
            near = [p for p in placements if p.start - 2 <= frame <= p.end + 2]
            allowed = float(np.sqrt(sum(largest[p.event_id] ** 2 for p in near)))
            worst = float(steps[max(0, frame - 2) : frame + 3].max())
            fade = 0.5 * np.pi / (chosen.declick * rate)
            assert worst <= allowed + fade, (trial, frame)


def test_steps_at_seams_stay_below_the_steps_inside_the_segments() -> None:
    """The rule of the renderer: over 20 stories with real overlaps, nothing sticks out."""
    for seed in range(20):
        random = np.random.default_rng(seed)
        durations = [round(float(d), 3) for d in random.uniform(0.5, 3.0, 5)]
        sources = {
            f"e{n}": ArraySource(noise(d + (n < 4), 10 * seed + n, random.uniform(0.02, 0.2)))
            for n, d in enumerate(durations)
        }
        story = story_of(durations)
        sound = mix(story, sources, MixSettings(RATE))
        steps = np.abs(np.diff(sound, axis=0)).max(axis=1)
        inside = max(
            float(np.abs(np.diff(s.read(0, s.frames), axis=0)).max()) for s in sources.values()
        )
        for event in story.sequence[1:]:
            seam = round(event.start * RATE)
            assert steps[seam - 50 : seam + 50].max() <= inside


@given(
    durations=st.lists(st.floats(0.1, 1.5), min_size=1, max_size=6),
    tail=st.floats(0.0, 1.5),
    block=st.integers(50, 20_000),
    lengths=st.lists(st.floats(0.0, 2.0), min_size=6, max_size=6),
)
def test_any_timeline_mixes_to_its_length_whatever_the_block(
    durations: list[float], tail: float, block: int, lengths: list[float]
) -> None:
    durations = [round(d, 3) for d in durations]
    story = story_of(durations)
    rate = 2000
    sources = {
        f"e{n}": ArraySource(np.full((1, int((d + tail) * lengths[n] * rate)), 0.1, np.float32))
        for n, d in enumerate(durations)
    }
    one = mix(story, sources, raw(rate))
    other = np.concatenate(list(mix_blocks(story, sources, raw(rate, block=block))))
    assert one.shape == (round(story.total * rate), 2)
    assert np.array_equal(one, other)
    assert np.isfinite(one).all()
    assert np.abs(one).max() <= 0.1 * np.sqrt(2.0) + 1e-6


def test_gain_pan_fades_and_layers() -> None:
    above = Event("a", "bell", 1.0, 1.0, layer=2, gain_db=-6.0, pan=1.0, fade_in=0.5)
    story = story_of([3.0], [above])
    ones = {
        "e0": ArraySource(np.zeros((1, 3 * RATE), np.float32)),
        "a": ArraySource(np.full((1, RATE), 0.5, np.float32)),
    }
    sound = mix(story, ones, raw(curve="linear"))
    assert np.abs(sound[:, 0]).max() < 1e-6
    gain = 10 ** (-6 / 20) * np.sqrt(2) * 0.5
    assert np.allclose(sound[round(1.25 * RATE), 1], gain / 2, atol=1e-4)
    assert np.allclose(sound[round(1.6 * RATE), 1], gain, atol=1e-6)
    assert sound[2 * RATE + 1, 1] == 0.0


def test_a_stereo_take_keeps_its_sides_and_is_balanced_not_summed() -> None:
    sound = np.stack([np.full(RATE, 0.5), np.full(RATE, 0.25)]).astype(np.float32)
    for pan, expected in ((0.0, (0.5, 0.25)), (-1.0, (0.5, 0.0)), (1.0, (0.0, 0.25))):
        story = Story("t", 1.0, 1, "tiny", "", (Event("e", "x", 0.0, 1.0, pan=pan),))
        middle = mix(story, {"e": ArraySource(sound)}, raw())[RATE // 2]
        assert np.allclose(middle, expected, atol=1e-6)


def test_a_fade_out_ends_with_the_event_and_leaves_no_tail() -> None:
    events = (Event("a", "x", 0.0, 2.0, fade_out=1.0), Event("b", "y", 2.0, 1.0))
    story = Story("t", 3.0, 1, "tiny", "", events)
    sources = {"a": ArraySource(noise(3.0, 1)), "b": ArraySource(np.zeros((1, RATE), np.float32))}
    sound = mix(story, sources, raw())
    assert np.abs(sound[2 * RATE :]).max() == 0.0
    assert np.abs(sound[round(1.999 * RATE) : 2 * RATE]).max() < 0.01


def test_the_tail_that_the_take_was_made_with_bounds_the_cross_fade() -> None:
    take = Take("k", None, "x", 2.0, 0.5, 1, 1, 1.0, "tiny", "w")
    event = Event("a", "x", 0.0, 1.0, takes=(take,), chosen="k")
    story = Story("t", 3.0, 1, "tiny", "", (event, Event("b", "y", 1.0, 2.0)))
    sources = {"a": ArraySource(noise(2.5, 1)), "b": ArraySource(noise(2.0, 2))}
    assert place_events(story, sources, raw())[0].end == round(1.5 * RATE)


def test_a_sound_shorter_than_its_short_fades_rises_for_half_and_falls_for_half() -> None:
    (placed,) = place_events(
        story_of([1.0]), {"e0": ArraySource(noise(0.004, 1))}, raw(declick=0.01)
    )
    assert placed.frames == round(0.004 * RATE)
    ramps = [ramp.frames for ramp in (*placed.rises, *placed.falls)]
    assert ramps == [placed.frames // 2] * 2


def test_events_without_sound_are_silent_and_their_neighbours_fade() -> None:
    story = story_of([1.0, 1.0, 1.0])
    sources = sources_of([1.0, 1.0, 1.0])
    del sources["e1"]
    sound = mix(story, sources, raw())
    assert np.abs(sound[round(1.6 * RATE) : 2 * RATE]).max() == 0.0
    assert np.abs(sound[round(1.1 * RATE) : round(1.2 * RATE)]).max() > 0.0


def test_peaks_stay_under_the_ceiling_and_quiet_sound_is_untouched() -> None:
    story = story_of([1.0, 1.0])
    loud = mix(story, sources_of([1.0, 1.0], level=0.6), MixSettings(RATE))
    meter = TruePeak()
    meter.add(loud)
    assert np.abs(loud).max() <= 10 ** (-1 / 20)
    assert decibels(meter.value) <= -1.0
    quiet = sources_of([1.0, 1.0], level=0.05)
    untouched = mix(story, quiet, raw(spread=True))
    assert np.array_equal(mix(story, quiet, MixSettings(RATE)), untouched)


def test_the_same_story_gives_the_same_bits() -> None:
    durations = [1.0, 0.4, 1.0]
    first, second = (
        mix(story_of(durations), sources_of(durations, level=0.5), MixSettings(RATE))
        for _ in range(2)
    )
    assert first.tobytes() == second.tobytes()


def test_damaged_samples_are_an_error_and_not_a_silent_file() -> None:
    broken = noise(1.0, 1)
    broken[0, 5000] = np.nan
    with pytest.raises(RenderError, match="render it again"):
        mix(story_of([1.0]), {"e0": ArraySource(broken)}, MixSettings(RATE))


def test_files_that_cannot_be_mixed_say_so(tmp_path) -> None:
    import soundfile

    (tmp_path / "text.flac").write_text("not a sound")
    soundfile.write(tmp_path / "slow.flac", np.zeros(800), 8000)
    soundfile.write(tmp_path / "wide.wav", np.zeros((100, 3)), RATE)
    for name in ("text.flac", "missing.flac", "slow.flac", "wide.wav"):
        with pytest.raises(StudioError) as caught:
            FileSource(tmp_path / name, RATE)
        assert isinstance(caught.value, AudioFileError)
        assert str(caught.value).endswith((".", "again."))


def test_a_file_and_an_array_mix_alike(tmp_path) -> None:
    import soundfile

    sound = noise(2.0, 1, channels=2)
    soundfile.write(tmp_path / "take.wav", sound.T, RATE, subtype="FLOAT")
    story = story_of([2.0])
    from_file = mix(story, {"e0": FileSource(tmp_path / "take.wav", RATE)}, raw(block=999))
    assert np.array_equal(from_file, mix(story, {"e0": ArraySource(sound)}, raw()))
