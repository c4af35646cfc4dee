"""What the codecs promise: exact lengths, kept levels, noise, tones and silence that stay so."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import soundfile
import torch
from diffusers import AutoencoderOobleck
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map_only

from core.codec.griffin_lim import Stft, find_phases
from core.codec.linear import LinearCodec
from core.codec.oobleck import TILE, OobleckCodec
from core.codec.patches import BINS, FULL, HOP, NOISE_BANDS, WINDOW
from core.errors import AudioFileError, WeightsError
from core.training import fit_codec

FITTED = Path(__file__).parent.parent / "assets" / "pocket" / "codec.safetensors"
RATE = 44100


@pytest.fixture(scope="module")
def codec() -> LinearCodec:
    return LinearCodec.load(FITTED)


def noise(seconds: float, level: float, seed: int = 0) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    return level * torch.randn(round(seconds * RATE), generator=draw)


def tone(seconds: float, hertz: float, level: float) -> Tensor:
    return level * torch.sin(2 * math.pi * hertz * torch.arange(round(seconds * RATE)) / RATE)


def decibels(waveform: Tensor) -> float:
    return 20 * math.log10(waveform.square().mean().sqrt().item() + 1e-12)


def through(codec: LinearCodec, waveform: Tensor, seed: int = 0) -> Tensor:
    decoded = codec.decode(codec.encode(waveform[None, None]), seed)
    return decoded[0, 0, : len(waveform)]


def spectrum(waveform: Tensor) -> Tensor:
    """Mean power (1025,)."""
    whole = waveform[: len(waveform) // HOP * HOP]
    return FULL.forward(whole).abs().square().mean(0)


@pytest.mark.parametrize("window", [512, 2048])
def test_the_transform_inverts_itself_away_from_the_ends(window: int) -> None:
    stft = Stft(window)
    waveform = noise(1, 0.1)[: 40 * stft.hop]
    again = stft.inverse(stft.forward(waveform))
    inside = slice(window, -window)
    assert (again - waveform)[inside].abs().max() < 1e-6


def test_griffin_lim_finds_phases_that_belong_together() -> None:
    stft = Stft(512)
    magnitudes = stft.forward(noise(1, 0.1)[: 300 * stft.hop]).abs()
    start = torch.randn(magnitudes.shape, dtype=torch.complex64, generator=torch.manual_seed(1))

    def inconsistency(rounds: int) -> float:
        spectra = find_phases(stft, magnitudes, start, rounds)
        error = stft.forward(stft.inverse(spectra)).abs() - magnitudes
        return 20 * math.log10((error.norm() / magnitudes.norm()).item())

    assert inconsistency(16) < -15 < -10 < inconsistency(0)


def test_bands_cover_every_bin_above_the_linear_ones_once() -> None:
    edges = NOISE_BANDS.edges
    assert edges[0] == BINS
    assert edges[-1] == WINDOW // 2 + 1
    assert all(a < b for a, b in pairwise(edges))


@pytest.mark.parametrize("samples", [1, 2048, 2049, 44100])
def test_length_is_whole_latent_frames_that_cover_the_sound(
    codec: LinearCodec, samples: int
) -> None:
    frames = codec.frames(samples / RATE)
    latents = codec.encode(noise(2, 0.1)[None, None, :samples])
    assert latents.shape == (1, frames, 64)
    assert codec.decode(latents, 0).shape == (1, 1, frames * 2048)
    assert (frames - 1) * 2048 < samples <= frames * 2048


@pytest.mark.parametrize("level", [0.001, 0.03, 0.3])
def test_noise_stays_noise_at_its_own_level(codec: LinearCodec, level: float) -> None:
    waveform = noise(2, level)
    decoded = through(codec, waveform)
    power = spectrum(decoded)
    flatness = power.log().mean().exp() / power.mean()
    assert abs(decibels(decoded) - decibels(waveform)) < 1
    assert flatness > 0.85


@pytest.mark.parametrize("hertz", [220.0, 440.0, 1000.0])
def test_a_tone_stays_a_tone(codec: LinearCodec, hertz: float) -> None:
    waveform = tone(2, hertz, 0.3)
    decoded = through(codec, waveform)
    power = spectrum(decoded)
    peak = int(power.argmax())
    beside = power.sum() - power[peak - 3 : peak + 4].sum()
    assert abs(peak * RATE / WINDOW - hertz) < RATE / WINDOW
    assert 10 * math.log10((beside / power.sum()).item()) < -20
    # One bin carries all of a steady tone, so its level moves with the seed: at 1 kHz by +0.6 to
    # +3.4 dB over five seeds of the shipped fit.
    assert abs(decibels(decoded) - decibels(waveform)) < 4


def test_silence_stays_silence(codec: LinearCodec) -> None:
    assert decibels(through(codec, torch.zeros(RATE))) < -90


def test_sound_before_silence_does_not_leak_into_it(codec: LinearCodec) -> None:
    waveform = noise(2, 0.1)
    waveform[RATE:] = 0
    decoded = through(codec, waveform)
    assert abs(decibels(decoded[: RATE - 4096]) + 20) < 1
    assert decibels(decoded[RATE + 4096 :]) < -90


def test_a_click_stays_short(codec: LinearCodec) -> None:
    waveform = torch.zeros(RATE)
    waveform[RATE // 2 : RATE // 2 + 44] = 0.5
    energy = through(codec, waveform).square()
    near = energy[RATE // 2 - 1102 : RATE // 2 + 1102].sum()
    assert near / energy.sum() > 0.9


def test_the_same_seed_gives_the_same_bits_and_another_seed_other_sound(
    codec: LinearCodec,
) -> None:
    latents = codec.encode(noise(1, 0.1)[None, None])
    first = codec.decode(latents, 7)
    assert torch.equal(first, codec.decode(latents, 7))
    assert not torch.allclose(first, codec.decode(latents, 8), atol=1e-2)


def test_an_item_sounds_the_same_whatever_is_beside_it(codec: LinearCodec) -> None:
    latents = codec.encode(torch.stack([noise(1, 0.1), tone(1, 300, 0.2)]).unsqueeze(1))
    both = codec.decode(latents, [3, 4])
    assert torch.equal(both[1:], codec.decode(latents[1:], [4]))
    assert torch.equal(both[:1], codec.decode(latents[:1], 3))


def test_every_item_needs_its_seed(codec: LinearCodec) -> None:
    with pytest.raises(ValueError, match="seeds"):
        codec.decode(torch.zeros(2, 3, 64), [1])


class OnCard(Tensor):
    """A tensor that, as on a graphics card, refuses to be computed with what lies elsewhere."""

    values: Tensor

    @staticmethod
    def __new__(cls, values: Tensor) -> OnCard:
        made = Tensor._make_wrapper_subclass(cls, values.shape, dtype=values.dtype, device="meta")
        made.values = values
        return made

    @classmethod
    def __torch_dispatch__(cls, op: Callable, types: object, args: Any = (), kwargs: Any = None):
        kwargs = kwargs or {}
        if any(type(leaf) is Tensor for leaf in tree_leaves((args, kwargs))):
            raise RuntimeError("Expected all tensors to be on the same device.")
        args, kwargs = tree_map_only(cls, lambda tensor: tensor.values, (args, kwargs))
        result = op(*args, **kwargs)
        fetched = kwargs.get("device") == torch.device("cpu")
        return result if fetched else tree_map_only(Tensor, cls, result)


def test_latents_on_a_graphics_card_are_decoded_as_on_the_processor(codec: LinearCodec) -> None:
    latents = codec.encode(noise(0.2, 0.1)[None, None])
    with pytest.raises(RuntimeError, match="same device"):
        codec.fit.latents(OnCard(codec.fit.mean))
    assert torch.equal(codec.decode(OnCard(latents), 7), codec.decode(latents, 7))
    assert torch.equal(
        codec.decode(OnCard(latents.half()), 7), codec.decode(latents.half().float(), 7)
    )


def test_a_saved_codec_decodes_to_the_same_bits(codec: LinearCodec, tmp_path: Path) -> None:
    codec.save(tmp_path / "codec.safetensors")
    again = LinearCodec.load(tmp_path / "codec.safetensors")
    latents = codec.encode(noise(0.5, 0.1)[None, None])
    assert torch.equal(codec.decode(latents, 1), again.decode(latents, 1))
    assert [p.name for p in tmp_path.iterdir()] == ["codec.safetensors"]


def test_damaged_and_missing_codecs_are_refused_in_one_sentence(tmp_path: Path) -> None:
    damaged = tmp_path / "codec.safetensors"
    damaged.write_bytes(FITTED.read_bytes()[:1000])
    for path in (damaged, tmp_path / "nowhere.safetensors"):
        with pytest.raises(WeightsError, match="Cannot read the codec"):
            LinearCodec.load(path)


def corpus(folder: Path) -> Path:
    """A corpus of noise and tones, with clips that must not be fitted on."""
    rows = []
    for i in range(6):
        name = f"{i}.wav"
        waveform = noise(2, 0.2, i) if i % 2 else tone(2, 200.0 * (i + 1), 0.2)
        soundfile.write(folder / name, waveform.numpy(), RATE)
        split, rate = ("test", RATE) if i == 4 else ("train", 22050 if i == 5 else RATE)
        kind = f'"class": "{"rain" if i % 2 else "alarm"}", "kind": "synthesised"'
        rows.append(f'{{"path": "{name}", {kind}, "split": "{split}", "sample_rate": {rate}}}')
    manifest = folder / "manifest.jsonl"
    manifest.write_text("\n".join(rows))
    return manifest


def test_fitting_is_deterministic_and_its_latents_are_white(tmp_path: Path) -> None:
    manifest = corpus(tmp_path)
    first = fit_codec.fit_linear_codec(
        manifest, tmp_path / "a.safetensors", channels=16, patches=600
    )
    fit_codec.fit_linear_codec(manifest, tmp_path / "b.safetensors", channels=16, patches=600)
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    latents = first.fit.latents(torch.cat(list(fit_codec.pieces(manifest, 600, 0))))
    assert (latents.mean(0).abs() < 0.05).all()
    assert ((latents.std(0) - 1).abs() < 0.05).all()


def test_fitting_leaves_out_held_out_and_upsampled_clips(tmp_path: Path) -> None:
    rows = fit_codec.full_band_clips(corpus(tmp_path))
    assert [r["path"] for r in rows] == ["0.wav", "1.wav", "2.wav", "3.wav"]


def test_fitting_on_nothing_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "manifest.jsonl").write_text("")
    with pytest.raises(AudioFileError, match="build the corpus first"):
        fit_codec.fit_linear_codec(tmp_path / "manifest.jsonl", tmp_path / "codec.safetensors")


def test_a_decoded_sound_has_the_latents_it_was_decoded_from(codec: LinearCodec) -> None:
    latents = codec.encode((noise(2, 0.1) + tone(2, 440, 0.1))[None, None])
    once = LinearCodec(codec.fit)
    once.passes = 1
    errors = [
        (c.encode(c.decode(latents, 0)) - latents).square().mean().sqrt() for c in (codec, once)
    ]
    assert errors[0] < 0.9 * errors[1]


def small_oobleck() -> OobleckCodec:
    torch.manual_seed(0)
    return OobleckCodec(
        AutoencoderOobleck(
            encoder_hidden_size=16,
            downsampling_ratios=[2, 4],
            channel_multiples=[1, 2],
            decoder_channels=8,
            decoder_input_channels=8,
        )
    )


def test_oobleck_keeps_shapes_and_needs_no_seed() -> None:
    codec = small_oobleck()
    assert (codec.sample_rate, codec.hop, codec.latent_channels, codec.audio_channels) == (
        RATE,
        8,
        8,
        2,
    )
    waveform = noise(0.02, 0.1).expand(1, 2, -1)
    latents = codec.encode(waveform)
    assert latents.shape == (1, codec.frames(0.02), 8)
    decoded = codec.decode(latents, 0)
    assert decoded.shape == (1, 2, codec.frames(0.02) * 8)
    assert torch.equal(decoded, codec.decode(latents, [5]))
    codec.autoencoder.double()
    for precise, first in ((codec.encode(waveform), latents), (codec.decode(latents, 0), decoded)):
        assert precise.dtype == torch.float32
        assert torch.allclose(precise, first, atol=1e-3)


def test_oobleck_decodes_one_item_at_a_time_so_that_a_batch_takes_no_more_memory() -> None:
    codec = small_oobleck()
    together: list[int] = []
    codec.autoencoder.decoder.register_forward_pre_hook(lambda _, x: together.append(len(x[0])))
    latents = torch.randn(3, TILE + 5, 8)
    decoded = codec.decode(latents, 0)
    assert together == [1] * 6
    alone = torch.cat([codec.decode(item[None], 0) for item in latents])
    assert torch.equal(decoded, alone)
