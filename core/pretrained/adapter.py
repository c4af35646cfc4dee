"""What runs a pretrained performer: its modules, read whole, and a request made sound.

Nothing of a folder is run that is not in the libraries that are installed: the classes are named
here, weights are safetensors, and each of a module's weights must be in its file, so that nothing
is heard of weights that were drawn at random.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Generator, Tensor, nn

from core.errors import WeightsError, raise_if_cancelled
from core.performer.event_performer import EventRequest
from core.placement import Placement
from core.pretrained.failures import UNREADABLE, first_line
from core.profile import RenderSettings

MARGIN = 0.01
"""Seconds that are asked for beyond those needed, since pipelines cut to whole frames."""

SoundSamples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ModelPart:
    """A module of a performer: its folder's name, and the class that reads it."""

    folder: str
    library: str
    kind: str


@dataclass(frozen=True)
class Measures:
    """What a performer's sound is like.

    Attributes:
        sample_rate: in Hz.
        longest_seconds: of one event.
        latent_channels: numbers a frame of the latents that it gives; 0: it gives none.
    """

    sample_rate: int
    longest_seconds: float
    latent_channels: int = 0


class Ticker:
    """Counts steps for whoever watches, and stops them when they are cancelled."""

    def __init__(
        self, on_step: Callable[[int], None] | None, cancel: threading.Event | None
    ) -> None:
        self._on_step, self._cancel = on_step, cancel
        self._step = 0

    def tick(self) -> None:
        """Another step begins.

        Raises:
            Cancelled: it should not.
        """
        raise_if_cancelled(self._cancel, "Rendering")
        if self._on_step is not None:
            self._on_step(self._step)
        self._step += 1


class Adapter(ABC):
    """A loaded performer.

    Args:
        folder: in its publisher's layout.
        placement: device and precision.

    Raises:
        WeightsError: a file is missing, damaged, or another model's.
    """

    @abstractmethod
    def __init__(self, folder: Path, placement: Placement) -> None: ...

    @abstractmethod
    def sound(
        self,
        request: EventRequest,
        settings: RenderSettings,
        generator: Generator,
        ticker: Ticker,
    ) -> tuple[SoundSamples, Tensor | None]:
        """The samples (channels, frames) of a request, and its latents (T, C) if it has any.

        Args:
            generator: on the processor.
            ticker: told of each step before it is made.
        """

    @classmethod
    def steps(cls, request: EventRequest, settings: RenderSettings, rate: int) -> int:
        """How many steps a request takes, of a performer of this sample rate."""
        return settings.steps

    @classmethod
    @abstractmethod
    def measured(cls, folder: Path) -> Measures:
        """What a folder's configurations say of its sound.

        Raises:
            WeightsError: one is missing or damaged.
        """

    @classmethod
    @abstractmethod
    def weight_files(cls, folder: Path) -> list[Path]:
        """The files of its weights, those of other things in the folder left out.

        Raises:
            WeightsError: one is missing.
        """


def ends_early(request: EventRequest, rate: int) -> bool:
    """Whether what a request begins from is shorter than what it asks for."""
    known = request.known
    return known is not None and known.samples.shape[1] < round(request.seconds * rate)


def read_part(folder: Path, part: ModelPart, placement: Placement) -> nn.Module:
    """A module with all of its weights, on its device.

    Raises:
        WeightsError: its folder is missing or damaged, or is another module's.
    """
    path = folder / part.folder
    module = getattr(import_module(part.library), part.kind)
    dtype = {"torch_dtype" if part.library == "diffusers" else "dtype": placement.dtype}
    try:
        with quiet():
            read, info = module.from_pretrained(
                path, local_files_only=True, use_safetensors=True, output_loading_info=True, **dtype
            )
    except UNREADABLE as cause:
        raise WeightsError(
            f"{path} holds no {part.kind} ({first_line(cause)}); fetch it again."
        ) from None
    check_complete(info, path)
    read.eval().requires_grad_(False)
    return read.to(placement.device)  # type: ignore[no-any-return]


@contextmanager
def quiet() -> Iterator[None]:
    """Let transformers draw no progress bars: a rendering shows its own."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def check_complete(info: Mapping[str, Any], path: Path) -> None:
    """Refuse a module of which weights are missing or of another shape; raises WeightsError."""
    for name, fault in (("missing_keys", "lacks"), ("mismatched_keys", "has another shape of")):
        for key in sorted(map(str, info.get(name) or ())):
            raise WeightsError(f"{path} {fault} {key}; fetch it again.")
