"""Performers that render by flow matching: the sampler, apart from the network.

Guidance, windows, known latents and the distilled network for drafts are here; a subclass brings
the network that predicts the velocity.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn

from core.errors import Cancelled, ProfileError, WeightsError
from core.language.model import load_module
from core.performer import flow
from core.performer.performer import WEIGHTS, Performer
from core.profile import NO_GUIDANCE, PerformerConfig, RenderSettings, Sampler

FAST_WEIGHTS = "performer-fast.safetensors"
"""The distilled network; a profile may do without."""


class FlowPerformer(Performer):
    """A performer that integrates a velocity from noise to latents.

    Attributes:
        fast: a second network, distilled from the first with its guidance for few steps
            (core/training/distil.py); None where there is none.
        negative: the condition of the empty caption (1, S, width), for guidance.
    """

    negative: Tensor
    fast: nn.Module | None

    def __init__(self, config: PerformerConfig, semantic_tokens: int):
        super().__init__()
        self.config = config
        self.latent_channels = config.latent_channels
        self.condition_width = config.condition_width
        self.window_frames = config.window_frames
        self.fast = None
        nothing = torch.zeros(1, semantic_tokens, config.condition_width)
        self.register_buffer("negative", nothing)

    @abstractmethod
    def velocity(
        self,
        latents: Tensor,
        t: Tensor,
        condition: Tensor,
        seconds: Tensor,
        sampler: Sampler = "full",
    ) -> Tensor:
        """The predicted velocity u(x_t, t, c).

        Args:
            latents: x_t, (B, T, C).
            t: flow time in 0…1, (B,).
            condition: tokens on the text encoder's level, (B, S, width).
            seconds: durations, (B,).
            sampler: `fast`: by the distilled network.

        Returns:
            (B, T, C).
        """

    @abstractmethod
    def initialise(self) -> None:
        """Prepare an untrained network: every block the identity, the output zero."""

    @abstractmethod
    def add_fast(self) -> nn.Module:
        """Give the performer its distilled network, which begins as a copy of the other."""

    @abstractmethod
    def block_weights(self) -> list[nn.Parameter]:
        """The matrices within the networks' blocks, which are trained by a method of their own."""

    @contextmanager
    def caching(self, frames: int) -> Iterator[None]:
        """What is kept from one step to the next, if anything, is kept within this context."""
        yield

    @torch.inference_mode()
    def render(
        self,
        condition: Tensor,
        seconds: Sequence[float],
        frames: int,
        seeds: Sequence[int],
        settings: RenderSettings,
        *,
        known: flow.KnownLatents | None = None,
        on_step: Callable[[int], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Tensor:
        """See `Performer.render`.

        Of a longer event than the window, the network is given the window's duration, as in its
        training.
        """
        fast = settings.sampler == "fast"
        if fast and self.fast is None:
            raise WeightsError("These weights have no fast sampler; choose the full one.")
        device = condition.device
        window, _ = flow.windows(self.canvas(frames), self.config.window_frames)
        length = torch.tensor(list(seconds), dtype=torch.float32, device=device)
        length = length * (window / self.canvas(frames))
        noise = seeded_noise(seeds, self.canvas(frames), self.config.latent_channels).to(device)
        noise = self.config.temperature * noise

        def piece(latents: Tensor, t: Tensor) -> Tensor:
            count = len(latents) // len(condition)
            conditions, lengths = condition.repeat(count, 1, 1), length.repeat(count)
            if fast:
                return self.velocity(latents, t.expand(len(latents)), conditions, lengths, "fast")
            return self.guided_velocity(latents, t, conditions, lengths, settings.guidance)

        # Known latents say themselves how the event is, and it may change in the course of them.
        agreement = flow.AGREEMENT if known is None else 1.0

        def velocity(latents: Tensor, t: Tensor) -> Tensor:
            return flow.windowed(piece, latents, t, self.config.window_frames, agreement)

        def before_step(step: int) -> None:
            if cancel is not None and cancel.is_set():
                raise Cancelled("Rendering was stopped.")
            if on_step is not None:
                on_step(step)

        levels = self._levels(settings, known).to(device)
        known = known.to(device) if known else None
        with self.caching(noise.shape[1]):
            rendered = flow.integrate(
                velocity,
                noise,
                levels,
                order=1 if fast else self.config.order,
                known=known,
                on_step=before_step,
            )
        return rendered[:, :frames]

    def _levels(self, settings: RenderSettings, known: flow.KnownLatents | None) -> Tensor:
        """The flow times of a run."""
        if known is None:
            return flow.sigmas(settings.steps, self.config.shift)
        return known.levels(settings.steps, self.config.shift)

    def steps(self, settings: RenderSettings, known: flow.KnownLatents | None = None) -> int:
        return len(self._levels(settings, known)) - 1

    def canvas(self, frames: int) -> int:
        return self.config.fixed_frames or frames

    def guided_velocity(
        self, latents: Tensor, t: Tensor, condition: Tensor, seconds: Tensor, guidance: float
    ) -> Tensor:
        """Classifier-free guidance, the negative and the positive in one batch.

        Args:
            t: one flow time, or one an item (B,).
            guidance: its scale; 1: none, and only the positive is evaluated.
        """
        count = len(latents)
        t = t.expand(count)
        if guidance == NO_GUIDANCE:
            return self.velocity(latents, t, condition, seconds)
        both = torch.cat([self.negative.expand(count, -1, -1), condition])
        doubled = self.velocity(torch.cat([latents, latents]), t.repeat(2), both, seconds.repeat(2))
        negative, positive = doubled.chunk(2)
        return flow.guided(positive, negative, guidance)

    def weight_files(self) -> dict[str, Mapping[str, Tensor]]:
        whole = self.state_dict().items()
        files: dict[str, Mapping[str, Tensor]] = {
            WEIGHTS: {name: value for name, value in whole if not name.startswith("fast.")}
        }
        if self.fast is not None:
            files[FAST_WEIGHTS] = self.fast.state_dict()
        return files

    def load(self, folder: Path, *, fast: bool = True) -> None:
        """See `Performer.load`; `fast`: the distilled network too, where there is one."""
        super().load(folder)
        if fast and (folder / FAST_WEIGHTS).exists():
            self.load_fast(folder)

    def load_fast(self, folder: Path) -> None:
        """The distilled network alone."""
        load_module(self.add_fast(), folder / FAST_WEIGHTS)


def flow_performer(performer: Performer) -> FlowPerformer:
    """The performer, where it is one that flow matching trains.

    Raises:
        ProfileError: it is not.
    """
    if not isinstance(performer, FlowPerformer):
        raise ProfileError("Only a performer that flow matching trains can be trained here.")
    return performer


def seeded_noise(seeds: Sequence[int], frames: int, channels: int) -> Tensor:
    """Standard normal noise (B, frames, channels), each item by its own seed, on the CPU."""
    rows = [
        torch.randn(frames, channels, generator=torch.Generator().manual_seed(seed))
        for seed in seeds
    ]
    return torch.stack(rows)
