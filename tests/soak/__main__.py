"""`make soak`: trials with new seeds, part by part, until the time is over.

python -m tests.soak                              every part, 30 minutes in all
python -m tests.soak exports disk --minutes 5     two parts
python -m tests.soak renders --seed 7 --trials 1  the seed that failed, once more
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path

from core.environment import settle_libraries

settle_libraries(os.environ)

import torch

from core.audiostory import AudioStory, load_audiostory
from core.farm.address import FarmAddress
from core.farm.cluster import connected
from core.farm.farm import join_farm
from core.profile import load_profile
from studio.server import running
from tests.soak import (
    anywhere,
    disk,
    farm,
    faults,
    fuzzing,
    gestures,
    instructions,
    kills,
    memory,
    ranks,
    recipes,
    replicas,
    sequences,
    sound_library,
    states,
    tables,
    writers,
)
from tests.soak.server import Server, free_port
from tests.soak.server import killed_server as killed
from tests.sounding_stories import story_folder
from tests.tiny_stages import TRAININGS

ROOT = Path(__file__).parents[2]
Trial = Callable[[int, Path], None]


@cache
def model(profile: str) -> AudioStory:
    return load_audiostory(load_profile(profile))


def killed_exports(seed: int, folder: Path) -> None:
    kills.killed_export(seed, story_folder(folder / "Harbour"), folder / "out")


def killed_renders(seed: int, folder: Path) -> None:
    kills.killed_render(seed, model("tiny"), folder)


def killed_servers(seed: int, folder: Path) -> None:
    server = Server(folder)
    try:
        killed(seed, server)
    finally:
        server.kill()


def full_disks(seed: int, folder: Path) -> None:
    disk.exports(seed, story_folder(folder / "Harbour"), folder)
    for write in disk.WRITERS:
        disk.writing(seed, write, folder / write.__name__)


def several_writers(seed: int, folder: Path) -> None:
    """Two and four processes by turns, with a thousand edits each; then killed a hundred times."""
    count, killed = (2, 4)[seed % 2], 100 * (seed // 2 % 2)
    print(f"   {writers.many_writers(seed, folder, count, 1000, killed)}", flush=True)


def any_instruction(seed: int, folder: Path) -> None:
    instructions.trial(seed, model("pocket"))


def hostile_input(seed: int, folder: Path) -> None:
    for kind, figures in fuzzing.trial(seed, folder).items():
        print(f"   {kind}: {figures}", flush=True)


def properties(seed: int, folder: Path) -> None:
    """Every test by hypothesis, with a hundred times the examples of `make test`."""
    command = [sys.executable, "-m", "pytest", "-m", "hypothesis", "-p", "no:cacheprovider"]
    command += ["--hypothesis-profile", "soak", "--hypothesis-seed", str(seed), "--timeout", "7200"]
    subprocess.run(command, cwd=ROOT, check=True)


def level_memory(seed: int, folder: Path) -> None:
    growth = memory.stays_level(seed, model("tiny"), rounds=60)
    print(f"   memory grew by {100 * growth:.1f} %", flush=True)


def level_memory_of_the_shipped_model(seed: int, folder: Path) -> None:
    growth = memory.stays_level(seed, model("pocket"), rounds=500, report=True)
    print(f"   memory grew by {100 * growth:.1f} %", flush=True)


def forgotten_names(seed: int, folder: Path) -> None:
    scratch = folder / "scratch"
    scratch.mkdir()
    with running("tiny", "127.0.0.1", free_port(), folder / "stories", scratch) as blocks:
        memory.forgets_names(seed, blocks.local_url, names=3000)


def killed_farms(seed: int, folder: Path) -> None:
    """50 workers of a farm of four are killed while it renders a story of 24 events."""
    alike = torch.get_num_threads()
    with connected(FarmAddress("", 4, alike), 1 << 20) as ray:
        worked = join_farm(ray, model("tiny"), FarmAddress("", 4, alike))
        worked.grow(4)
        print(f"   {farm.killed_workers(seed, model('tiny'), worked, 50, 24)}", flush=True)


def killed_tables(seed: int, folder: Path) -> None:
    """A program that makes 200 stories is killed three times."""
    tables.killed_table(seed, model("tiny"), folder, count=200, kills=3)


def trainings_on_two_processes(seed: int, folder: Path) -> None:
    """Every stage, whole and sharded where there is something to shard, stopped at any step."""
    steps = 8
    last = 1 + seed % (steps - 1)
    whole = [*TRAININGS]
    sharded = [f"{name}{ranks.SHARD}" for name in whole if name not in ("warmup", "ear")]
    ranks.compare(folder, steps, last, [*whole, *sharded])
    print(
        f"   {len(whole)} stages, {len(sharded)} of them sharded too, stopped at {last}", flush=True
    )
    for launcher in ranks.LAUNCHERS:
        ranks.by_launcher(launcher, folder / launcher)


def many_people(seed: int, folder: Path) -> None:
    """20 people at a studio of two replicas, one of which is killed."""
    print(f"   {replicas.many_people(seed, folder, 20)}", flush=True)


def indexed_libraries(seed: int, folder: Path) -> None:
    """A library of 2000 recordings; AUDIOSTORY_RECORDINGS says another number, 20000 for all."""
    count = int(os.environ.get("AUDIOSTORY_RECORDINGS", "2000"))
    figures = sound_library.trial(seed, folder, count)
    print(f"   {figures}", flush=True)
    sound_library.check(figures)


def candidate_clips(seed: int, folder: Path) -> None:
    """Clips of every kind that no performer has learned, at lengths of its own."""
    slowest, name = recipes.trial(seed)
    print(f"   the slowest is {name}: {slowest:.0f} times real time", flush=True)


def mutants(seed: int, folder: Path) -> None:
    """A sample of changed lines; those that no test notices are listed as survivors, to be read."""
    command = [sys.executable, "-m", "tests.mutation", "--sample", "40", "--seed", str(seed)]
    command += ["--out", str(folder / "report.json")]
    subprocess.run(command, cwd=ROOT, check=True)


def failing_disks(seed: int, folder: Path) -> None:
    """Some changes of every operation fail; `python -m tests.soak.faults` tries all."""
    if status := faults.start(["--seed", str(seed), "--points", "12"], folder):
        raise AssertionError(f"it ended with {status}")


def killed_anywhere(seed: int, folder: Path) -> None:
    done = anywhere.trials(seed, 20, folder)
    print(f"   20 kills, {done} operations done", flush=True)


def page_gestures(seed: int, folder: Path) -> None:
    """Those of the mouse once, and sixty edits each by keys alone and by touch alone."""
    done = ", ".join(f"{count} by {by}" for by, count in gestures.trial(seed, folder).items())
    print(f"   gestures on the page: {done}", flush=True)


def page_states(seed: int, folder: Path) -> None:
    """All of them, in two widths, dark and light."""
    print(f"   {states.trial(seed, folder)} pages looked at", flush=True)


def edit_sequences(seed: int, folder: Path) -> None:
    """500 random sequences of what hands do to a story, each undone to the first byte."""
    tally = sequences.trial(seed, folder, 500)
    print(f"   {tally}", flush=True)
    assert {*sequences.VALUES} <= {*tally.done}, "not every action was done"


PARTS: dict[str, Trial] = {
    "exports": killed_exports,
    "renders": killed_renders,
    "servers": killed_servers,
    "disk": full_disks,
    "faults": failing_disks,
    "anywhere": killed_anywhere,
    "writers": several_writers,
    "farm": killed_farms,
    "tables": killed_tables,
    "serve": many_people,
    "library": indexed_libraries,
    "recipes": candidate_clips,
    "ranks": trainings_on_two_processes,
    "instructions": any_instruction,
    "memory": level_memory,
    "input": hostile_input,
    "names": forgotten_names,
    "gestures": page_gestures,
    "sequences": edit_sequences,
    "states": page_states,
    "jobs": level_memory_of_the_shipped_model,
    "properties": properties,
    "mutants": mutants,
}
"""The last three may take longer than their share: a trial is never cut short."""


@contextmanager
def reported(part: str, seed: int) -> Iterator[None]:
    """Print what failed and how to try it again."""
    try:
        yield
    except BaseException:
        traceback.print_exc()
        print(f"FAILED; again: python -m tests.soak {part} --seed {seed} --trials 1", flush=True)
        raise


def run(part: str, first_seed: int, seconds: float, trials: int | None) -> int:
    """Try a part until its time or its trials are over; returns how many failed."""
    failed, until = 0, time.monotonic() + seconds
    for number in count():
        if number == trials or (number and time.monotonic() > until):
            print(f"{part}: {number} trials, {failed} failed", flush=True)
            return failed
        seed = first_seed + number
        print(f"{part}: seed {seed}", flush=True)
        with tempfile.TemporaryDirectory(prefix="soak-") as folder:
            try:
                with reported(part, seed):
                    PARTS[part](seed, Path(folder))
            except Exception:
                failed += 1
    raise AssertionError("unreachable")


def main(argv: Sequence[str]) -> int:
    """Run the parts named, each for its share of the time; 1 if any trial failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("parts", nargs="*", help=f"{', '.join(PARTS)} (default: all)")
    parser.add_argument("--minutes", type=float, default=30.0, help="in all")
    parser.add_argument("--seed", type=int, default=None, help="the first (default: by the clock)")
    parser.add_argument("--trials", type=int, help="of each part (default: as time allows)")
    chosen = parser.parse_args(argv)
    if unknown := set(chosen.parts) - set(PARTS):
        parser.error(f"there is no part called {', '.join(sorted(unknown))}")
    first_seed = int(time.time()) if chosen.seed is None else chosen.seed
    parts = chosen.parts or list(PARTS)
    share = 60.0 * chosen.minutes / len(parts)
    failed = sum(run(part, first_seed, share, chosen.trials) for part in parts)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
