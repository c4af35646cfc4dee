"""Pre-training of the performer on text-encoder tokens: the part TangoFlux plays in the paper.

python app.py train performer --examples DIR --run DIR --minutes 60
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor
from torch.nn import functional

from core.bridge.text_encoder import TextEncoder
from core.corpus.examples import Examples
from core.performer import flow
from core.performer.controls import Controls
from core.performer.flow_performer import FlowPerformer, flow_performer
from core.performer.kinds import build_performer, with_controls
from core.profile import Profile
from core.training.control_draws import ControlDraws
from core.training.devices import device_of, moved_to
from core.training.loop import TrainingRun, train

TOKENS_A_BATCH = 2400
"""Latent frames and condition tokens; short windows are many, and the cost of a step the same."""
WINDOWS = (12, 17, 24, 34, 48, 68, 96, 136, 192)
"""From half a second to nine."""
SHARES = (0.4, 0.2, 0.4)
"""How often whole recordings, mixtures and composed single sounds are drawn, where there are any
that suit a window."""
DROP_CONDITION = 0.1
_T = TypeVar("_T")
_LONG = 500
"""Steps of a training for which compiling pays."""


def flow_loss(
    performer: FlowPerformer,
    latents: Tensor,
    condition: Tensor,
    seconds: Tensor,
    weights: Tensor,
    generator: torch.Generator,
    controls: Controls | None = None,
) -> Tensor:
    """L_flow of the paper, with the condition dropped for guidance in a tenth of the items.

    What is drawn is brought to where the performer is.

    Args:
        latents: clean latents (B, T, C).
        condition: (B, S, width).
        seconds: (B,).
        weights: what each channel counts (C,), of mean 1.
        controls: what else is said of the sounds, to a performer that learns to heed it.
    """
    velocity = performer.velocity
    if controls is not None:
        velocity = with_controls(performer, controls.to(device_of(performer)))
    noise = torch.randn(latents.shape, generator=generator)
    t = flow.sample_times(len(latents), generator)
    dropped = torch.rand(len(latents), generator=generator) < DROP_CONDITION
    latents, condition, seconds = moved_to(performer, latents, condition, seconds)
    weights, noise, t, dropped = moved_to(performer, weights, noise, t, dropped)
    condition = torch.where(dropped[:, None, None], performer.negative, condition)
    predicted = velocity(flow.interpolate(latents, noise, t), t, condition, seconds)
    error = (predicted - flow.target_velocity(latents, noise)).square()
    return (error * weights).mean()


attention: Callable[..., Tensor] = functional.scaled_dot_product_attention


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    *rest: float | None,
    **options: float | None,
) -> Tensor:
    """Attention, (B, heads, T, head_dim); that of all to all in three plain operations.

    PyTorch's own, on the processor, goes backward ten times slower than these compiled.
    """
    if attn_mask is not None or any(rest) or any(options.values()):
        return attention(query, key, value, attn_mask, *rest, **options)
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    mixed: Tensor = scores.float().softmax(-1).to(value.dtype) @ value
    return mixed


def pays(steps: int) -> bool:
    """Whether so many steps win back what compiling takes, where it can be done at all."""
    return steps >= _LONG and shutil.which("g++") is not None


@contextmanager
def compiled(performer: FlowPerformer, steps: int) -> Iterator[None]:
    """Compiled blocks and plain attention where a compiler is there and it pays.

    A step then takes a third of the time or less. Compiling takes a minute for each length of
    window.
    """
    if not pays(steps):
        yield
        return
    torch._dynamo.config.recompile_limit = 64  # shapes of windows, with and without gradient
    performer.compile_blocks(dynamic=None)
    if torch.cuda.is_available():  # whose own attention is the faster one
        yield
        return
    functional.scaled_dot_product_attention = attend
    try:
        yield
    finally:
        functional.scaled_dot_product_attention = attention


class Batches:
    """Windows of one length a batch, drawn by a generator, so that a step can be repeated."""

    def __init__(
        self,
        examples: Examples,
        encoder: TextEncoder,
        frame_seconds: float,
        *,
        controls: bool = False,
    ):
        self.examples = examples
        self.controls = ControlDraws(examples, frame_seconds) if controls else None
        self.encoder = encoder
        self.frame_seconds = frame_seconds
        self.pools = {frames: examples.suiting(frames) for frames in WINDOWS}

    def draw(self, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor, Controls | None]:
        """Latents (B, T, C), condition (B, S, width), seconds (B,), and controls if it learns any.

        Captions are read as they are said or, as often, as they are meant.
        """
        frames = WINDOWS[below(len(WINDOWS), generator)]
        count = batch_size(frames, self.encoder.tokens)
        windows, captions, lengths, places = [], [], [], []
        for _ in range(count):
            pool = drawn_pool(self.pools[frames], generator)
            index = pool[below(len(pool), generator)]
            start = self.examples.start(index, frames, generator)
            places.append((index, start))
            windows.append(self.examples.cut(index, start, frames))
            lengths.append(self.examples.sounding_frames(index, frames))
            choices = self.examples.captions[index]
            caption = choices[below(len(choices), generator)]
            captions.append(caption.meant if below(2, generator) else caption.said)
        seconds = torch.tensor(lengths) * self.frame_seconds
        controls = self.controls.draw(places, frames, generator) if self.controls else None
        return torch.stack(windows), self.encoder(captions), seconds, controls


def batch_size(frames: int, tokens: int) -> int:
    """How many windows of so many frames a batch has, each with its condition and duration."""
    return TOKENS_A_BATCH // (frames + tokens + 1)


def drawn_pool(pools: Sequence[list[_T]], generator: torch.Generator) -> list[_T]:
    """What to draw the next sound from: one of the three pools by its share, never an empty one."""
    shares = torch.tensor([s if pool else 0.0 for s, pool in zip(SHARES, pools, strict=True)])
    return pools[int(torch.multinomial(shares, 1, generator=generator))]


def below(limit: int, generator: torch.Generator) -> int:
    """A whole number from 0 up to, not including, `limit`."""
    return int(torch.randint(limit, (1,), generator=generator))


def pretrain(
    profile: Profile,
    examples: Examples,
    weights: Tensor,
    frame_seconds: float,
    run: TrainingRun,
    folder: Path,
    start: FlowPerformer | None = None,
) -> FlowPerformer:
    """Train the performer; resumes from the run's folder.

    Args:
        start: a performer to go on with; by default a new one.
        weights: what each latent channel counts in L_flow, (C,): the share of the codec's
            features that it stands for, since the ear hears those.
        frame_seconds: length of a latent frame.
    """
    torch.manual_seed(run.seed)
    performer = start or flow_performer(build_performer(profile))
    if start is None:
        performer.initialise()
    encoder = TextEncoder(profile.bridge.semantic_tokens)
    performer.negative.copy_(encoder([""]))
    batches = Batches(examples, encoder, frame_seconds, controls=profile.performer.controls)

    def losses(generator: torch.Generator) -> Iterator[dict[str, Tensor]]:
        latents, condition, seconds, controls = batches.draw(generator)
        loss = flow_loss(performer, latents, condition, seconds, weights, generator, controls)
        yield {"flow": loss}

    with compiled(performer, run.steps):
        train(performer, losses, {"flow": 1.0}, run, folder)
    return performer
