"""The codec of two resolutions: components of a patch's spectrum beside those of its movement.

Magnitudes enter as |S|^0.3. A patch is described in two parts:

- its *spectrum*, the RMS of each level over the patch: levels are right whatever else is lost, and
  a steady tone is steady, since nothing else moves;
- its *movement*, what the frames and steps of the patch differ from that, in 36 bands.

Each has principal components of its own. What they leave out is drawn when decoding, as the scatter
of noise to a power that depends on the latents: 1 in rain, near 0 in a bell.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from core.codec.codec import Codec, decode_apart
from core.codec.crossover import CODEC_RATE
from core.codec.levels import (
    BIN_HZ,
    HIGH_BINS,
    LOW_BINS,
    PATCH_FRAMES,
    PATCH_SAMPLES,
    PATCH_STEPS,
    Grain,
    Levels,
    high_edges_hz,
    measure_levels,
    synthesise_levels,
)
from core.codec.time_envelope import ENVELOPE_BANDS, ENVELOPE_TOPS_HZ
from core.errors import WeightsError
from core.files import atomic_path

TWO_RESOLUTION_FORMAT = "audiostory-two-resolution-codec-1"
POWER = 0.3
"""Exponent of magnitudes. In logarithms, components are spent on how deep a silence is."""
MOVING_BANDS = 36
"""Bands between 0.9 and 22 kHz in which the frames of a patch may differ."""
SPECTRUM = LOW_BINS + HIGH_BINS + ENVELOPE_BANDS
MOVEMENT = PATCH_FRAMES * (LOW_BINS + MOVING_BANDS) + PATCH_STEPS * ENVELOPE_BANDS
SCATTERING = LOW_BINS + MOVING_BANDS + ENVELOPE_BANDS
"""Numbers that say how far each bin or band is noise."""
HEARING_EXPONENT = 0.35
"""Of a bin's share of the mel scale: its weight among the components."""
ENVELOPE_WEIGHT = 6.0
"""Of the time envelope among the components: with 2, a click of 1 ms takes 5.2 ms to rise, with 4,
1.9 ms; with 6 a fire's crest is within 3 dB."""
DRAWN = 0.5
"""Of a level's scatter: the part that is drawn anew when decoding. All of it adds an error to what
the components kept (log-spectral distance 2.54 instead of 2.44 dB), none of it leaves hits too
smooth (a fire's crest 0.6 dB lower)."""
_QUIET = 1e-5
"""Least level in the power domain: -333 dB would be none."""


def hearing_weights() -> tuple[Tensor, Tensor]:
    """Weights of the low bins (27,) and the high bins and bands (260,)."""
    low = _mel_widths([k * BIN_HZ for k in range(LOW_BINS + 1)])
    high = _mel_widths(high_edges_hz())
    return (low / high.mean()) ** HEARING_EXPONENT, (high / high.mean()) ** HEARING_EXPONENT


def _mel_widths(edges: Sequence[float]) -> Tensor:
    return torch.log1p(torch.tensor(edges) / 700.0).diff()


@lru_cache(maxsize=1)
def moving_band_of_bin() -> Tensor:
    """The band (260,), 0 to 35, that each number of the high part moves with."""
    edges = high_edges_hz()
    centres = torch.tensor([(a + b) / 2 for a, b in pairwise(edges)])
    inner = torch.logspace(math.log10(edges[0]), math.log10(edges[-1]), MOVING_BANDS + 1)[1:-1]
    band: Tensor = torch.unique(torch.bucketize(centres, inner), return_inverse=True)[1]
    return band


def _band_rms(high: Tensor) -> Tensor:
    """RMS (..., bands) over the bins of each moving band of powered levels (..., 260)."""
    band = moving_band_of_bin()
    power = high ** (2 / POWER)
    total = torch.zeros(*high.shape[:-1], MOVING_BANDS).index_add_(-1, band, power)
    return (total / torch.bincount(band, minlength=MOVING_BANDS)) ** (POWER / 2)


def _rms(moving: Tensor) -> Tensor:
    """RMS (T, n) over the frames of powered levels (T, frames, n)."""
    return (moving ** (2 / POWER)).mean(1) ** (POWER / 2)


def _shape(moving: Tensor) -> Tensor:
    """Linear courses (T, frames, n) of unit RMS, of powered levels."""
    linear = moving.clamp_min(_QUIET) ** (1 / POWER)
    return linear / linear.square().mean(1, keepdim=True).sqrt()


