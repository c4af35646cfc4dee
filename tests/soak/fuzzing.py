"""Hostile input of every kind, tried by the thousand: `python -m tests.soak.fuzzing --tries 20000`.

Whatever comes in is taken or refused in a sentence (`StudioError`), a refusal changes nothing, and
no try takes longer than MOST_SECONDS of the processor or more memory than MOST_BYTES.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import StudioError
from tests.soak import hostile_input
from tests.soak.hostile_input import Outcome

MOST_SECONDS = 2.0
MOST_BYTES = 300_000_000
SHARES: Mapping[str, int] = {
    "story": 60,
    "history": 10,
    "bundle": 10,
    "table": 30,
    "action": 40,
    "call": 12,
    "command": 4,
    "answer": 30,
    "recording": 4,
}
"""Tries of each kind in one trial of 200: cheap ones more often."""
Try = Callable[[random.Random, Path], Outcome]


@dataclass
class Figures:
    """What came of the tries of one kind: how many were refused, and the worst of them.

    Attributes:
        seconds: of the processor.
        peak: bytes by which memory grew beyond what it was before.
    """

    tries: int = 0
    refused: int = 0
    seconds: float = 0.0
    peak: int = 0

    def add(self, other: Figures) -> None:
        self.tries += other.tries
        self.refused += other.refused
        self.seconds = max(self.seconds, other.seconds)
        self.peak = max(self.peak, other.peak)

    def __str__(self) -> str:
        return (
            f"{self.tries} tries, {self.refused} refused, at most {self.seconds:.2f} s and "
            f"{self.peak / 1e6:.0f} MB"
        )


def trial(seed: int, folder: Path, shares: Mapping[str, int] = SHARES) -> dict[str, Figures]:
    """Try every kind so many times; raises AssertionError where one breaks a rule."""
    if "call" in shares:
        hostile_input.page()  # whoever calls first does not pay for building it
    return {
        kind: _tried(kind, number, random.Random(f"{seed}/{kind}"), folder)
        for kind, number in shares.items()
    }


def _tried(kind: str, number: int, dice: random.Random, folder: Path) -> Figures:
    work = hostile_input.KINDS[kind]
    total = Figures()
    for place in range(number):
        seed = dice.getrandbits(32)
        fresh = folder / f"{kind}-{place}"
        fresh.mkdir()
        one = measured(work, random.Random(seed), fresh)
        assert one.seconds < MOST_SECONDS, f"{kind} {seed}: {one.seconds:.1f} s"
        assert one.peak < MOST_BYTES, f"{kind} {seed}: {one.peak / 1e6:.0f} MB"
        total.add(one)
    return total


def measured(work: Try, dice: random.Random, folder: Path) -> Figures:
    """One try; every error but a sentence comes through."""
    before = _reset_peak()
    began = _processor()
    outcome = work(dice, folder)
    seconds = _processor() - began
    if isinstance(outcome, StudioError):
        check_sentence(str(outcome))
    if outcome == "model at work":
        seconds = 0.0
    return Figures(1, isinstance(outcome, StudioError), seconds, max(0, _memory("VmHWM") - before))


def check_sentence(text: str) -> None:
    """What a person is shown is one line of text that can be written and says something."""
    assert text.strip(), "an empty sentence"
    assert text.rstrip()[-1] in ".!?…)'\"", text
    text.encode()
    assert len(text) < 3000, text[:200]


def _processor() -> float:
    """Seconds of the processor, of this process and of what it started."""
    now = os.times()
    return now.user + now.system + now.children_user + now.children_system


def _reset_peak() -> int:
    """Begin to watch how much memory is used at most; bytes that are used now."""
    Path("/proc/self/clear_refs").write_text("5")
    return _memory("VmRSS")


def _memory(name: str) -> int:
    """A figure of this process's memory, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def main(argv: Sequence[str]) -> int:
    """So many tries, with the figures of each kind; 1 if any broke a rule."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.fuzzing", description=__doc__)
    parser.add_argument("--tries", type=int, default=sum(SHARES.values()))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="*", choices=sorted(SHARES), default=list(SHARES))
    asked = parser.parse_args(argv)
    shares = {kind: SHARES[kind] for kind in asked.kinds}
    totals = {kind: Figures() for kind in shares}
    failed = 0
    for number in range(-(-asked.tries // sum(shares.values()))):
        with tempfile.TemporaryDirectory(prefix="soak-") as folder:
            for kind, share in shares.items():
                try:
                    found = trial(asked.seed + number, Path(folder), {kind: share})
                except Exception as error:
                    failed += 1
                    print(
                        f"FAILED: {kind}, seed {asked.seed + number}: {error!r}"[:600], flush=True
                    )
                    if asked.tries <= sum(shares.values()):
                        raise
                else:
                    totals[kind].add(found[kind])
    for kind, figures in totals.items():
        print(f"{kind}: {figures}")
    print(f"{sum(figures.tries for figures in totals.values())} tries, {failed} trials failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
