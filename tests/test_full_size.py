"""What a training at full size would take: counts of published weights, and plain arithmetic."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.release.cards import published_parameters
from core.training.command import main
from core.training.full_size import LOADS, bytes_on_a_card, operations, published_weights


def test_the_weights_are_those_of_the_published_checkpoint() -> None:
    """3.09 billion in the language model, of which 152 277 rows of 2048 are embeddings."""
    counts, weights = published_parameters(), published_weights()
    assert weights.performer == counts["performer (DiT)"]
    assert weights.bridge == counts["bridge"]
    rows = 152_277 * 2048
    norms = 73 * 2048
    assert weights.frozen + rows + norms == counts["language model (director)"]
    assert weights.director == counts["its adapter (LoRA)"] + norms + 2 * rows


def test_work_follows_lessons_and_memory_what_is_shared(capsys: pytest.CaptureFixture[str]) -> None:
    weights, load = published_weights(), LOADS[1]
    assert operations(replace(load, passes=6), weights) == 2 * operations(load, weights)
    silent = replace(load, sounds=0.0)
    performed = operations(load, weights) - operations(silent, weights)
    assert performed == pytest.approx(2.1e6 * 710 * 6 * weights.performer)
    saved = bytes_on_a_card(load, weights) - bytes_on_a_card(load, weights, shared_by=8)
    adapter = published_parameters()["its adapter (LoRA)"]
    assert saved == pytest.approx(7 / 8 * (2 * weights.frozen + 20 * adapter))
    main(["estimate", "--memory", "1"])
    told = capsys.readouterr().out
    assert all(stage.name in told for stage in LOADS)
    assert told.count("too much, take fewer lessons at once") == len(LOADS)
