"""Fits the decoder's side of the spectral codec: the distribution of what its components leave out.

    python app.py train grain --manifest DIR/manifest.jsonl

The components stay as they are, and with them every latent: only what is made of latents changes.
Besides the corpus, the network sees synthesised tones, which a corpus of noisy sounds has few of.
Loss: the Laplace likelihood of the residual. Latents are roughened a little, since those that the
performer writes are never exact.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from core.codec.codec import SpectralCodec, SpectralFit
from core.codec.grain import Grain, GrainConfig
from core.codec.patches import HOP, PATCH, analyse
from core.training.fit_codec import PIECE_PATCHES, QUIETEST_DB, SAMPLE_RATE, pieces

_PATCHES = 60_000
TONES = 160
"""Pieces of synthesised tones, 3 s each."""
CROP = 32
"""Patches of a training crop: 1.5 s."""
_BATCH = 24
ROUGHNESS = 0.1
"""Largest deviation of the noise that is added to latents, which have unit variance."""


def tone_piece(draw: random.Random) -> Tensor:
    """3 s (N,) of one to four notes, each with a few partials, a vibrato and a decay of its own."""
    length = PIECE_PATCHES * HOP
    time = torch.arange(length) / SAMPLE_RATE
    sound = torch.zeros(length)
    for _ in range(draw.randint(1, 4)):
        pitch = math.exp(draw.uniform(math.log(80.0), math.log(9000.0)))
        depth = draw.choice([0.0, 0.0, 0.01, 0.05]) * draw.random()
        sway = torch.sin(2 * math.pi * draw.uniform(1.0, 8.0) * time)
        phase = 2 * math.pi * torch.cumsum(pitch * (1 + depth * sway), 0) / SAMPLE_RATE
        begin = draw.uniform(-1.0, 2.0)
        fall = draw.choice([0.05, 0.3, 1.0, 10.0])
        shape = torch.exp(-(time - begin).clamp_min(0.0) / fall) * (time >= begin)
        partials = draw.randint(1, 12)
        slope = draw.uniform(0.3, 2.0)
        for k in range(1, partials + 1):
            if k * pitch * (1 + depth) < SAMPLE_RATE / 2:
                sound += shape * torch.sin(k * phase + draw.uniform(0, 6.3)) / k**slope
    hiss = torch.randn(length, generator=torch.Generator().manual_seed(draw.getrandbits(31)))
    sound = sound / sound.abs().max().clamp_min(1e-3)
    return sound + 10 ** (draw.uniform(-90.0, -30.0) / 20) * hiss


def tone_blocks(count: int, seed: int) -> Iterator[Tensor]:
    """Patch blocks (64, 1408) of tones at the levels that the corpus' pieces have."""
    draw = random.Random(seed)
    for _ in range(count):
        gain = 10.0 ** (draw.uniform(QUIETEST_DB, 0.0) / 20.0)
        yield analyse(0.9 * gain * tone_piece(draw))


@dataclass(frozen=True)
class Residuals:
    """Latents (N, CROP, C) of crops, and what their reconstruction leaves out (N, CROP, 1408)."""

    latents: Tensor
    residuals: Tensor

    @classmethod
    def of_blocks(cls, fit: SpectralFit, blocks: Iterator[Tensor]) -> Residuals:
        """Blocks shorter than a crop are repeated from their start until they fill it."""
        latents, residuals = [], []
        for block in blocks:
            if len(block) < CROP:
                block = block.repeat(-(-CROP // len(block)), 1)[:CROP]
            for start in range(0, len(block) - CROP + 1, CROP):
                crop = block[start : start + CROP]
                latents.append(fit.latents(crop))
                residuals.append((crop - fit.patches(latents[-1])).half())
        return cls(torch.stack(latents), torch.stack(residuals))

    def draw(self, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """A batch: roughened latents (BATCH, CROP, C) and residuals (BATCH, CROP, 1408)."""
        chosen = torch.randint(len(self.latents), (_BATCH,), generator=generator)
        latents = self.latents[chosen]
        rough = ROUGHNESS * torch.rand(_BATCH, 1, 1, generator=generator)
        latents = latents + rough * torch.randn(latents.shape, generator=generator)
        return latents, self.residuals[chosen].float()


def likelihood_loss(grain: Grain, latents: Tensor, residuals: Tensor) -> Tensor:
    """Mean negative log-likelihood of residuals under Laplace distributions, without constants."""
    shift, log_size = grain(latents)
    loss: Tensor = ((residuals - shift).abs() * torch.exp(-log_size) + log_size).mean()
    return loss


def train_grain(
    fit: SpectralFit, data: Residuals, steps: int, rate: float = 1e-3, seed: int = 0
) -> Grain:
    """A network fitted in `steps` of Adam, its rate falling as a quarter of a cosine."""
    torch.manual_seed(seed)
    grain = Grain(len(fit.deviation), GrainConfig())
    with torch.no_grad():
        grain.leave.bias[PATCH:] = fit.spread.clamp_min(1e-3).log()
    optimizer = torch.optim.AdamW(grain.parameters(), lr=rate, weight_decay=0.01)
    generator = torch.Generator().manual_seed(seed)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 50) * math.cos(0.5 * math.pi * step / steps)
        loss = likelihood_loss(grain, *data.draw(generator))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(grain.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % 100 == 0:
            print(f"step {step + 1}/{steps}  loss {loss.item():.4f}", flush=True)
    return grain.eval().requires_grad_(False)


def fit_grain(
    manifest: Path,
    file: Path,
    patches: int = _PATCHES,
    steps: int = 1200,
    tones: int = TONES,
    seed: int = 0,
) -> SpectralCodec:
    """Fits the network for the codec in `file` and writes it there beside the components.

    Raises:
        AudioFileError: the manifest lists no usable clip, or a clip cannot be read.
        WeightsError: `file` holds no codec.
    """
    fit = SpectralCodec.load(file).fit

    def blocks() -> Iterator[Tensor]:
        yield from pieces(manifest, patches, seed + 1)
        yield from tone_blocks(tones, seed)

    grain = train_grain(fit, Residuals.of_blocks(fit, blocks()), steps, seed=seed)
    SpectralCodec(fit, grain).save(file)
    return SpectralCodec.load(file)
