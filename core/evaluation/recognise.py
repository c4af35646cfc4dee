"""Recognisability: is a sound nearest to the recordings of its own class?

A class is the centroid of its held-out recordings (core/listener/nearest.py); a recording never
helps the centroid it is judged by. Renders stand for the recordings: as many of each class, each as
long as one of them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

import soundfile
import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from core.codec.codec import Codec
from core.corpus.captions import HELD_OUT
from core.corpus.learnable import LEARNABLE
from core.corpus.vocabulary import BY_NAME
from core.errors import AudioFileError, WeightsError
from core.files import atomic_path
from core.listener.aisfx import AISFX_RATE, Embedder
from core.listener.nearest import (
    FEWEST_RECORDINGS,
    JUDGED_SECONDS,
    SHORTEST_RENDER,
    TOP,
    Centroids,
    centroids,
    centroids_without,
    nearest_classes,
    rank_of,
    top_k,
)

Heard = Callable[[str, float, int], Tensor]
"""heard(caption, seconds, seed) gives the embedding (512,) of a render."""
Paraphrase = Callable[[str, int], str]
"""paraphrase(class, n) is the caption of the n-th render of a class."""


def plain_paraphrase(name: str, number: int) -> str:
    """The vocabulary's own caption, which training has seen."""
    return BY_NAME[name].caption


def unseen_paraphrase(name: str, number: int) -> str:
    """Paraphrases that training never saw, in turn."""
    return HELD_OUT[name][number % len(HELD_OUT[name])]


@dataclass(frozen=True)
class LabelledRecording:
    """A recording: mono waveform (N,) at 44.1 kHz and its class."""

    name: str
    waveform: Tensor


def held_out_recordings(manifest: Path) -> list[LabelledRecording]:
    """Test recordings of classes that have at least `FEWEST_RECORDINGS` of them.

    Raises:
        AudioFileError: the manifest lists none.
    """
    counts = Counter(str(r["class"]) for r in _recorded(manifest, "test"))
    judged = [name for name in counts if counts[name] >= FEWEST_RECORDINGS]
    found = _recordings(manifest, "test", judged)
    if not found:
        raise AudioFileError(f"No held-out recordings in {manifest}: build the corpus first.")
    return found


def training_recordings(manifest: Path, names: Sequence[str]) -> list[LabelledRecording]:
    """Training recordings of these classes.

    Raises:
        AudioFileError: the manifest lists none.
    """
    found = _recordings(manifest, "train", names)
    if not found:
        raise AudioFileError(f"No training recordings in {manifest}: build the corpus first.")
    return found


