"""`python app.py bench farm`: what a farm of one worker costs beside rendering here.

A story is rendered by turns in this process and by one worker with as many threads, once each way
to warm up. The overheads are those of the median pair, beyond the start:

    overhead_wall    how much longer it takes; on an idle machine alone, which has a core to spare
    overhead_cpu     how much more processor time, of all processes, less what Ray uses at rest

and `worker_cpu`, `scheduler_cpu`, `caller_cpu`, `ray_cpu` say whose that is, as shares of what
rendering here takes. `ray_at_rest` is the share of a core that Ray uses when nothing is asked.
`worker_gaps` is how long the worker has nothing to do, by the same measure: it is the one figure of
time that a busy machine changes little, since waiting for a processor does not count (Linux alone).
The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil
import torch

from core.audiostory import AudioStory, load_audiostory
from core.errors import FarmError
from core.farm.address import FarmAddress
from core.farm.farm import Farm, reached
from core.profile import RenderSettings, load_profile
from core.render.render import EventRenderer, render_events
from core.story.story import Event, Story

_CAPTIONS = ("rain falling", "a dog barking", "wind", "thunder", "footsteps", "a door slams")
_Result = TypeVar("_Result")
_REST = 5.0
_NANO = 1e9


def main(argv: Sequence[str]) -> None:
    """Measure on this machine.

    Raises:
        FarmError: Ray is not installed, or takes of the farm differ from those made here.
    """
    parser = argparse.ArgumentParser(prog="app.py bench farm", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--profile", default="pocket")
    parser.add_argument("--events", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each event")
    parser.add_argument("--final", action="store_true", help="final quality (default: draft)")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--threads", type=int, help="threads (default: torch's)")
    arguments = parser.parse_args(argv)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    profile = load_profile(arguments.profile)
    settings = profile.final if arguments.final else profile.draft
    story = _story(profile.name, arguments.events, arguments.seconds)
    model = load_audiostory(profile)
    with reached(model, FarmAddress("", 1, torch.get_num_threads())) as farm:
        figures = farm_overhead(farm, model, story, settings, arguments.pairs)
    for name, value in figures.items():
        print(f"{name:20s} {value:10.4f}")
    print(json.dumps(figures))


@dataclass(frozen=True)
class Cost:
    """What a rendering took.

    Attributes:
        wall: seconds.
        cpu: seconds of processor time, by role: caller, worker, scheduler, ray.
        gaps: seconds that the workers' busiest threads neither computed nor waited for a processor;
            nan where the system does not tell.
    """

    wall: float
    cpu: Mapping[str, float]
    gaps: float


def farm_overhead(
    farm: Farm,
    model: AudioStory,
    story: Story,
    settings: RenderSettings,
    pairs: int,
    rest: float = _REST,
) -> dict[str, float]:
    """Render a story by turns here and on a farm of this machine; see the module.

    Args:
        rest: seconds for which the farm is watched at rest.

    Raises:
        FarmError: as `main`.
    """
    roles, there = _Roles(farm), farm.renderer()

    def timed(render: EventRenderer) -> tuple[Cost, list[bytes]]:
        return _cost(roles, lambda: _rendered(model, story, settings, render))

    first, expected = timed(render_events)
    timed(there)
    at_rest, _ = _cost(roles, lambda: time.sleep(rest))
    costs = []
    for _ in range(pairs):
        here, _ = timed(render_events)
        away, got = timed(there)
        if got != expected:
            raise FarmError("The farm's takes are not those of this process; report this.")
        costs.append((here, away))
    return {
        "events": float(len(story.events)),
        "threads": float(torch.get_num_threads()),
        "first_here_seconds": round(first.wall, 4),
    } | _figures(costs, at_rest)


def _figures(costs: list[tuple[Cost, Cost]], at_rest: Cost) -> dict[str, float]:
    resting = sum(at_rest.cpu.values()) / at_rest.wall
    shares: dict[str, list[float]] = {}
    for here, away in costs:
        alone, longer = here.cpu["caller"], away.wall / at_rest.wall
        net = {role: cpu - longer * at_rest.cpu.get(role, 0.0) for role, cpu in away.cpu.items()}
        pair = {f"{role}_cpu": cpu / alone for role, cpu in net.items()}
        pair["overhead_cpu"] = sum(pair.values()) - 1.0
        pair["overhead_wall"] = away.wall / here.wall - 1.0
        pair["worker_gaps"] = away.gaps / alone
        for name, share in ({"here_seconds": here.wall, "farm_seconds": away.wall} | pair).items():
            shares.setdefault(name, []).append(share)
    medians = {name: round(statistics.median(each), 4) for name, each in shares.items()}
    return medians | {"ray_at_rest": round(resting, 4)}


class _Roles:
    """Which process of a farm of this machine does what."""

    def __init__(self, farm: Farm) -> None:
        self._workers = {report.process for report in farm.state.workers}
        self._here = psutil.Process()

    def cpu(self) -> Mapping[str, float]:
        """Seconds of processor time so far, by role."""
        used = defaultdict[str, float](float, {"caller": time.process_time()})
        for process in self._here.children(recursive=True):
            try:
                times, title = process.cpu_times(), " ".join(process.cmdline()[:1])
            except psutil.Error:  # one that has ended
                continue
            used[self._role(process.pid, title)] += times.user + times.system
        return used

    def threads(self) -> Mapping[tuple[int, str], tuple[float, float]]:
        """Of each thread of the workers, by process and number: seconds that it ran, and that it
        waited for a processor."""
        found = {}
        for process in self._workers:
            for thread in Path(f"/proc/{process}/task").glob("*"):
                with suppress(OSError):  # one that has ended
                    ran, waited, _ = (thread / "schedstat").read_text(encoding="ascii").split()
                    found[process, thread.name] = (int(ran) / _NANO, int(waited) / _NANO)
        return found

    def _role(self, pid: int, title: str) -> str:
        if pid in self._workers:
            return "worker"
        return "scheduler" if title.startswith("ray::Scheduler") else "ray"


def _cost(roles: _Roles, work: Callable[[], _Result]) -> tuple[Cost, _Result]:
    threads, before, begun = roles.threads(), roles.cpu(), time.perf_counter()
    result = work()
    wall, after = time.perf_counter() - begun, roles.cpu()
    used = {role: cpu - before.get(role, 0.0) for role, cpu in after.items()}
    return Cost(wall, used, _gaps(wall, threads, roles.threads())), result


def _gaps(
    wall: float,
    before: Mapping[tuple[int, str], tuple[float, float]],
    after: Mapping[tuple[int, str], tuple[float, float]],
) -> float:
    """`Cost.gaps` of so many seconds, the mean over the workers."""
    busiest: dict[int, tuple[float, float]] = {}
    for thread, (ran, waited) in after.items():
        ran_before, waited_before = before.get(thread, (0.0, 0.0))
        now = (ran - ran_before, waited - waited_before)
        busiest[thread[0]] = max(busiest.get(thread[0], (0.0, 0.0)), now)
    gaps = [wall - ran - waited for ran, waited in busiest.values()]
    return statistics.mean(gaps) if gaps else math.nan


def _rendered(
    model: AudioStory, story: Story, settings: RenderSettings, render: EventRenderer
) -> list[bytes]:
    """The sounds of a story's events."""
    ids = [event.id for event in story.events]
    takes = render(model, story, ids, settings, on_progress=lambda _: None)
    sounds = {take.event_id: take.samples.tobytes() for take in takes}
    return [sounds[event_id] for event_id in ids]


def _story(profile: str, events: int, seconds: float) -> Story:
    placed = tuple(
        Event(f"e{n}", _CAPTIONS[n % len(_CAPTIONS)], n * seconds, seconds) for n in range(events)
    )
    return Story("rain, wind, a dog", events * seconds, 1, profile, "Many events.", placed)
