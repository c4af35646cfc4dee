"""The codec of two resolutions: what its levels keep, what its components leave, what it draws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from core.codec.crossover import CODEC_RATE, DECIMATION, divide, resample
from core.codec.levels import (
    BIN_HZ,
    PATCH_SAMPLES,
    Grain,
    Levels,
    measure_levels,
    synthesise_levels,
)
from core.codec.time_envelope import impose_envelope, measure_envelope
from core.codec.two_resolution import (
    POWER,
    TwoResolutionCodec,
    moving_band_of_bin,
    restore,
    scattered,
    spectrum_and_movement,
)
from core.errors import WeightsError
from core.evaluation.codec_probes import CODEC_PROBES, Probe
from core.training.fit_two_resolution import fit_levels

ALLOWED = {
    "click attack": (0.0, 3.0),
    "noise modulated at 70 Hz": (-6.2, 0.0),
    "noise modulated at 30 Hz": (-6.1, 0.0),
    "flutter of 440 Hz": (0.0, 1.0),
    "level of 3 kHz": (-16.1, -14.1),
    "sword, peak to noise": (42.0, 60.0),
    "fire, attack": (0.0, 3.0),
    "fire, crest": (32.0, 39.0),
}
"""What the probes may measure after the levels alone were kept."""


def noise(seconds: float, seed: int = 0) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(round(seconds * CODEC_RATE), generator=draw)


def tone(hertz: float, seconds: float = 1.0) -> Tensor:
    return 0.2 * torch.sin(
        2 * torch.pi * hertz * torch.arange(round(seconds * CODEC_RATE)) / CODEC_RATE
    )


def rough(hertz: float, seed: int) -> Tensor:
    times = torch.arange(CODEC_RATE) / CODEC_RATE
    return noise(1.0, seed) * (1 + torch.cos(2 * torch.pi * hertz * times))


def grain(patches: int, seed: int = 0) -> Grain:
    return Grain.drawn(patches, torch.Generator().manual_seed(seed))


def db(power: Tensor) -> float:
    return float(10 * torch.log10(power))


@pytest.fixture(scope="module")
def codec() -> TwoResolutionCodec:
    """Fitted on a minute of noises and tones."""
    sounds = [noise(2.0, seed) * 10 ** (-seed / 10) for seed in range(8)]
    sounds += [tone(220.0 * 2 ** (k / 3)) * 10 ** (-(k % 5) / 5) for k in range(18)]
    sounds += [rough(10.0 * 2 ** (k / 2), k) for k in range(8)]
    levels = [measure_levels(sound) for sound in sounds]
    return TwoResolutionCodec(fit_levels(levels, spectrum=24, movement=24))


def test_both_parts_of_a_sound_add_up_to_it() -> None:
    sound = noise(40 * PATCH_SAMPLES / CODEC_RATE)
    low, high = divide(sound)
    assert len(low) == len(sound) // DECIMATION
    assert torch.allclose(resample(low, len(sound)) + high, sound, atol=1e-5)
    assert db(high.square().mean() / sound.square().mean()) == pytest.approx(-0.2, abs=0.1)


@pytest.mark.parametrize(("hertz", "part"), [(430.7, "low"), (4306.6, "high")])
def test_a_full_scale_sine_has_the_level_one_half(hertz: float, part: str) -> None:
    levels = measure_levels(5.0 * tone(hertz))
    assert float(getattr(levels, part).max()) == pytest.approx(0.5, rel=0.03)


def test_the_bins_of_the_low_part_are_those_of_its_frequencies() -> None:
    strongest = measure_levels(tone(10 * BIN_HZ)).low.mean((0, 1)).argmax()
    assert int(strongest) == 10


def test_an_imposed_envelope_is_measured() -> None:
    _, high = divide(noise(40 * PATCH_SAMPLES / CODEC_RATE, seed=1))
    wanted = measure_envelope(divide(rough(20.0, 2)[: 20 * PATCH_SAMPLES])[1])
    made = measure_envelope(impose_envelope(high[: 20 * PATCH_SAMPLES], wanted, rounds=4))
    distance = 20 * torch.log10((made + 1e-4) / (wanted + 1e-4))
    assert float(distance.abs().mean()) < 1.0


@pytest.mark.parametrize("probe", CODEC_PROBES, ids=lambda probe: probe.name)
def test_levels_alone_keep_attacks_roughness_and_tones(probe: Probe) -> None:
    sound = torch.from_numpy(probe.make(CODEC_RATE))
    levels = measure_levels(sound)
    made = synthesise_levels(levels, grain(len(levels.low)), rounds=8, gains=2)
    low, high = ALLOWED[probe.name]
    assert low <= probe.measure(made[: len(sound)].numpy(), CODEC_RATE) <= high


def test_a_described_patch_keeps_the_level_of_every_bin_and_the_course_of_every_band() -> None:
    levels = measure_levels(rough(30.0, 3))
    again = restore(*spectrum_and_movement(levels))
    for part in ("low", "high", "envelope"):
        before, after = getattr(levels, part), getattr(again, part)
        ratio = (after.square().mean(1) / before.square().mean(1)).sqrt()
        assert torch.allclose(ratio, torch.ones_like(ratio), atol=0.02), part
    assert torch.allclose(again.envelope, levels.envelope, rtol=0.02, atol=1e-4)
    band = moving_band_of_bin() == 20
    before = levels.high[:, :, band].square().mean(2).sqrt()
    after = again.high[:, :, band].square().mean(2).sqrt()
    assert torch.allclose(after / after.mean(1, True), before / before.mean(1, True), atol=0.03)


def test_levels_are_right_although_no_movement_is_kept() -> None:
    levels = measure_levels(rough(40.0, 4))
    spectrum, movement = spectrum_and_movement(levels)
    still = restore(spectrum, torch.zeros_like(movement))
    assert db(still.high.square().mean() / levels.high.square().mean()) == pytest.approx(0, abs=0.1)
    assert torch.allclose(still.envelope, still.envelope.mean(1, keepdim=True).expand(-1, 32, -1))


def test_a_steady_tone_is_coded_as_one_that_does_not_move(codec: TwoResolutionCodec) -> None:
    latents = codec.encode(tone(1000.0)[None, None])[0, 4:-4]
    course = codec.fit.levels(latents).envelope[:, :, 0].flatten()
    assert 20 * float(torch.log10(course.max() / course.min())) < 1.5


def test_noise_is_held_for_noise_and_a_tone_is_not(codec: TwoResolutionCodec) -> None:
    hiss = codec.fit.noisiness(codec.encode(noise(1.0, seed=20)[None, None])[0, 2:-2])
    bell = codec.fit.noisiness(codec.encode(tone(1500.0)[None, None])[0, 2:-2])
    strongest = int(measure_levels(tone(1500.0)).high.mean((0, 1)).argmax())
    assert float(hiss.high[:, :, strongest].mean()) > 0.8
    assert float(bell.high[:, :, strongest].mean()) < 0.5


def test_noise_comes_back_at_its_level_and_as_noise(codec: TwoResolutionCodec) -> None:
    sound = noise(2.0, seed=21)
    made = codec.decode(codec.encode(sound[None, None]), 0)[0, 0]
    inner = made[PATCH_SAMPLES:-PATCH_SAMPLES]
    assert db(inner.square().mean() / sound.square().mean()) == pytest.approx(0.0, abs=1.0)
    kurtosis = float(inner.pow(4).mean() / inner.square().mean().square())
    assert kurtosis == pytest.approx(3.0, abs=0.3)


def test_what_a_recording_of_a_low_rate_lacks_is_expected_as_in_sounds_alike(
    codec: TwoResolutionCodec,
) -> None:
    """White noise of which nothing above 5 kHz was recorded has its hiss again; what lies below
    stays as it is."""
    whole = noise(2.0, seed=22)
    spectrum = torch.fft.rfft(whole)
    spectrum[round(2.0 * 5000) :] = 0.0
    dull = torch.fft.irfft(spectrum, n=len(whole))

    def loud(latents: Tensor, from_hz: float, to_hz: float) -> float:
        made = codec.decode(latents, 0)[0, 0]
        power = torch.fft.rfft(made).abs().square()
        return db(power[round(2.0 * from_hz) : round(2.0 * to_hz)].mean())

    wanted = codec.encode(whole[None, None])
    taken, restored = codec.encode(dull[None, None]), codec.encode_below(dull[None, None], 4900.0)
    assert loud(taken, 7000, 14000) < loud(wanted, 7000, 14000) - 6.0
    assert loud(restored, 7000, 14000) == pytest.approx(loud(wanted, 7000, 14000), abs=3.0)
    assert loud(restored, 1500, 4500) == pytest.approx(loud(wanted, 1500, 4500), abs=1.5)


def test_nothing_is_restored_of_a_recording_that_lacks_nothing(codec: TwoResolutionCodec) -> None:
    sound = rough(20.0, 9)[None, None]
    there, again = codec.encode(sound), codec.encode_below(sound, CODEC_RATE / 2)
    strong = codec.fit.spectrum.deviation > 10 * codec.fit.spectrum.deviation[-1]
    first = torch.arange(len(strong))[strong]
    torch.testing.assert_close(again[..., first], there[..., first], rtol=0.02, atol=0.02)


def test_silence_stays_silence(codec: TwoResolutionCodec) -> None:
    made = codec.decode(codec.encode(torch.zeros(1, 1, CODEC_RATE)), 0)
    assert db(made.square().mean() + 1e-12) < -60.0


def test_an_item_sounds_the_same_whatever_is_beside_it(codec: TwoResolutionCodec) -> None:
    both = codec.encode(torch.stack([noise(1.0, 1), tone(700.0)])[:, None])
    alone = codec.decode(both[1:], 7)
    assert torch.equal(codec.decode(both, [3, 7])[1:], alone)
    assert not torch.equal(codec.decode(both[1:], 8), alone)
    with pytest.raises(ValueError, match="2 items need as many seeds"):
        codec.decode(both, [1])


def test_a_saved_codec_decodes_to_the_same_bits(codec: TwoResolutionCodec, tmp_path: Path) -> None:
    codec.save(tmp_path / "codec.safetensors")
    stored = TwoResolutionCodec.load(tmp_path / "codec.safetensors")
    stored.save(tmp_path / "again.safetensors")
    again = TwoResolutionCodec.load(tmp_path / "again.safetensors")
    latents = stored.encode(rough(25.0, 5)[None, None])
    assert torch.equal(stored.decode(latents, 1), again.decode(latents, 1))
    assert float((codec.encode(rough(25.0, 5)[None, None]) - latents).abs().max()) < 0.05
    assert stored.latent_channels == 48
    assert float(stored.channel_weights().mean()) == pytest.approx(1.0)


@pytest.mark.parametrize("content", [b"", b"not a codec"])
def test_a_damaged_file_is_refused_in_a_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "codec.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="fit it again"):
        TwoResolutionCodec.load(path)


def test_levels_scatter_around_their_mean_square() -> None:
    """Noise whose scatter is drawn twice keeps its level."""
    drawn: Levels = grain(200).scatter()
    assert float(drawn.low.square().mean()) == pytest.approx(1.0, abs=0.05)
    assert float(drawn.high.square().mean()) == pytest.approx(1.0, abs=0.05)
    assert np.isfinite(float((drawn.high**POWER).mean()))


def test_what_is_drawn_moves_no_level_of_a_patch_and_scatters_within_it() -> None:
    levels = measure_levels(rough(30.0, 6))
    drawn = scattered(levels, grain(len(levels.low)).scatter(), levels.map(torch.ones_like))
    band = moving_band_of_bin()
    within = band == 20
    for before, after, over in (
        (levels.low, drawn.low, 1),
        (levels.high[:, :, within], drawn.high[:, :, within], (1, 2)),
        (levels.envelope, drawn.envelope, 1),
    ):
        assert torch.allclose(after.square().mean(over), before.square().mean(over), rtol=1e-3)
    distance = 20 * torch.log10(drawn.high / levels.high)
    assert 1.0 < float(distance.std()) < 5.0