def _recorded(manifest: Path, split: str) -> list[dict[str, Any]]:
    rows = [
        json.loads(line)
        for line in manifest.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    return [r for r in rows if r["split"] == split and r["kind"] == "recorded"]


def _recordings(manifest: Path, split: str, names: Collection[str]) -> list[LabelledRecording]:
    rows = [r for r in _recorded(manifest, split) if str(r["class"]) in names]
    return [
        LabelledRecording(str(r["class"]), _read(manifest.parent / str(r["path"]))) for r in rows
    ]


def _read(path: Path) -> Tensor:
    samples, rate = soundfile.read(
        path, frames=round(JUDGED_SECONDS * AISFX_RATE), dtype="float32", always_2d=True
    )
    if rate != AISFX_RATE:
        raise AudioFileError(f"{path} is at {rate} Hz: the corpus must be stored at 44100 Hz.")
    return torch.from_numpy(samples).mean(1)


def ignored(line: str) -> None:
    """Progress goes nowhere."""


@dataclass(frozen=True)
class _Row:
    """How many sounds there are and the share of them that was recognised."""

    name: str
    count: int
    top_1: float
    top_5: float


@dataclass(frozen=True)
class Table:
    """Recognisability of one kind of sound, by class, by family and in all."""

    title: str
    classes: tuple[_Row, ...]
    families: tuple[_Row, ...]
    total: _Row
    alike: _Row
    """The mean of the classes, each of which counts the same."""
    cosine: float | None = None
    """Mean cosine to the embeddings of the originals, where there are originals."""

    @classmethod
    def of(
        cls,
        title: str,
        labels: Sequence[str],
        ranks: Sequence[int],
        cosine: float | None = None,
    ) -> Table:
        """From the true label of each sound and the place at which it was found."""
        families = [LEARNABLE[label].family for label in labels]
        classes = _rows(labels, ranks)
        top_1, top_5 = fmean(row.top_1 for row in classes), fmean(row.top_5 for row in classes)
        return cls(
            title,
            classes,
            _rows(families, ranks),
            _Row("all", len(ranks), top_k(ranks, 1), top_k(ranks, TOP)),
            _Row("mean of classes", len(ranks), top_1, top_5),
            cosine,
        )

    def __str__(self) -> str:
        """Aligned lines: classes, families, total and the mean of the classes."""
        lines = [f"{self.title:<22}{'sounds':>8}{'top-1':>9}{'top-5':>9}"]
        for group in (self.classes, self.families, (self.total, self.alike)):
            lines += ["-" * 48]
            lines += [f"{r.name:<22}{r.count:>8}{r.top_1:>9.1%}{r.top_5:>9.1%}" for r in group]
        if self.cosine is not None:
            lines.append(f"{'cosine':<22}{self.cosine:>26.3f}")
        return "\n".join(lines)


def _rows(names: Sequence[str], ranks: Sequence[int]) -> tuple[_Row, ...]:
    groups: dict[str, list[int]] = {}
    for name, found in zip(names, ranks, strict=True):
        groups.setdefault(name, []).append(found)
    return tuple(_Row(n, len(p), top_k(p, 1), top_k(p, TOP)) for n, p in sorted(groups.items()))


class Judge:
    """The embedded held-out recordings, plain and through the codec, and what is judged by them."""

    def __init__(
        self,
        labels: Sequence[str],
        seconds: Sequence[float],
        plain: Tensor,
        coded: Tensor,
        embedder: Embedder,
    ) -> None:
        """Labels and lengths of N recordings, their embeddings (N, 512) without and with codec."""
        self.labels = list(labels)
        self.seconds = list(seconds)
        self.plain = plain
        self.coded = coded
        self.embedder = embedder

    @classmethod
    def of_recordings(
        cls, recordings: Sequence[LabelledRecording], embedder: Embedder, codec: Codec
    ) -> Judge:
        """Embeds every recording and what the codec makes of it (seed 0)."""
        plain = [embedder.embed(r.waveform) for r in recordings]
        coded = [embedder.embed(_through(codec, r.waveform)) for r in recordings]
        labels = [r.name for r in recordings]
        seconds = [len(r.waveform) / AISFX_RATE for r in recordings]
        return cls(labels, seconds, torch.stack(plain), torch.stack(coded), embedder)

    def save(self, path: Path) -> None:
        """Writes embeddings as safetensors in half precision, labels and lengths as metadata."""
        tensors = {"plain": self.plain.half(), "coded": self.coded.half()}
        about = {"labels": json.dumps(self.labels), "seconds": json.dumps(self.seconds)}
        with atomic_path(path) as temporary:
            save_file(tensors, temporary, metadata=about)

    @classmethod
    def load(cls, path: Path, embedder: Embedder) -> Judge:
        """The judge that `save` wrote.

        Raises:
            WeightsError: the file is missing or damaged.
        """
        try:
            with safe_open(path, framework="pt") as file:
                labels, seconds = (json.loads(file.metadata()[n]) for n in ("labels", "seconds"))
                plain, coded = (file.get_tensor(n).float() for n in ("plain", "coded"))
        except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
            raise WeightsError(
                f"Cannot read {path}: run `python app.py evaluate recognise --manifest FILE` anew."
            ) from error
        return cls(labels, seconds, plain, coded, embedder)

    def recordings_table(self) -> Table:
        """The recordings themselves: what a perfect performer and codec could reach."""
        return Table.of("recordings", self.labels, self._ranks(self.plain))

    def codec_table(self) -> Table:
        """The recordings through the codec, and their mean cosine to themselves."""
        cosine = F.cosine_similarity(self.plain, self.coded, dim=1).mean().item()
        return Table.of("through the codec", self.labels, self._ranks(self.coded), cosine)

    @cached_property
    def classes(self) -> Centroids:
        """Centroids of the recordings, by which renders are judged."""
        return centroids(self.plain, self.labels)

    def only(self, names: Sequence[str]) -> Judge:
        """The judge that knows the recordings of these classes alone."""
        rows = [i for i, label in enumerate(self.labels) if label in names]
        labels, seconds = [self.labels[i] for i in rows], [self.seconds[i] for i in rows]
        return Judge(labels, seconds, self.plain[rows], self.coded[rows], self.embedder)

    def lengths(self, name: str) -> list[float]:
        """Seconds of a render for each recording of a class."""
        own = [s for label, s in zip(self.labels, self.seconds, strict=True) if label == name]
        return [max(SHORTEST_RENDER, seconds) for seconds in own]

    def renders_table(
        self,
        heard: Heard,
        rounds: int = 1,
        names: Sequence[str] | None = None,
        paraphrase: Paraphrase = unseen_paraphrase,
        title: str = "renders",
        say: Callable[[str], None] = ignored,
    ) -> Table:
        """Renders of every judged class, or of `names` among them, with seeds 0, 1, ...

        Args:
            rounds: renders for each recording.
            say: gets one line a render.
        """
        labels, ranks = [], []
        for name in [n for n in sorted(self.classes) if names is None or n in names]:
            for seed, seconds in enumerate(self.lengths(name) * rounds):
                caption = paraphrase(name, seed)
                order = nearest_classes(heard(caption, seconds, seed), self.classes)
                labels.append(name)
                ranks.append(order.index(name))
                say(f"{title}: {name} {seed} rank {ranks[-1] + 1} ({order[0]}) {caption!r}")
        return Table.of(title, labels, ranks)

    def _ranks(self, embeddings: Tensor) -> list[int]:
        """Ranks of the recordings, each judged by centroids that it had no part in."""
        return [
            rank_of(name, embeddings[i], centroids_without(self.plain, self.labels, [i]))
            for i, name in enumerate(self.labels)
        ]


def tagged_table(judge: Judge, ranked: Callable[[Tensor], list[str]]) -> Table:
    """The recordings by another ranking of their embeddings."""
    ranks = [
        ranked(embedding).index(label)
        for embedding, label in zip(judge.plain, judge.labels, strict=True)
    ]
    return Table.of("recordings, tagged", judge.labels, ranks)


def _through(codec: Codec, waveform: Tensor) -> Tensor:
    channels = waveform.expand(1, codec.audio_channels, -1)
    decoded = codec.decode(codec.encode(channels), seed=0)
    return decoded[0].mean(0)[: len(waveform)]


def report(tables: Sequence[Table]) -> dict[str, Any]:
    """The tables as plain data, by title."""
    return {table.title: asdict(table) for table in tables}


def share_of(table: Table, reference: Table) -> dict[str, float | str]:
    """A table's figures as shares of the reference's, and its weakest family."""
    own = {row.name: row.top_1 for row in reference.families}
    shares = {r.name: r.top_1 / own[r.name] for r in table.families if own.get(r.name)}
    weakest = min(shares, key=lambda name: shares[name], default="")
    return {
        "top_1": table.total.top_1 / reference.total.top_1,
        "top_5": table.total.top_5 / reference.total.top_5,
        "alike_top_1": table.alike.top_1 / reference.alike.top_1,
        "alike_top_5": table.alike.top_5 / reference.alike.top_5,
        "weakest_family": weakest,
        "weakest_family_top_1": shares.get(weakest, float("nan")),
    }
