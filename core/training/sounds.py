"""Latents of real sounds that perform the events of a lesson, for L_flow."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.corpus.captions import said_by
from core.corpus.examples import Examples
from core.training.lesson import Lesson

_WINDOW = 64
DRAWS = 3


@dataclass(frozen=True)
class DrawnSounds:
    """Sounds for some of a lesson's events.

    Attributes:
        events: index of the event that each item performs, (B,).
        latents: (B, WINDOW, C).
        seconds: for the duration embedder, (B,).
    """

    events: Tensor
    latents: Tensor
    seconds: Tensor


class EventSounds:
    """Draws training examples whose classes and modifiers are those of the event.

    Args:
        weights: what each latent channel counts in L_flow, (C,).
        frame_seconds: length of a latent frame.
    """

    def __init__(self, examples: Examples, weights: Tensor, frame_seconds: float):
        self.examples = examples
        self.weights = weights
        self.frame_seconds = frame_seconds
        self._by_modifiers = examples.by_modifiers()

    def draw(self, lesson: Lesson, generator: torch.Generator) -> DrawnSounds | None:
        """Windows for every event that a known sound can perform, each event several times.

        Returns None where no event of the lesson can be performed.
        """
        events, windows, lengths = [], [], []
        for event, (classes, meant) in enumerate(zip(lesson.classes, lesson.meant, strict=True)):
            wanted = tuple(sorted(classes)), said_by(classes, meant)
            candidates = self._by_modifiers.get(wanted, [])
            for _ in range(DRAWS if candidates else 0):
                index = candidates[int(torch.randint(len(candidates), (1,), generator=generator))]
                windows.append(self.examples.window(index, _WINDOW, generator))
                lengths.append(self.examples.sounding_frames(index, _WINDOW))
                events.append(event)
        if not events:
            return None
        seconds = torch.tensor(lengths) * self.frame_seconds
        return DrawnSounds(torch.tensor(events), torch.stack(windows), seconds)
