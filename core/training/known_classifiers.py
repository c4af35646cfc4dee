"""The two classifiers that tell known sounds from others, trained on known_rows.py.

One is linear, over vectors of whole texts: which kind, of known ones and others. The other reads a
caption's words: whether all that it tells of is known. Two minutes on one core.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import torch
from torch import Tensor

from core.bridge.caption_classifier import CaptionClassifier, padded
from core.bridge.known_sounds import SCALE, SoundClassifier
from core.corpus.vocabulary import BY_NAME
from core.training.known_rows import ANY_KNOWN, ANY_OTHER, NOTHING, KnownRow

_EPOCHS, _BATCH, _RATE, _DECAY, _SMOOTHING = 12, 512, 1e-2, 1e-2, 0.1
_CAPTION_EPOCHS, _CAPTION_BATCH, _CAPTION_RATE = 8, 64, 2e-3
_LEFT_OUT = 0.1
"""Share of a caption's words that are left out in training, so that no single one decides."""
_LENGTHS_MIXED = 4.0
"""Words by which captions of one batch may differ in length: alike, so that little is padding."""


def train_sounds(
    rows: Sequence[KnownRow], kinds: Sequence[str], vectors: Tensor
) -> SoundClassifier:
    """Weighted, smoothed cross-entropy with half of the target on each of a row's two kinds.

    Args:
        kinds: the known classes, all other kinds, and nothing.
        vectors: of the rows' texts, of unit length, (B, D).
    """
    torch.manual_seed(0)
    place = {kind: number for number, kind in enumerate([*kinds, ANY_KNOWN, ANY_OTHER])}
    vectors = SCALE * vectors
    targets = torch.tensor([[place[kind] for kind in row.kinds] for row in rows])
    weights = torch.tensor([row.weight for row in rows])
    layer = torch.nn.Linear(vectors.shape[1], len(kinds))
    optimiser = torch.optim.AdamW(layer.parameters(), _RATE, weight_decay=_DECAY)
    steps = _EPOCHS * -(-len(rows) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=steps)
    for _ in range(_EPOCHS):
        for batch in torch.split(torch.randperm(len(rows)), _BATCH):
            logs = layer(vectors[batch]).log_softmax(1)
            sides = [logs[:, : len(BY_NAME)], logs[:, len(BY_NAME) : -1]]
            either = torch.stack([side.logsumexp(1) for side in sides], dim=1)
            aims = torch.cat([logs, either], dim=1).gather(1, targets[batch])
            hit = (1 - _SMOOTHING) * aims.mean(1)
            loss = -(hit + _SMOOTHING * logs.mean(1)) * weights[batch]
            optimiser.zero_grad()
            (loss.sum() / weights[batch].sum()).backward()
            optimiser.step()
            schedule.step()
    weight, bias = layer.weight.detach(), layer.bias.detach()
    return SoundClassifier(weight.half().float(), bias.half().float(), len(BY_NAME))


def train_captions(
    rows: Sequence[KnownRow], words: Sequence[Tensor], seed: int
) -> CaptionClassifier:
    """Weighted, smoothed binary cross-entropy: is all that a row tells of known?

    Args:
        words: states of the words of each row's text, (N, D).
    """
    torch.manual_seed(seed)
    heard = [number for number, row in enumerate(rows) if set(row.kinds) != {NOTHING}]
    states = [words[number] for number in heard]
    known = torch.tensor([_known(rows[number]) for number in heard])
    weights = _balanced(torch.tensor([rows[number].weight for number in heard]), known)
    aims = known * (1 - _SMOOTHING) + _SMOOTHING / 2
    network = CaptionClassifier(states[0].shape[1]).train()
    optimiser = torch.optim.AdamW(network.parameters(), _CAPTION_RATE, weight_decay=_DECAY)
    steps = _CAPTION_EPOCHS * -(-len(heard) // _CAPTION_BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _CAPTION_RATE, total_steps=steps)
    for epoch in range(_CAPTION_EPOCHS):
        for batch in _batches(states, Random(epoch + _CAPTION_EPOCHS * seed)):
            vectors, mask = padded([states[number] for number in batch.tolist()])
            kept = torch.rand(mask.shape) >= _LEFT_OUT
            kept[:, 0] = True
            logits = network(vectors, mask & kept)
            losses = torch.nn.functional.binary_cross_entropy_with_logits(
                logits, aims[batch], weights[batch], reduction="sum"
            )
            optimiser.zero_grad()
            torch.autograd.backward(losses / weights[batch].sum())
            optimiser.step()
            schedule.step()
    return network.half().float().eval()


def _known(row: KnownRow) -> float:
    return float(all(kind in BY_NAME or kind in (ANY_KNOWN, NOTHING) for kind in row.kinds))


def _balanced(weights: Tensor, known: Tensor) -> Tensor:
    """The weights, with as much on known rows as on others."""
    share = float((weights * known).sum() / weights.sum())
    return weights * torch.where(known > 0, 0.5 / share, 0.5 / (1 - share))


def _batches(states: Sequence[Tensor], rng: Random) -> list[Tensor]:
    """Places of captions that are about as long, in random order."""
    lengths = torch.tensor([len(words) for words in states])
    mixed = lengths + torch.rand(len(states)) * _LENGTHS_MIXED
    batches = list(torch.split(mixed.argsort(), _CAPTION_BATCH))
    rng.shuffle(batches)
    return batches
