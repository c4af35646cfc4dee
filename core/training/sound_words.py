"""`python app.py train sound-words`: from the sound of recordings to what people call it.

A linear map from embeddings of sound to sentence vectors (core/library/sound_words.py), learned
from the clips of a corpus with all their kinds' training wordings: a clip is to lie nearer to a
wording of its own kind than to one of every other kind. Kinds count alike, and so do recorded and
synthesised clips of a kind. Both networks stay as they are; 15 minutes on one core, nearly all of
them for listening.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
import torch.nn.functional as F
from torch import Tensor

from core.bridge.text_encoder import sentence_encoder
from core.corpus.captions import PARAPHRASES, PHRASES
from core.corpus.learnable import CANDIDATES_BY_NAME, LEARNABLE, candidate_wordings
from core.library.listening import HeardRecording, LibraryListener
from core.library.sound_words import SoundWords

_WORDINGS = 32
"""Of each kind, evenly from all there are."""
_STEPS, _BATCH = 3000, 512
_RATE, _DECAY = 1e-3, 0.05
_SCALE = 20.0
"""What cosines are multiplied by before the softmax over kinds."""
_NOISE = 0.02
"""Deviation of what is added to each number of a unit vector of sound: clips of a kind that were
synthesised alike are not to be learned by heart."""
_TOGETHER = 32
"""Clips that are listened to at once."""


@dataclass(frozen=True, eq=False)
class HeardClips:
    """Vectors (N, 512) of clips, of unit length, the kind of each, and which were synthesised."""

    vectors: Tensor
    kinds: tuple[str, ...]
    synthesised: tuple[bool, ...]


def training_wordings(name: str) -> tuple[str, ...]:
    """At most _WORDINGS of a kind's training wordings, its plain caption first."""
    if name in CANDIDATES_BY_NAME:
        words: Sequence[str] = candidate_wordings(name)
    else:
        words = [*PHRASES[name], *PARAPHRASES.get(name, ())]
    words = list(dict.fromkeys([LEARNABLE[name].caption, *words]))
    return tuple(words[:: max(1, -(-len(words) // _WORDINGS))])


def listen_to_clips(
    manifest: Path, split: str = "train", say: Callable[[str], object] = print
) -> HeardClips:
    """The clips of a corpus, as an indexed recording is heard."""
    rows = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines() if line]
    rows = [row for row in rows if row["split"] == split and row["class"] in LEARNABLE]
    listener = LibraryListener()
    vectors: list[Tensor] = []
    for start in range(0, len(rows), _TOGETHER):
        heard = [
            _heard(listener, manifest.parent / row["path"]) for row in rows[start:][:_TOGETHER]
        ]
        vectors.append(listener.embed(heard))
        say(f"{start + len(heard)} of {len(rows)} clips heard")
    return HeardClips(
        torch.cat(vectors),
        tuple(row["class"] for row in rows),
        tuple(row["kind"] == "synthesised" for row in rows),
    )


def _heard(listener: LibraryListener, path: Path) -> HeardRecording:
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return HeardRecording(len(samples) / rate, listener.blocks(samples.T, rate))


def wording_vectors(names: Sequence[str]) -> dict[str, Tensor]:
    """Sentence vectors (n, 384) of each kind's training wordings."""
    encoder = sentence_encoder()
    return {name: encoder.sentences(training_wordings(name)) for name in names}


def fit_sound_words(
    clips: HeardClips, wordings: Mapping[str, Tensor], seed: int = 0, steps: int = _STEPS
) -> SoundWords:
    """The map, by cross-entropy over kinds; deterministic by its seed."""
    names = sorted(set(clips.kinds))
    labels = torch.tensor([names.index(kind) for kind in clips.kinds])
    weights = torch.from_numpy(_evenly(clips))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        width = next(iter(wordings.values())).shape[1]
        layer = torch.nn.Linear(clips.vectors.shape[1], width)
        optimizer = torch.optim.AdamW(layer.parameters(), lr=_RATE, weight_decay=_DECAY)
        falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        for _ in range(steps):
            rows = torch.multinomial(weights, _BATCH, replacement=True)
            said = torch.stack(
                [wordings[name][torch.randint(len(wordings[name]), ())] for name in names]
            )
            sounds = clips.vectors[rows]
            sounds = F.normalize(sounds + _NOISE * torch.randn_like(sounds), dim=1)
            logits = _SCALE * F.normalize(layer(sounds), dim=1) @ said.T
            loss = F.cross_entropy(logits, labels[rows])
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            falling.step()
    return SoundWords(layer.weight.detach().numpy(), layer.bias.detach().numpy())


def _evenly(clips: HeardClips) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Weights (N,) by which kinds, and recorded and synthesised clips of each, are drawn alike."""
    groups = list(zip(clips.kinds, clips.synthesised, strict=True))
    count = {group: groups.count(group) for group in set(groups)}
    parts = {kind: sum(group[0] == kind for group in count) for kind in set(clips.kinds)}
    return np.array([1.0 / (count[group] * parts[group[0]]) for group in groups])


def share_found(
    words: SoundWords, clips: HeardClips, queries: Mapping[str, Sequence[str]], first: int = 5
) -> float:
    """The share of queries among whose first so many clips one is of the query's kind."""
    in_words = torch.from_numpy(words.in_words(clips.vectors.numpy()))
    encoder = sentence_encoder()
    hits = [
        any(clips.kinds[place] == name for place in row.topk(first).indices.tolist())
        for name, texts in queries.items()
        for row in encoder.sentences(list(texts)) @ in_words.T
    ]
    return float(np.mean(hits))


def write_sound_words(manifest: Path, path: Path) -> None:
    """Listen, learn and write the map."""
    clips = listen_to_clips(manifest)
    fit_sound_words(clips, wording_vectors(sorted(set(clips.kinds)))).save(path)