def spectrum_and_movement(levels: Levels) -> tuple[Tensor, Tensor]:
    """Spectrum (T, 294) and movement (T, 728) of the patches of some levels, weighted."""
    powered = levels.map(lambda x: x**POWER)
    low_weight, high_weight = hearing_weights()
    low, high, envelope = _rms(powered.low), _rms(powered.high), _rms(powered.envelope)
    spectrum = [low * low_weight, high * high_weight, envelope * ENVELOPE_WEIGHT]
    bands = _band_rms(powered.high)
    moving = [
        (powered.low - low[:, None]) * low_weight,
        (bands - _rms(bands)[:, None]) * _band_weights(),
        (powered.envelope - envelope[:, None]) * ENVELOPE_WEIGHT,
    ]
    return torch.cat(spectrum, 1), torch.cat([_mean_square_one(x) for x in moving], 1)


def observed_below(limit_hz: float) -> tuple[Tensor, Tensor]:
    """Which numbers of spectrum (294,) and movement (728,) lie wholly below a frequency."""
    low = torch.arange(1, LOW_BINS + 1) * BIN_HZ <= limit_hz
    high = torch.tensor(high_edges_hz()[1:]) <= limit_hz
    envelope = torch.tensor(ENVELOPE_TOPS_HZ) <= limit_hz
    above = torch.zeros(MOVING_BANDS, dtype=torch.long)
    bands = above.index_add_(0, moving_band_of_bin(), (~high).long()) == 0
    moving = [low.repeat(PATCH_FRAMES), bands.repeat(PATCH_FRAMES), envelope.repeat(PATCH_STEPS)]
    return torch.cat([low, high, envelope]), torch.cat(moving)


def _mean_square_one(moving: Tensor) -> Tensor:
    """(T, frames * n), so that a sum of squares is a mean over the frames."""
    return moving.flatten(1) / math.sqrt(moving.shape[1])


def _band_weights() -> Tensor:
    """(36,): a band stands for its bins."""
    band, (_, high) = moving_band_of_bin(), hearing_weights()
    count = torch.bincount(band, minlength=MOVING_BANDS)
    mean = torch.zeros(MOVING_BANDS).index_add_(0, band, high) / count
    return mean * count.sqrt()


def restore(spectrum: Tensor, movement: Tensor) -> Levels:
    """The levels of T patches, from spectrum (T, 294) and movement (T, 728)."""
    low_weight, high_weight = hearing_weights()
    low, high, envelope = torch.split(spectrum, [LOW_BINS, HIGH_BINS, ENVELOPE_BANDS], 1)
    low = (low / low_weight).clamp_min(_QUIET)
    high = (high / high_weight).clamp_min(_QUIET)
    envelope = (envelope / ENVELOPE_WEIGHT).clamp_min(_QUIET)
    sizes = [PATCH_FRAMES * LOW_BINS, PATCH_FRAMES * MOVING_BANDS, PATCH_STEPS * ENVELOPE_BANDS]
    frames = (PATCH_FRAMES, PATCH_FRAMES, PATCH_STEPS)
    below, bands, steps = (
        part.view(len(part), count, -1) * math.sqrt(count)
        for part, count in zip(torch.split(movement, sizes, 1), frames, strict=True)
    )
    moved = _shape(_band_rms(high)[:, None] + bands / _band_weights())
    return Levels(
        low[:, None] ** (1 / POWER) * _shape(low[:, None] + below / low_weight),
        high[:, None] ** (1 / POWER) * moved[:, :, moving_band_of_bin()],
        envelope[:, None] ** (1 / POWER) * _shape(envelope[:, None] + steps / ENVELOPE_WEIGHT),
    )


@dataclass(frozen=True)
class Components:
    """Principal components of rows (T, P), C of them, in order of variance.

    Attributes:
        mean: (P,).
        vectors: (C, P), orthonormal.
        deviation: (C,) standard deviation of each; latents are divided by it.
    """

    mean: Tensor
    vectors: Tensor
    deviation: Tensor

    def latents(self, rows: Tensor) -> Tensor:
        """(T, C), of unit variance over what was fitted."""
        return (rows - self.mean) @ self.vectors.T / self.deviation

    def latents_of_some(self, rows: Tensor, observed: Tensor) -> Tensor:
        """(T, C) where only some features (P,) were observed: the posterior mean of probabilistic
        principal components (Tipping & Bishop 1999, sec. 3), so that what was not observed is
        expected to be as in sounds alike."""
        seen = self.deviation[:, None] * self.vectors[:, observed]
        noise = self.deviation[-1].square() * torch.eye(len(seen))
        found: Tensor = torch.linalg.solve(
            seen @ seen.T + noise, seen @ (rows - self.mean)[:, observed].T
        )
        return found.T

    def rows(self, latents: Tensor) -> Tensor:
        """The expected rows (T, P)."""
        return (latents * self.deviation) @ self.vectors + self.mean


