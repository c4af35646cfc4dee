"""One unknown word among many known ones is enough, and padding says nothing."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from core.bridge.caption_classifier import padded
from core.training.known_classifiers import train_captions
from core.training.known_rows import ANY_KNOWN, ANY_OTHER, NOTHING, KnownRow, thinned

WIDTH, UNKNOWN_WORD = 24, 3


def caption(length: int, unknown: bool, generator: torch.Generator) -> Tensor:
    """Words are noise; an unknown one has something in common with other unknown ones."""
    words = 0.3 * torch.randn(length, WIDTH, generator=generator)
    words[:, UNKNOWN_WORD] = 0
    if unknown:
        words[int(torch.randint(1, length, (), generator=generator)), UNKNOWN_WORD] = 1.5
    return words


@pytest.fixture(scope="module")
def captions() -> tuple[list[KnownRow], list[Tensor]]:
    generator = torch.Generator().manual_seed(0)
    labels = [number % 2 == 0 for number in range(1200)]
    sides = {False: (ANY_KNOWN, ANY_KNOWN), True: (ANY_KNOWN, ANY_OTHER)}
    words = [caption(4 + number % 12, label, generator) for number, label in enumerate(labels)]
    return [KnownRow("", sides[label]) for label in labels], words


def test_one_unknown_word_among_fifteen_is_found(
    captions: tuple[list[KnownRow], list[Tensor]],
) -> None:
    network = train_captions(*captions, seed=0)
    generator = torch.Generator().manual_seed(1)
    fresh = [caption(15, number % 2 == 0, generator) for number in range(200)]
    found = network(*padded(fresh)) < 0
    right = found == torch.tensor([number % 2 == 0 for number in range(200)])
    assert float(right.float().mean()) >= 0.9


def test_a_caption_is_judged_alike_alone_and_beside_longer_ones(
    captions: tuple[list[KnownRow], list[Tensor]],
) -> None:
    network = train_captions(captions[0][:64], captions[1][:64], seed=0)
    short, longer = captions[1][0], captions[1][11]
    alone = network(*padded([short]))
    torch.testing.assert_close(network(*padded([short, longer]))[:1], alone)


def test_of_one_kind_only_some_rows_are_kept_but_every_pair_and_whole_caption() -> None:
    single = [KnownRow(str(number), ("rain", "rain")) for number in range(5)]
    pair = [KnownRow("pair", ("rain", "dog"))] * 3
    whole = [KnownRow("whole", (ANY_KNOWN, ANY_KNOWN))] * 3
    kept = thinned([*single, *pair, *whole, KnownRow("far away", (NOTHING, NOTHING))], 2)
    assert [row.text for row in kept] == ["0", "1", *["pair"] * 3, *["whole"] * 3, "far away"]
