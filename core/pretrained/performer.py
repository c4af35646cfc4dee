"""A pretrained performer as the studio sees it: an entry until it is used, then loaded.

It is loaded within the memory that is there, and what libraries raise becomes a sentence.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from core.errors import RenderError, WeightsError, raise_if_cancelled
from core.performer.event_performer import EventRequest, PerformedEvent, PerformerDescription
from core.pretrained.failures import UNREADABLE, first_line, is_out_of_memory
from core.pretrained.kinds import PRETRAINED, PretrainedKind
from core.profile import RenderSettings

if TYPE_CHECKING:
    from core.placement import Placement
    from core.pretrained.adapter import Adapter

HEADROOM = 1.25
"""Memory that a performer takes, as a multiple of its weights: what it computes with comes on
top."""


@dataclass(frozen=True)
class FoundPerformer:
    """What was found in a performer's folder when it was registered.

    Attributes:
        name: by which stories call it.
        kind: one of `core.pretrained.kinds.PRETRAINED`.
        folder: where it is.
        source: the repository that it was fetched from, or the folder.
        licence: as its publisher names it; empty: not said.
        weights: hash of all files that make its sounds.
        bytes: of its weights, in 32 bits.
        sample_rate: in Hz.
        longest_seconds: of one event.
        latent_channels: as in `PerformerDescription`.
    """

    name: str
    kind: str
    folder: str
    source: str
    licence: str
    weights: str
    bytes: int
    sample_rate: int
    longest_seconds: float
    latent_channels: int = 0


class RegisteredPerformer:
    """See `core.performer.event_performer.EventPerformer`.

    Args:
        found: what was found of it when it was registered.
        before_loading: called before it takes memory.
    """

    def __init__(
        self, found: FoundPerformer, before_loading: Callable[[], object] = lambda: None
    ) -> None:
        self.found = found
        self._before_loading = before_loading
        self._adapter: Adapter | None = None
        self._placement: Placement | None = None

    @property
    def kind(self) -> PretrainedKind:
        return PRETRAINED[self.found.kind]

    @property
    def description(self) -> PerformerDescription:
        found, kind = self.found, self.kind
        return PerformerDescription(
            found.name,
            kind.title,
            "caption",
            found.longest_seconds,
            found.sample_rate,
            kind.draft,
            kind.final,
            found.weights,
            found.licence,
            found.source,
            kind.varies,
            kind.repaints,
            found.latent_channels,
        )

    def knows(self, captions: Sequence[str]) -> list[float]:
        return [self.kind.knowledge] * len(captions)

    def steps(self, request: EventRequest, settings: RenderSettings) -> int:
        return adapter_class(self.kind).steps(request, settings, self.found.sample_rate)

    def unload(self) -> None:
        self._adapter = None
        if self._placement is not None and self._placement.device == "cuda":
            import torch

            torch.cuda.empty_cache()

    def perform(
        self,
        request: EventRequest,
        settings: RenderSettings,
        *,
        on_step: Callable[[int], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> PerformedEvent:
        """See `EventPerformer.perform`. Noise is drawn on the processor, by the seed alone."""
        raise_if_cancelled(cancel, "Rendering")
        import torch

        from core.placement import numeric_path
        from core.pretrained.adapter import Ticker

        adapter, placement = self._ready()
        generator = torch.Generator().manual_seed(request.seed)
        ticker = Ticker(on_step, cancel)
        with self._failures(), torch.random.fork_rng(), torch.inference_mode():
            torch.manual_seed(request.seed)  # for what a library draws without being asked
            samples, latents = adapter.sound(request, settings, generator, ticker)
        return PerformedEvent(samples, latents, made_on=numeric_path(placement))

    def _ready(self) -> tuple[Adapter, Placement]:
        if self._adapter is None:
            folder = Path(self.found.folder)
            if not folder.is_dir():
                raise WeightsError(
                    f"{self.kind.title} is not at {folder} any more; bring the folder back, or "
                    f"run `app.py performer remove {self.found.name}`."
                )
            self._before_loading()
            placement = best_place(self.kind.halves)
            self._check_memory(placement)
            with self._failures():
                self._adapter = adapter_class(self.kind)(folder, placement)
            self._placement = placement
        assert self._placement is not None
        return self._adapter, self._placement

    def _check_memory(self, placement: Placement) -> None:
        import torch

        size = torch.finfo(placement.dtype).bits / 32
        needed, free = self.found.bytes * size * HEADROOM, free_memory(placement.device)
        if needed > free:
            raise WeightsError(
                f"{self.kind.title} needs {needed / 1e9:.1f} GB of memory, {free / 1e9:.1f} GB are "
                "free; close other programs, or choose another performer."
            )

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Turn what libraries raise over memory and requests into sentences."""
        try:
            yield
        except (MemoryError, *UNREADABLE) as cause:
            if is_out_of_memory(cause):
                raise WeightsError(
                    f"The memory is too small for {self.kind.title}; close other programs, shorten "
                    "the event, or choose another performer."
                ) from None
            raise RenderError(
                f"{self.kind.title} failed ({first_line(cause)}); choose another performer, or "
                "report this with the story."
            ) from cause


def adapter_class(kind: PretrainedKind) -> type[Adapter]:
    """What runs performers of a kind; imported when it is asked for."""
    module, name = kind.adapter
    return getattr(import_module(module), name)  # type: ignore[no-any-return]


def best_place(halves: bool) -> Placement:
    """The fastest device of this machine.

    Args:
        halves: compute in 16 bits where it is no processor.
    """
    import torch

    from core.placement import Placement

    half = torch.float16 if halves else torch.float32
    if torch.cuda.is_available():
        return Placement("cuda", half)
    if torch.backends.mps.is_available():
        return Placement("mps", half)
    return Placement()


def free_memory(device: str) -> float:
    """Bytes that are free on a device."""
    if device == "cuda":
        import torch

        return float(torch.cuda.mem_get_info()[0])
    return float(psutil.virtual_memory().available)
