"""Every training stage on two processes that speak by gloo, and on one: the same losses.

The two are stopped in the midst; one process then goes on with their run. By turns the weights are
whole on each, or sharded.

    python -m tests.soak.ranks FOLDER STEPS LAST TRAINING …

is what begins the two: they are forked once all is imported, which takes longer than the training.
`stage3+shard` stands for a sharded stage III.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from core.training import ear, loop
from core.training.loop import TrainingRun
from tests import tiny_stages

ROOT = Path(__file__).parents[2]
SHARD = "+shard"
_TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "--")
PATIENCE = 1800
"""Seconds for all trainings of one start."""
_ALIGNED = "aligned"
"""The folder of the ear's warm-up, a run of its own that always goes to its end."""


@contextmanager
def every_step_recorded(last: int | None = None) -> Iterator[None]:
    """Write down the losses of each step; after `last` of them the run ends as by Ctrl-C."""
    write = loop._Record.write

    def record(self: loop._Record, step: int) -> None:
        if last is not None and step > last and self.path.parent.name != _ALIGNED:
            raise KeyboardInterrupt
        write(self, step)

    with (
        tiny_stages.one_text_encoder(),
        pytest.MonkeyPatch.context() as patch,
        contextlib.suppress(KeyboardInterrupt),
    ):
        patch.setattr(loop._Record, "EVERY", 1)
        patch.setattr(loop._Record, "write", record)
        patch.setattr(ear, "ALIGNMENT", replace(ear.ALIGNMENT, steps=2))
        yield


def train_stage(training: str, steps: int, folder: Path, *, parts: int | None = None) -> None:
    """Train one of `tiny_stages.TRAININGS`, by name."""
    name, _, sharded = training.partition("+")
    run = TrainingRun(steps, 2e-3, warmup=1, save_minutes=1e-9, parts=parts, sharded=bool(sharded))
    tiny_stages.TRAININGS[name](run, folder)


def on_two_processes(folder: Path, steps: int, last: int, trainings: Sequence[str]) -> None:
    """Begin trainings, each in the folder of its name, and stop them after `last` steps."""
    command = [sys.executable, "-m", "tests.soak.ranks", folder, steps, last, *trainings]
    done = subprocess.run(
        [str(word) for word in command], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr[-3000:]


def losses_of(folder: Path) -> dict[str, float]:
    """By step and name."""
    rows = [line.split(",") for line in (folder / "losses.csv").read_text().splitlines()]
    return {f"{step} {name}": float(value) for step, _, name, value in rows}


def compare(folder: Path, steps: int, last: int, trainings: Sequence[str]) -> None:
    """Two processes learn what one does with both parts of each step, and one goes on from where
    they were stopped, as if nothing had been."""
    both, alone = folder / "both", folder / "alone"
    on_two_processes(both, steps, last, trainings)
    for training in trainings:
        name = training.removesuffix(SHARD)
        with every_step_recorded():
            if not (alone / name).exists():
                train_stage(name, steps, alone / name, parts=2)
            kept = torch.load(both / training / "state.pt", weights_only=True)
            assert (kept["step"], kept["parts"]) == (last, 2)
            begun = losses_of(both / training)
            train_stage(name, steps, both / training)
        wanted = losses_of(alone / name)
        assert {key: loss for key, loss in wanted.items() if int(key.split()[0]) <= last} == (
            pytest.approx(begun, abs=1e-4)
        ), training
        assert wanted == pytest.approx(losses_of(both / training), abs=1e-4), training
        assert {int(key.split()[0]) for key in wanted} == set(range(1, steps + 1))


def by_torchrun(folder: Path) -> None:
    """A stage of `app.py train` that torchrun begins goes to its end on both processes."""
    command = [sys.executable, *_TORCHRUN, "app.py", "train", "scores", "--profile", "tiny"]
    command += ["--run", str(folder), "--steps", "10", "--rank", "3", "--batch", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr[-3000:]
    kept = torch.load(folder / "state.pt", weights_only=True)
    assert (kept["step"], kept["parts"]) == (10, 2)
    assert "10 text" in losses_of(folder)


def main(folder: Path, steps: int, last: int, trainings: Sequence[str]) -> int:
    """Fork two processes that train together; 1 if either fails."""
    tiny_stages.warm_up_caches()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2"}
    children = set()
    for rank in range(2):
        child = os.fork()
        if child == 0:
            os.environ.update(address | {"RANK": str(rank), "LOCAL_RANK": str(rank)})
            try:
                for training in trainings:
                    with every_step_recorded(last):
                        train_stage(training, steps, folder / training)
            except BaseException as failure:
                sys.excepthook(type(failure), failure, failure.__traceback__)
                sys.stderr.flush()
                os._exit(1)
            os._exit(0)
        children.add(child)
    failed = 0
    while children:
        ended, status = os.wait()
        children.discard(ended)
        if status:
            failed = 1
            for left in children:  # which would wait for the other
                os.kill(left, signal.SIGKILL)
    return failed


if __name__ == "__main__":
    torch.set_num_threads(1)
    where, until, stop, *names = sys.argv[1:]
    sys.exit(main(Path(where), int(until), int(stop), names))
