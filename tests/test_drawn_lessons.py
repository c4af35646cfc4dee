"""What a training draws depends on its seed alone, not on how this process hashes words."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
DRAWN = """
from hashlib import sha256
from random import Random
from core.narratives.narratives import narrative, single
from core.narratives.score_variations import varied
from core.narratives.scores import read_scores
from core.narratives.wishes import wish

SCORES = read_scores()
for draw in (wish, narrative, single, lambda rng: varied(rng.choice(SCORES), rng)):
    print(sha256("".join(repr(draw(Random(seed))) for seed in range(400)).encode()).hexdigest())
"""


def drawn(hash_seed: str) -> list[str]:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", DRAWN],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_two_processes_draw_the_same_lessons() -> None:
    first = drawn("0")
    assert len(first) == 4
    assert first == drawn("1")