@dataclass(frozen=True)
class TwoResolutionFit:
    """What fitting finds.

    Attributes:
        spectrum, movement: components of either part; the latents are those of both.
        spread: (70,) mean distance of the levels from the expected ones, as a share of these in
            the power domain.
        spread_slope: (C, 70) its change with the latents.
        noise_spread: (70,) that distance of white noise around its mean.
    """

    spectrum: Components
    movement: Components
    spread: Tensor
    spread_slope: Tensor
    noise_spread: Tensor

    def latents(self, levels: Levels) -> Tensor:
        """Latents (T, C) of the levels of T patches."""
        spectrum, movement = spectrum_and_movement(levels)
        return torch.cat([self.spectrum.latents(spectrum), self.movement.latents(movement)], 1)

    def latents_below(self, levels: Levels, limit_hz: float) -> Tensor:
        """Latents (T, C) of levels that say nothing above a frequency."""
        spectrum, movement = spectrum_and_movement(levels)
        in_spectrum, in_movement = observed_below(limit_hz)
        parts = (
            self.spectrum.latents_of_some(spectrum, in_spectrum),
            self.movement.latents_of_some(movement, in_movement),
        )
        return torch.cat(parts, 1)

    def levels(self, latents: Tensor) -> Levels:
        """The expected levels of latents (T, C)."""
        first = len(self.spectrum.deviation)
        return restore(
            self.spectrum.rows(latents[:, :first]), self.movement.rows(latents[:, first:])
        )

    def noisiness(self, latents: Tensor) -> Levels:
        """How far each level is noise, 0 to 1, in the shapes of one frame of `Levels`."""
        share = ((self.spread + latents @ self.spread_slope) / self.noise_spread).clamp(0.0, 1.0)
        low, bands, envelope = torch.split(
            share[:, None], [LOW_BINS, MOVING_BANDS, ENVELOPE_BANDS], 2
        )
        return Levels(low, bands[:, :, moving_band_of_bin()], envelope)


def distances(levels: Levels, expected: Levels) -> Tensor:
    """Mean distance (T, 70) of levels from the expected ones, as a share in the power domain."""
    found = []
    for part, middle in (
        (levels.low, expected.low),
        (levels.high, expected.high),
        (levels.envelope, expected.envelope),
    ):
        powered, around = part**POWER, middle**POWER
        found.append(((powered - around).abs() / (around + _SILENCE)).clamp_max(1.0).mean(1))
    band = moving_band_of_bin()
    count = torch.bincount(band, minlength=MOVING_BANDS)
    bands = torch.zeros(len(found[1]), MOVING_BANDS).index_add_(1, band, found[1]) / count
    return torch.cat([found[0], bands, found[2]], 1)


_SILENCE = 0.02
"""In the power domain, -113 dB: below, all is silence and nothing scatters."""


def scattered(levels: Levels, scatter: Levels, noisiness: Levels) -> Levels:
    """Levels with the scatter of noise, to the power of how far each is noise.

    The RMS of a patch, in each low bin, moving band and band of the envelope, stays as it was: its
    latents hold it already, and a second draw would move it.
    """
    power = noisiness.map(lambda share: DRAWN * share)
    drawn = Levels(
        levels.low * scatter.low.clamp_min(_QUIET) ** power.low,
        levels.high * scatter.high.clamp_min(_QUIET) ** power.high,
        levels.envelope * scatter.envelope.clamp_min(_QUIET) ** power.envelope,
    )
    return Levels(
        drawn.low * _ratio(_mean_power(levels.low), _mean_power(drawn.low)),
        drawn.high * _ratio(_band_power(levels.high), _band_power(drawn.high)),
        drawn.envelope * _ratio(_mean_power(levels.envelope), _mean_power(drawn.envelope)),
    )


def _mean_power(moving: Tensor) -> Tensor:
    """(T, 1, n) over the frames of levels (T, frames, n)."""
    return moving.square().mean(1, keepdim=True)


