"""Every training stage on two processes that speak by gloo, and on one: the same losses.

The two are stopped in the midst; one process then goes on with their run. By turns the weights are
whole on each, or sharded. A third process trains by itself on what it takes for a graphics card
(tests/pretended_card.py), where a tensor that stayed on the processor fails.

    python -m tests.soak.ranks FOLDER STEPS LAST TRAINING …

is what begins the three: they are forked once all is imported, which takes longer than the
training. `stage3+shard` stands for a sharded stage III.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator

from core.training import ear, loop
from core.training.loop import TrainingRun
from tests import pretended_card, tiny_stages

ROOT = Path(__file__).parents[2]
SHARD = "+shard"
LAUNCHERS = {
    "torchrun": ("torch.distributed.run", "--standalone", "--nproc-per-node=2", "--"),
    "accelerate": ("accelerate.commands.launch", "--multi_gpu", "--num_processes=2"),
}
"""Modules that begin two processes, with their arguments. Where there is no card, `--multi_gpu`
begins two that speak by gloo."""
Training = Callable[[Sequence[str]], None]
"""Does the trainings of these names."""
CARDS_OWN = 0.01
"""What losses may differ by after steps on the card, whose tensors know no strides: some sums of
gradients round otherwise."""
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


def on_other_processes(folder: Path, steps: int, last: int, trainings: Sequence[str]) -> None:
    """Begin trainings, each in the folder of its name: on two processes together, in `both`, where
    they are stopped after `last` steps; and on one with a card, in `card`."""
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
    they were stopped, as if nothing had been; one with a card learns the same."""
    both, alone, card = folder / "both", folder / "alone", folder / "card"
    on_other_processes(folder, steps, last, trainings)
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
        with_card = losses_of(card / name)
        first = {key: loss for key, loss in wanted.items() if key.startswith("1 ")}
        assert first == pytest.approx({key: with_card[key] for key in first}, abs=1e-4), name
        assert wanted == pytest.approx(with_card, rel=CARDS_OWN), f"{name} on a card"
        assert {int(key.split()[0]) for key in wanted} == set(range(1, steps + 1))


def by_launcher(launcher: str, folder: Path) -> None:
    """A stage of `app.py train` that a launcher begins goes to its end on both processes."""
    command = [sys.executable, "-m", *LAUNCHERS[launcher]]
    command += ["app.py", "train", "scores", "--profile", "tiny"]
    command += ["--run", str(folder), "--steps", "10", "--rank", "3", "--batch", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr[-3000:]
    kept = torch.load(folder / "state.pt", weights_only=True)
    assert (kept["step"], kept["parts"]) == (10, 2)
    assert "10 text" in losses_of(folder)


def train_together(rank: int, port: int, folder: Path, steps: int, last: int) -> Training:
    """What one of two processes does."""

    def work(trainings: Sequence[str]) -> None:
        address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}
        os.environ.update(address | {"RANK": str(rank), "LOCAL_RANK": str(rank)})
        for training in trainings:
            with every_step_recorded(last):
                train_stage(training, steps, folder / training)

    return work


def train_on_card(folder: Path, steps: int, last: int) -> Training:
    """What a process with a card of its own does: it is stopped and goes on there, too. Trainings
    that are not named take one step."""

    def work(trainings: Sequence[str]) -> None:
        card, clip = pretended_card.register(), loop.clip_gradients

        class OnCard(Accelerator):  # type: ignore[misc]
            device = property(lambda self: card)

        def clip_on_card(parameters: Sequence[torch.Tensor], most: float) -> None:
            assert {parameter.device for parameter in parameters} == {card}
            clip(parameters, most)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loop, "Accelerator", OnCard)
            patch.setattr(loop, "clip_gradients", clip_on_card)
            named = {name.removesuffix(SHARD) for name in trainings}
            for training in tiny_stages.TRAININGS:
                for stop in (last, None) if training in named else (1,):
                    with every_step_recorded(stop):
                        train_stage(training, steps, folder / training, parts=2)

    return work


def main(folder: Path, steps: int, last: int, trainings: Sequence[str]) -> int:
    """Fork two processes that train together, and one with a card; 1 if any fails."""
    tiny_stages.warm_up_caches()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    works = [train_together(rank, port, folder / "both", steps, last) for rank in range(2)]
    works.append(train_on_card(folder / "card", steps, last))
    children = {_forked(work, trainings) for work in works}
    failed = 0
    while children:
        ended, status = os.wait()
        children.discard(ended)
        if status:
            failed = 1
            for left in children:  # which would wait for the other
                os.kill(left, signal.SIGKILL)
    return failed


def _forked(work: Training, trainings: Sequence[str]) -> int:
    """The number of a new process that does this and ends."""
    child = os.fork()
    if child:
        return child
    try:
        work(trainings)
    except BaseException as failure:
        sys.excepthook(type(failure), failure, failure.__traceback__)
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    torch.set_num_threads(1)
    where, until, stop, *names = sys.argv[1:]
    sys.exit(main(Path(where), int(until), int(stop), names))
