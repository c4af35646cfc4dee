"""Drawing what is said of training sounds: onsets, level curves, and earlier sounds of one source.

Each is left out half of the time, by itself, so that a performer renders with any of them or none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import torch
from torch import Tensor

from core.corpus.examples import Examples
from core.performer.controls import Controls, control_track, earlier_tokens

SAID = 0.5
"""How often each is said where it is known."""


class ControlDraws:
    """Draws the controls of windows of examples.

    Args:
        frame_seconds: length of a latent frame.

    Raises:
        ValueError: the examples were built before onsets, levels and sources were measured.
    """

    def __init__(self, examples: Examples, frame_seconds: float):
        if examples.onsets is None or examples.levels is None or examples.sources is None:
            raise ValueError("These examples have no onsets and levels: build them again.")
        self.latents = examples.latents
        self.onsets = examples.onsets
        self.levels = examples.levels
        self.ends = examples.ends
        self.frame_seconds = frame_seconds
        self.sources = examples.sources
        self._of_source: dict[str, list[int]] = defaultdict(list)
        for index, source in enumerate(examples.sources):
            if source:
                self._of_source[source].append(index)

    def draw(
        self, places: Sequence[tuple[int, int]], frames: int, generator: torch.Generator
    ) -> Controls:
        """Controls of windows of so many frames, each given by its example and first frame."""
        tracks, earlier = [], []
        for index, start in places:
            said = torch.rand(3, generator=generator) < SAID
            tracks.append(self._track(index, start, frames, bool(said[0]), bool(said[1])))
            earlier.append(self._earlier(index, generator) if said[2] else None)
        none = torch.zeros_like(earlier_tokens(self.latents[0]))
        return Controls(
            torch.stack(tracks),
            torch.stack([none if tokens is None else tokens for tokens in earlier]),
        )

    def _track(self, index: int, start: int, frames: int, onsets: bool, level: bool) -> Tensor:
        known, curve = self.onsets[index], None
        moments = None
        if onsets and known is not None:
            moments = [moment - start * self.frame_seconds for moment in known]
        if level:
            curve = self.levels[index, start : start + frames].float()
            curve = curve - curve.max()
        return control_track(frames, self.frame_seconds, moments, curve)

    def _earlier(self, index: int, generator: torch.Generator) -> Tensor | None:
        """Tokens of another sound of the same source; None where there is no other."""
        others = [other for other in self._of_source[self.sources[index]] if other != index]
        if not self.sources[index] or not others:
            return None
        other = others[int(torch.randint(len(others), (1,), generator=generator))]
        heard = self.ends[other] or self.latents.shape[1]
        return earlier_tokens(self.latents[other, :heard])
