"""What the studio asks of whatever performs an event: a caption and its seconds to sound.

Our own model performs by the bridge's conditions, of which it makes latents
(`core.performer.performer`). Others stand beside it: text-to-audio models of other people, each
event by its caption alone, as the paper's baselines do it (its *oracle captions* where a person
wrote them, its *LLM + text-to-audio* where a director did), and collections of recordings. A story
asks for one by its name, as a whole and event by event (`core.render.performers`).

An implementation is light until it is used: `description` is known without loading anything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from core.profile import ConditionedBy, RenderSettings

if TYPE_CHECKING:
    from torch import Tensor

OPEN_VOCABULARY = 0.5
"""How well a performer knows a sound of which it only says that it takes any words. Our own is sure
of what it was trained on, so that it comes first there, and these where it is not."""


@dataclass(frozen=True)
class PerformerDescription:
    """What is known of a performer before it is loaded.

    Attributes:
        name: by which stories and takes call it.
        title: as people call it.
        conditioning: how it is told what to perform.
        longest_seconds: of one event, its cross-fade included.
        sample_rate: in Hz, of the sound that it gives and begins from.
        draft, final: its settings for the two qualities.
        weights: hash of all that makes its sounds beside a request and the settings.
        licence: of its weights, as its publisher names it; empty: not said.
        source: where it was had from: a repository, a folder.
        varies: it can begin from a sound, and go on from one that is too short.
        repaints: it can make a span of a sound anew.
        latent_channels: numbers a latent frame of the latents that it gives and begins from; 0: it
            gives none.
        answers_to: names of its sounds (`core.performer.naming`): an event whose caption has one of
            them is this performer's, unless it asks for another.
    """

    name: str
    title: str
    conditioning: ConditionedBy
    longest_seconds: float
    sample_rate: int
    draft: RenderSettings
    final: RenderSettings
    weights: str
    licence: str = ""
    source: str = ""
    varies: bool = False
    repaints: bool = False
    latent_channels: int = 0
    answers_to: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class KnownSound:
    """What a performance begins from, or keeps, instead of beginning from noise alone.

    Attributes:
        samples: float32 (channels, frames) at the performer's rate, from the event's start on;
            where it ends sooner, the performer goes on from it.
        strength: 0 keeps it, 1 keeps nothing of it.
        span: seconds, from and to, that are made anew; None: all.
        latents: (T, C), of a take of this performer's own that has some.
    """

    samples: npt.NDArray[np.float32]
    strength: float
    span: tuple[float, float] | None = None
    latents: Tensor | None = None


@dataclass(frozen=True, eq=False)
class EventRequest:
    """An event to be performed.

    Attributes:
        seconds: what is needed of it, its cross-fade included.
        seed: equal requests with equal seeds give equal sound on one machine.
        known: what it begins from; None: noise alone.
    """

    caption: str
    seconds: float
    seed: int
    known: KnownSound | None = None


@dataclass(frozen=True, eq=False)
class PerformedEvent:
    """What came of a request.

    Attributes:
        samples: float32 (1 or 2 channels, frames) at the performer's rate, of the seconds that were
            asked for or more.
        latents: (T, C), for takes that begin from this one; None: it has none.
        made_on: what computed it, which decides its last bits.
        source: of a recording, the file that it is.
        licence: its, where it is another than the performer's.
    """

    samples: npt.NDArray[np.float32]
    latents: Tensor | None = None
    made_on: str = ""
    source: str = ""
    licence: str = ""


class EventPerformer(Protocol):
    """Who performs events. Used by one thread at a time."""

    @property
    def description(self) -> PerformerDescription: ...

    def knows(self, captions: Sequence[str]) -> Sequence[float]:
        """How well it knows the sound of each caption: 0 not at all, 1 surely
        (`OPEN_VOCABULARY`)."""
        ...

    def steps(self, request: EventRequest, settings: RenderSettings) -> int:
        """How many steps a request takes, for its progress; one at least."""
        ...

    def perform(
        self,
        request: EventRequest,
        settings: RenderSettings,
        *,
        on_step: Callable[[int], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> PerformedEvent:
        """The sound of an event; loads what it needs.

        Args:
            on_step: called with the number of each step before it is made.
            cancel: checked before every step.

        Raises:
            Cancelled: `cancel` was set.
            WeightsError: its files are missing or damaged, or do not fit in memory.
            RenderError: the request is none that it can perform.
        """
        ...

    def unload(self) -> None:
        """Give back the memory that it takes; it is loaded again when it is used."""
        ...
