"""Bands of bins that are kept by their level alone and made as noise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import torch
from torch import Tensor


@dataclass(frozen=True)
class NoiseBands:
    """Bands that follow one another without a gap.

    Attributes:
        edges: first bin of each band, and one past the last bin.
    """

    edges: tuple[int, ...]

    @classmethod
    def spaced(cls, first: int, end: int, count: int) -> NoiseBands:
        """`count` bands from bin `first` to before `end`, each as many octaves wide."""
        return cls(tuple(round(first * (end / first) ** (k / count)) for k in range(count + 1)))

    @cached_property
    def of_bin(self) -> Tensor:
        """The band of each bin, (bins,), counted from 0."""
        widths = torch.tensor([b - a for a, b in pairwise(self.edges)])
        return torch.repeat_interleave(torch.arange(len(widths)), widths)

    def levels(self, spectra: Tensor) -> Tensor:
        """RMS magnitude (F, bands) of the bands of whole spectra (F, n)."""
        power = torch.view_as_real(spectra[:, self.edges[0] :]).square().sum(-1)
        total = torch.zeros(len(power), len(self.edges) - 1).index_add_(1, self.of_bin, power)
        return (total / torch.bincount(self.of_bin)).sqrt()
