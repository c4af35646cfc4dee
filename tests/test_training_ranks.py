"""Training on several processes: the same data in the same order, the same losses, one folder."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from core.errors import StudioError
from core.training.loop import TrainingRun, train
from core.training.ranks import Ranks, part_seed

ROOT = Path(__file__).parents[1]


def fit(folder: Path, batches: int = 1000) -> None:
    """Fit two small layers, one of which not every part of a step uses; interrupted, as by Ctrl-C,
    after so many batches of this process."""
    torch.manual_seed(0)
    model = nn.ModuleDict({"a": nn.Linear(3, 1), "b": nn.Linear(3, 1)})
    left = iter(range(batches))

    def losses(generator: torch.Generator) -> Iterator[dict[str, Tensor]]:
        if next(left, None) is None:
            raise KeyboardInterrupt
        x = torch.randn(8, 3, generator=generator)
        wanted = x.sum(1, keepdim=True)
        yield {"fit": (nn.functional.dropout(model["a"](x), 0.1) - wanted).square().mean()}
        if float(torch.rand((), generator=generator)) < 0.4:
            yield {"rare": (model["b"](x) + wanted).square().mean()}

    run = TrainingRun(40, 1e-2, warmup=4, parts=2, save_minutes=1e-9)
    with contextlib.suppress(KeyboardInterrupt):
        train(model, losses, {"fit": 1.0, "rare": 0.5}, run, folder)


def on_two_ranks(folder: Path, batches: int) -> None:
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command = [*launch, "-m", "tests.test_training_ranks", str(folder), str(batches)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr[-2000:]


def losses_of(folder: Path) -> dict[str, float]:
    rows = [line.split(",") for line in (folder / "losses.csv").read_text().splitlines()]
    return {f"{step} {name}": float(value) for step, _, name, value in rows}


def test_two_ranks_learn_what_one_does_and_one_goes_on_where_they_were_stopped(
    tmp_path: Path,
) -> None:
    """Gloo on the processor; one process does both parts of a step, two do one each."""
    alone, both = tmp_path / "alone", tmp_path / "both"
    fit(alone)
    on_two_ranks(both, batches=20)
    assert int(torch.load(both / "state.pt", weights_only=True)["step"]) == 20
    assert losses_of(both) == pytest.approx(
        {name: loss for name, loss in losses_of(alone).items() if int(name.split()[0]) <= 20},
        abs=1e-4,
    )
    fit(both)
    assert {"10 fit", "10 rare", "40 fit", "40 rare"} <= losses_of(both).keys()
    assert losses_of(both) == pytest.approx(losses_of(alone), abs=1e-4)
    weights, wanted = (load_file(run / "average.safetensors") for run in (both, alone))
    for name, value in wanted.items():
        assert torch.allclose(weights[name], value, atol=1e-4), name


def test_parts_are_shared_out_whole_and_each_has_its_own_seed() -> None:
    for count in (1, 2, 3):
        shares = [Ranks(rank, count).share(5) for rank in range(count)]
        assert sorted(part for share in shares for part in share) == [0, 1, 2, 3, 4]
    seeds = {part_seed(run, step, part) for run in (0, 1) for step in range(99) for part in (0, 1)}
    assert len(seeds) == 2 * 99 * 2
    with pytest.raises(StudioError, match="--parts 4 or more"):
        Ranks(0, 4).share(3)


if __name__ == "__main__":
    fit(Path(sys.argv[1]), int(sys.argv[2]))