def _band_power(high: Tensor) -> Tensor:
    """Of each bin its moving band's power (T, 1, 260), over the frames of levels (T, 8, 260)."""
    band = moving_band_of_bin()
    bins = _mean_power(high)
    total = torch.zeros(*bins.shape[:-1], MOVING_BANDS).index_add_(-1, band, bins)
    return total[..., band]


def _ratio(wanted: Tensor, drawn: Tensor) -> Tensor:
    """Gain that gives what was drawn the wanted power."""
    return (wanted / drawn.clamp_min(_NO_POWER)).sqrt()


_NO_POWER = 1e-24
"""Far below what is silence."""


class TwoResolutionCodec(Codec):
    """Mono, 44.1 kHz, absolute levels kept, bit-identical for the same seed."""

    sample_rate = CODEC_RATE
    hop = PATCH_SAMPLES
    audio_channels = 1
    rounds = 8
    """Of Griffin-Lim between 1 and 11 kHz."""
    gains = 2
    """Rounds in which the time envelope is imposed."""

    def __init__(self, fit: TwoResolutionFit) -> None:
        self.fit = fit
        self.latent_channels = len(self._deviations())

    def encode(self, waveform: Tensor) -> Tensor:
        """Latents (B, T, C) of waveforms (B, 1, N); the last frame is filled up with silence."""
        return torch.stack([self.fit.latents(measure_levels(item[0])) for item in waveform])

    def encode_below(self, waveform: Tensor, limit_hz: float) -> Tensor:
        """Latents (B, T, C) of waveforms (B, 1, N) of which only what lies below is known."""
        return torch.stack(
            [self.fit.latents_below(measure_levels(item[0]), limit_hz) for item in waveform]
        )

    def decode(self, latents: Tensor, seed: int | Sequence[int]) -> Tensor:
        """Waveforms (B, 1, T * 2048) of latents (B, T, C), each drawn by itself from its seed."""
        return decode_apart(latents, seed, self._decode_one)

    def _decode_one(self, latents: Tensor, seed: int) -> Tensor:
        grain = Grain.drawn(len(latents), torch.Generator().manual_seed(seed))
        levels = scattered(self.fit.levels(latents), grain.scatter(), self.fit.noisiness(latents))
        return synthesise_levels(levels, grain, self.rounds, self.gains)

    def channel_weights(self) -> Tensor:
        """The components' deviations: the ear hears the features that they explain."""
        return self._deviations() / self._deviations().mean()

    def _deviations(self) -> Tensor:
        return torch.cat([self.fit.spectrum.deviation, self.fit.movement.deviation])

    def save(self, path: Path) -> None:
        """Writes the fit as safetensors, large matrices in half precision; atomic."""
        fit = self.fit
        tensors = {
            "spectrum.mean": fit.spectrum.mean,
            "spectrum.vectors": fit.spectrum.vectors.half(),
            "spectrum.deviation": fit.spectrum.deviation,
            "movement.mean": fit.movement.mean,
            "movement.vectors": fit.movement.vectors.half(),
            "movement.deviation": fit.movement.deviation,
            "spread": fit.spread,
            "spread_slope": fit.spread_slope.half(),
            "noise_spread": fit.noise_spread,
        }
        about = {"format": TWO_RESOLUTION_FORMAT, "sample_rate": self.sample_rate, "hop": self.hop}
        with atomic_path(path) as temporary:
            save_file(
                {name: tensor.contiguous() for name, tensor in tensors.items()},
                temporary,
                metadata={"codec": json.dumps(about)},
            )

    @classmethod
    def load(cls, path: Path) -> TwoResolutionCodec:
        """The codec of a file written by `save`.

        Raises:
            WeightsError: the file is missing, damaged or of another format.
        """
        try:
            with safe_open(path, framework="pt") as file:
                about = json.loads((file.metadata() or {}).get("codec", "{}"))
                found = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError, ValueError) as error:
            raise WeightsError(
                f"Cannot read the codec {path}: fit it again or restore it."
            ) from error
        if about.get("format") != TWO_RESOLUTION_FORMAT:
            raise WeightsError(f"{path} is not a codec of this version: fit it again.")
        parts = {
            name: Components(*(found[f"{name}.{x}"] for x in ("mean", "vectors", "deviation")))
            for name in ("spectrum", "movement")
        }
        rest = (found[name] for name in ("spread", "spread_slope", "noise_spread"))
        return cls(TwoResolutionFit(parts["spectrum"], parts["movement"], *rest))
