"""Training on several processes: the same data in the same order, the same losses, one folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import torch
from torch import Tensor, nn

from core.errors import StudioError
from core.training.command import TRAINED_TOGETHER, main
from core.training.lesson import Ablation
from core.training.loop import TrainingRun, train
from core.training.ranks import Ranks, part_seed
from core.training.states import collect, read_states
from core.training.states import lesson as reading
from tests import tiny_stages
from tests.soak import ranks
from tests.tiny_stages import TRAININGS


def test_stages_learn_on_two_processes_what_they_learn_on_one_which_goes_on_there(
    tmp_path: Path,
) -> None:
    """Gloo on the processor. One process does both parts of a step, two do one each, also where the
    language model's layers or the performer's blocks are sharded. A process with another device
    than the processor learns the same, and takes a step of every stage there. All stages: `python
    -m tests.soak ranks`."""
    ranks.compare(tmp_path, 2, 1, ["stage3", "ear", "plans+shard", "performer+shard"])


def test_every_step_that_trains_is_among_the_stages_that_are_tried() -> None:
    assert {*TRAININGS} == {*TRAINED_TOGETHER} - {"states"} | {"ear"}


def test_parts_are_shared_out_whole_and_each_has_its_own_seed() -> None:
    for count in (1, 2, 3):
        shares = [Ranks(rank, count).share(5) for rank in range(count)]
        assert sorted(part for share in shares for part in share) == [0, 1, 2, 3, 4]
    seeds = {part_seed(run, step, part) for run in (0, 1) for step in range(99) for part in (0, 1)}
    assert len(seeds) == 2 * 99 * 2
    with pytest.raises(StudioError, match="--parts 4 or more"):
        Ranks(0, 4).share(3)


def fit(folder: Path, run: TrainingRun) -> list[int]:
    """Fit a small layer; the seeds of the parts that were drawn, in their order."""
    model = nn.Linear(3, 1)
    drawn = []

    def losses(generator: torch.Generator) -> Iterator[dict[str, Tensor]]:
        drawn.append(generator.initial_seed())
        assert torch.initial_seed() == generator.initial_seed()
        x = torch.randn(8, 3, generator=generator)
        yield {"fit": (model(x) - x.sum(1, keepdim=True)).square().mean()}

    train(model, losses, {"fit": 1.0}, run, folder)
    return drawn


def test_a_run_goes_on_with_the_parts_that_it_began_with(tmp_path: Path) -> None:
    begun = TrainingRun(2, 1e-2, warmup=1, parts=2)
    assert fit(tmp_path, begun) == [part_seed(0, step, part) for step in (0, 1) for part in (0, 1)]
    assert fit(tmp_path, replace(begun, steps=3, parts=None)) == [
        part_seed(0, 2, part) for part in (0, 1)
    ]
    with pytest.raises(StudioError, match=r"have 2 part\(s\); leave out --parts"):
        fit(tmp_path, replace(begun, steps=4, parts=3))


def test_a_run_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    """It kept the optimizers' own states, and no parts."""
    run = TrainingRun(2, 1e-2, warmup=1, parts=1)
    fit(tmp_path, run)
    kept = torch.load(tmp_path / "state.pt", weights_only=True)
    moments = kept.pop("moments")
    del kept["parts"]
    assert set(moments["weight"]) == {"exp_avg", "exp_avg_sq", "step"}
    layer = nn.Linear(3, 1)
    optimizer = torch.optim.AdamW(layer.parameters(), fused=True)
    for parameter, kind in zip(layer.parameters(), ("weight", "bias"), strict=True):
        optimizer.state[parameter] = moments[kind]
    torch.save({**kept, "optimizers": [optimizer.state_dict()]}, tmp_path / "state.pt")
    fit(tmp_path, replace(run, steps=3, parts=None))
    after = torch.load(tmp_path / "state.pt", weights_only=True)
    assert (after["step"], after["parts"]) == (3, 1)
    assert after["moments"]["weight"]["step"] == 3
    assert not torch.equal(after["moments"]["weight"]["exp_avg"], moments["weight"]["exp_avg"])


def test_what_is_no_training_the_first_process_does_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    main(["publish", "--from", str(tmp_path / "nowhere")])
    main(["corpus", "--root", str(tmp_path / "corpus")])
    assert not list(tmp_path.iterdir())


def test_two_processes_read_the_states_that_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.training.states.SHARD", 1)
    model, examples = tiny_stages.model().eval(), tiny_stages.examples()
    for rank in (1, 0):
        collect(model, examples, tmp_path, 3, Ablation(), Ranks(rank, 2))
        assert len(list(tmp_path.iterdir())) == (1 if rank else 3)
    kept = tiny_stages.BridgingStates.load(tmp_path)
    expected = [reading(examples, Random(index)) for index in range(3)]
    assert [c.said for c in kept.captions] == [e.caption for r in expected for e in r.story.events]
    semantic, _ = read_states(model, expected[0], Ablation())
    assert torch.equal(kept.semantic[: len(semantic)], semantic)
