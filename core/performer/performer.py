"""What the rest asks of a performer: conditions to latents.

`core.performer.kinds` names the implementations and builds one. What renders by flow matching
begins from `core.performer.flow_performer.FlowPerformer`, which lacks only its network.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from torch import Tensor, nn

from core.language.model import load_module
from core.performer.flow import KnownLatents
from core.profile import RenderSettings

WEIGHTS = "performer.safetensors"


class Performer(nn.Module, ABC):
    """Conditions of events to codec latents; implementations inherit what they need not change.

    Attributes:
        latent_channels: numbers a latent frame.
        condition_width: width of the condition's tokens.
        longest_seconds: of one event. By default what the pocket codec decodes in one piece, which
            takes 5 MB of memory a second (measured: 1.5 GB for 300 s).
        window_frames: latent frames that are rendered in one piece; longer latents are rendered
            in overlapping windows. 0: of any length.
        approximates: what does not matter much is left out, so that a render depends on what
            shares its batch and an exact run is impossible.
    """

    latent_channels: int
    condition_width: int
    longest_seconds: float = 300.0
    window_frames: int = 0
    approximates: bool = False

    @abstractmethod
    def render(
        self,
        condition: Tensor,
        seconds: Sequence[float],
        frames: int,
        seeds: Sequence[int],
        settings: RenderSettings,
        *,
        known: KnownLatents | None = None,
        on_step: Callable[[int], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Tensor:
        """Latents for a batch of events of equal frame count.

        Args:
            condition: (B, S, width).
            seconds: durations, one an event.
            frames: latent frames to render.
            seeds: one an event; what is drawn is drawn on the CPU, each event by its own seed.
            known: latents to begin from, `canvas(frames)` long.
            on_step: called with the number of each step before it is made.
            cancel: checked before every step.

        Returns:
            Latents, (B, frames, C).

        Raises:
            Cancelled: `cancel` was set.
            WeightsError: the settings ask for a sampler that is not there.
        """

    def steps(self, settings: RenderSettings, known: KnownLatents | None = None) -> int:
        """How many steps a render takes, for its progress."""
        return settings.steps

    def canvas(self, frames: int) -> int:
        """How many frames are rendered so that `frames` can be heard."""
        return frames

    def event_bytes(self) -> int:
        """Bytes that one event takes while it is rendered, the weights not counted."""
        return 0

    def compile_blocks(self, *, dynamic: bool | None = True) -> None:
        """Compile what is computed at every step; takes a minute at the first render.

        Args:
            dynamic: for all lengths at once; None: as PyTorch chooses.
        """
        return

    def weight_files(self) -> dict[str, Mapping[str, Tensor]]:
        """Weights by the name of their file in the profile's folder."""
        return {WEIGHTS: self.state_dict()}

    def load(self, folder: Path) -> None:
        """Take the weights of a profile's folder.

        Raises:
            WeightsError: a file is missing, damaged or does not fit the profile.
        """
        load_module(self, folder / WEIGHTS)
