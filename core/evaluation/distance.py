"""How far two sets of sounds are apart in `aisfx` space: Frechet and kernel distance.

Both depend on how many sounds there are, so they are only compared at equal counts and with the
same classes, and always stand beside the distance between two disjoint halves of the recordings.

Sources: Kilgour et al. 2019 (Frechet audio distance); Binkowski et al. 2018 and Chung et al. 2025
(maximum mean discrepancy, unbiased, with the reference's median distance as bandwidth).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import torch
import torch.nn.functional as F
from torch import Tensor

from core.evaluation.recognise import Judge

KERNEL_SCALE = 1000.0
"""Kernel distances are small; they are given in thousandths, as is usual."""
SPLITS = 10
"""Ways in which the recordings are halved; distances are means over them."""


def frechet(first: Tensor, second: Tensor) -> float:
    """Frechet distance (squared) of two sets of embeddings (N, D), (M, D), seen as normal.

    |m1 - m2|^2 + tr(S1) + tr(S2) - 2 tr((S1 S2)^(1/2)). The last trace is the nuclear norm of the
    product of the covariances' roots, which also holds with fewer sounds than dimensions.
    """
    means = (first.double().mean(0) - second.double().mean(0)).square().sum()
    a, b = _root(first), _root(second)
    shared = torch.linalg.matrix_norm(a @ b.T, ord="nuc")
    return float(means + a.square().sum() + b.square().sum() - 2.0 * shared)


def _root(embeddings: Tensor) -> Tensor:
    """R (at most D, D) with R^T R the covariance of embeddings (N, D)."""
    centred = embeddings.double() - embeddings.double().mean(0)
    root = centred / (len(centred) - 1) ** 0.5
    if len(root) > root.shape[1]:
        root = torch.linalg.qr(root, mode="r").R
    return torch.as_tensor(root)


def kernel_distance(first: Tensor, second: Tensor, bandwidth: float) -> float:
    """Unbiased squared maximum mean discrepancy with a Gaussian kernel, in thousandths.

    Args:
        bandwidth: see `median_distance`. The estimate may be slightly below zero.
    """

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        squares = torch.cdist(a.double(), b.double()).square()
        return torch.exp(-squares / (2.0 * bandwidth**2))

    def within(a: Tensor) -> Tensor:
        values = kernel(a, a)
        return (values.sum() - values.diagonal().sum()) / (len(a) * (len(a) - 1))

    across = kernel(first, second).mean()
    return KERNEL_SCALE * float(within(first) + within(second) - 2.0 * across)


def median_distance(embeddings: Tensor) -> float:
    """Median Euclidean distance between different sounds (N, D): the kernel's bandwidth."""
    return float(torch.pdist(embeddings.double()).median())


@dataclass(frozen=True)
class Distance:
    """Both distances of two sets of sounds."""

    frechet: float
    kernel: float

    @staticmethod
    def mean(distances: Sequence[Distance]) -> Distance:
        count = len(distances)
        return Distance(
            sum(d.frechet for d in distances) / count, sum(d.kernel for d in distances) / count
        )


@dataclass(frozen=True)
class Fidelity:
    """Distances from held-out recordings, each at the same counts and class mix.

    Attributes:
        sounds: in each of the sets compared.
        halves: of two disjoint halves of the recordings: what a perfect performer reaches.
        codec: of a half from the other half heard through the codec.
        renders: of a half from the renders made for the other half, by kind of render.
    """

    sounds: int
    halves: Distance
    codec: Distance
    renders: Mapping[str, Distance]

    def ratios(self) -> dict[str, Distance]:
        """Renders' distances over those of the halves heard through the codec."""
        return {
            name: Distance(d.frechet / self.codec.frechet, d.kernel / self.codec.kernel)
            for name, d in self.renders.items()
        }

    def __str__(self) -> str:
        rows = {"two halves": self.halves, "halves, codec": self.codec, **self.renders}
        lines = [f"{'to held-out recordings':<28}{'sounds':>7}{'Frechet':>10}{'kernel':>10}"]
        lines += [
            f"{name:<28}{self.sounds:>7}{d.frechet:>10.3f}{d.kernel:>10.2f}"
            for name, d in rows.items()
        ]
        return "\n".join(lines)


def fidelity(judge: Judge, renders: Mapping[str, Tensor]) -> Fidelity:
    """Compares renders with recordings: as the recordings with themselves, half with half.

    Args:
        renders: embeddings (N, 512), one for each recording, in the judge's order; by kind of
            render (sampler, or way through the bridge).
    """
    plain, coded = F.normalize(judge.plain, dim=1), F.normalize(judge.coded, dim=1)
    sets = {name: F.normalize(values, dim=1) for name, values in renders.items()}
    bandwidth = median_distance(plain)

    def distance(a: Tensor, b: Tensor) -> Distance:
        return Distance(frechet(a, b), kernel_distance(a, b, bandwidth))

    splits = [_halves(judge.labels, Random(seed)) for seed in range(SPLITS)]

    def mean(one: Callable[[list[int], list[int]], Distance]) -> Distance:
        return Distance.mean([one(*split) for split in splits])

    return Fidelity(
        len(splits[0][0]),
        mean(lambda a, b: distance(plain[a], plain[b])),
        mean(lambda a, b: distance(plain[a], coded[b])),
        {
            name: mean(lambda a, b, made=made: distance(plain[a], made[b]))  # type: ignore[misc]
            for name, made in sets.items()
        },
    )


def _halves(labels: Sequence[str], rng: Random) -> tuple[list[int], list[int]]:
    """Two disjoint sets of recordings with equally many of each class."""
    first: list[int] = []
    second: list[int] = []
    for name in sorted(set(labels)):
        rows = [i for i, label in enumerate(labels) if label == name]
        rng.shuffle(rows)
        half = len(rows) // 2
        first += rows[:half]
        second += rows[half : 2 * half]
    return first, second
