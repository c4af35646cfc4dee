"""`python app.py train estimate`: what a training of AudioStory-3B would take on several cards.

Computed and not measured: parameters come from the published configurations, on modules without
memory; lessons from the paper's data; passes over the data, lengths of lessons and the share of a
card's speed that is reached are assumed here, and stand in the table that is printed.

A step costs 6 floating-point operations for each trained weight and token, 4 for a frozen one that
gradients pass through. Activations in half precision take 34 bytes for each token, width and layer
with a fused attention (Korthikanti et al., MLSys 2023).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.release.cards import GIB, published_parameters
from core.release.sizes import QWEN, VOCABULARY, published

TRAINED, FROZEN = 6.0, 4.0
"""Floating-point operations for a weight and token, forward and backward."""
STATE_BYTES = 20.0
"""Of a trained weight: itself, its gradient, its average and two moments of AdamW, in fp32."""
FROZEN_BYTES = 2.0
ACTIVATION_BYTES = 34.0
LOGIT_BYTES = 10.0
"""Of an entry of the vocabulary for a token: its logit in bf16, and in fp32 twice for the loss."""
TOKENS_OF_SOUND = 710
"""That the performer sees: 645 latent frames (30 s), 64 tokens of the condition, the duration."""


@dataclass(frozen=True)
class Cards:
    """The machine.

    Attributes:
        count: how many cards.
        gigabytes: memory of one.
        teraflops: of one, in bf16 and dense, as its maker says (H100 SXM: 989).
        reached: share of that which training reaches; 0.35 is usual for models of this size.
    """

    count: int = 8
    gigabytes: float = 80.0
    teraflops: float = 989.0
    reached: float = 0.35

    @property
    def speed(self) -> float:
        """Operations a second of all cards."""
        return self.count * self.teraflops * 1e12 * self.reached


@dataclass(frozen=True)
class StageLoad:
    """What a stage goes through.

    Attributes:
        lessons: in one pass over its data (the paper's counts).
        passes: over the data.
        tokens: of a lesson, that the director reads or writes.
        sounds: of a lesson, that the performer learns.
        batch: lessons that a card takes at once.
    """

    name: str
    lessons: int
    passes: int
    tokens: int
    sounds: float
    batch: int


LOADS = (
    StageLoad("stage I, warm-up of the semantic tokens", 700_000, 1, 170, 0.0, 16),
    StageLoad("stage I, tokens and DiT", 700_000, 3, 170, 1.0, 8),
    StageLoad("stage II, understanding (2) and generation (1)", 1_500_000, 1, 165, 1 / 3, 8),
    StageLoad("stage III, long stories (AS-10k) and continuation", 20_000, 5, 1200, 8.0, 1),
)
"""A single event takes 60 tokens of prompt and caption, 30 of reasoning, 72 bridging tokens and the
marks; a question about a sound is as long. A story has eight events on average; each story of
AS-10k is written once and continued once."""


@dataclass(frozen=True)
class WeightCounts:
    """Counts of AudioStory-3B's weights by what training does with them.

    Attributes:
        frozen: of the language model's layers.
        director: its adapter, norms, embeddings and output head, which the release trains.
        bridge: projectors and fuser.
        performer: the DiT.
    """

    frozen: int
    director: int
    bridge: int
    performer: int

    @property
    def trained(self) -> int:
        return self.director + self.bridge + self.performer


def published_weights() -> WeightCounts:
    """The published checkpoint's."""
    counts = published_parameters()
    tables = VOCABULARY * QWEN.hidden_size
    norms = (2 * QWEN.num_hidden_layers + 1) * QWEN.hidden_size
    layers = counts["language model (director)"] - tables - norms
    director = counts["its adapter (LoRA)"] + norms + 2 * tables
    return WeightCounts(layers, director, counts["bridge"], counts["performer (DiT)"])


def operations(load: StageLoad, weights: WeightCounts) -> float:
    """Floating-point operations of a stage."""
    head = VOCABULARY * QWEN.hidden_size
    trained = weights.director - head + weights.bridge  # the embedding's rows are only looked up
    lesson = load.tokens * (FROZEN * weights.frozen + TRAINED * trained)
    lesson += load.sounds * TOKENS_OF_SOUND * TRAINED * weights.performer
    return float(load.lessons * load.passes * lesson)


def bytes_on_a_card(load: StageLoad, weights: WeightCounts, shared_by: int = 1) -> float:
    """Memory of one card: weights, what the optimizer keeps of them, activations.

    Args:
        shared_by: cards that the language model's layers and their adapter are sharded among.
    """
    adapter = published_parameters()["its adapter (LoRA)"]
    whole = STATE_BYTES * (weights.trained - adapter)
    sharded = (FROZEN_BYTES * weights.frozen + STATE_BYTES * adapter) / shared_by
    width = ACTIVATION_BYTES * QWEN.hidden_size * QWEN.num_hidden_layers
    read = load.batch * load.tokens * (width + LOGIT_BYTES * VOCABULARY)
    performer = published().performer
    width = ACTIVATION_BYTES * performer.heads * performer.head_dim
    width *= performer.layers + performer.single_layers
    heard = load.batch * load.sounds * TOKENS_OF_SOUND * width
    return float(whole + sharded + read + heard)


def estimate(cards: Cards) -> Iterator[str]:
    """The lines of the report."""
    weights = published_weights()
    yield "Weights, from the published configurations, in millions:"
    for text, count in (
        ("frozen, the language model's layers", weights.frozen),
        ("trained, adapter, norms, embeddings, output head", weights.director),
        ("trained, bridge", weights.bridge),
        ("trained, performer (DiT)", weights.performer),
    ):
        yield f"  {text:50s} {count / 1e6:8.1f}"
    yield f"On {cards.count} cards of {cards.gigabytes:g} GB and {cards.teraflops:g} TFLOP/s,"
    yield f"of which {cards.reached:.0%} are reached (assumed):"
    hours = 0.0
    for load in LOADS:
        work = operations(load, weights)
        hours += work / cards.speed / 3600
        steps = load.lessons * load.passes // (load.batch * cards.count)
        memory = bytes_on_a_card(load, weights) / GIB
        sharded = bytes_on_a_card(load, weights, cards.count) / GIB
        yield f"  {load.name}"
        yield f"    {load.lessons} lessons {load.passes} x, {load.batch} a card: {steps} steps"
        yield f"    {work:.1e} operations, {work / cards.speed / 3600:.1f} h"
        yield f"    {memory:.0f} GB a card, sharded {sharded:.0f} GB{_fit(memory, sharded, cards)}"
    yield f"In all {hours:.1f} h, without data, checkpoints, evaluation, and what goes wrong."


def _fit(memory: float, sharded: float, cards: Cards) -> str:
    if memory <= cards.gigabytes:
        return ""
    return ": --shard" if sharded <= cards.gigabytes else ": too much, take fewer lessons at once"
