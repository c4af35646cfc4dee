"""`python app.py bench`: how fast the model plans and performs, and in how much memory.

Wall times depend on what else the machine does; the `_cpu` figures are audio seconds a second of
processor time, over all threads. `--studio PID` adds the peak memory of a running studio.

`bench plan`, `bench cold`, `bench exact` and `bench farm` measure the reuse of a plan, cold starts,
the published model's exact mode, and what a farm costs beside rendering here.

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from importlib import import_module

import torch

from core.audiostory import AudioStory, load_audiostory
from core.director.plan import plan
from core.evaluation.memory import peak_mib
from core.evaluation.renders import Request, single_event_story
from core.profile import RenderSettings, load_profile
from core.render.render import RenderProgress, render_events

_OWN_BENCHES = {
    "plan": "core.evaluation.bench_plan",
    "cold": "core.evaluation.bench_cold",
    "exact": "core.evaluation.bench_exact",
    "farm": "core.evaluation.bench_farm",
}
"""Benches whose module has a `main(argv)`."""
_INSTRUCTION = (
    "rain falls on the roof, thunder rolls far away, a door creaks open, footsteps cross the "
    "wooden floor, a clock ticks"
)


def main(argv: Sequence[str]) -> None:
    """Measure planning and rendering here, or run the bench that the command line names."""
    if argv and argv[0] in _OWN_BENCHES:
        import_module(_OWN_BENCHES[argv[0]]).main(argv[1:])
        return
    parser = argparse.ArgumentParser(prog="app.py bench", description=__doc__)
    parser.add_argument("--profile", default="pocket")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of the rendered event")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, help="threads of the model (default: torch's)")
    parser.add_argument("--studio", type=int, help="process of a running studio")
    arguments = parser.parse_args(argv)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    profile = load_profile(arguments.profile)
    started = time.perf_counter()
    model = load_audiostory(profile)
    figures = {"load_seconds": time.perf_counter() - started, "threads": torch.get_num_threads()}
    figures |= measure_plan(model)
    for name, settings in (("draft", profile.draft), ("final", profile.final)):
        figures |= measure_render(model, name, settings, arguments.seconds, arguments.repeats)
    figures |= measure_codec(model, arguments.seconds, arguments.repeats)
    figures["peak_mib"] = peak_mib()
    if arguments.studio:
        figures["studio_peak_mib"] = peak_mib(arguments.studio)
    for key, value in figures.items():
        print(f"{key:36s} {value:10.2f}")
    print(json.dumps({key: round(value, 4) for key, value in figures.items()}))


def measure_plan(model: AudioStory) -> dict[str, float]:
    """Seconds until the first reasoning text and until the whole plan, and its events."""
    list(plan(model, "rain", 5.0, seed=0))
    started = time.perf_counter()
    first = whole = float("nan")
    events = 0
    for progress in plan(model, _INSTRUCTION, 30.0, seed=0):
        whole = time.perf_counter() - started
        events = len(progress.events)
        if progress.reasoning and first != first:
            first = whole
    return {"first_text_seconds": first, "plan_seconds": whole, "plan_events": events}


def measure_codec(model: AudioStory, seconds: float, repeats: int) -> dict[str, float]:
    """Audio seconds a second of decoding alone."""
    frames = model.codec.frames(seconds)
    latents = torch.randn(1, frames, model.codec.latent_channels)
    model.codec.decode(latents, 0)
    started = time.perf_counter(), time.process_time()
    for seed in range(repeats):
        model.codec.decode(latents, seed)
    wall, cpu = time.perf_counter() - started[0], time.process_time() - started[1]
    return {"codec_alone": repeats * seconds / wall, "codec_alone_cpu": repeats * seconds / cpu}


def measure_render(
    model: AudioStory, name: str, settings: RenderSettings, seconds: float, repeats: int
) -> dict[str, float]:
    """Audio seconds a second of one event: performer and codec, and each alone.

    Performing ends when the last step has begun and its velocity is known, so the codec's share
    is what follows the last progress report but one.
    """
    performing = whole = processing = 0.0
    for seed in range(repeats + 1):
        begun, busy = time.perf_counter(), time.process_time()
        stamps: list[float] = []

        def on_progress(progress: RenderProgress, stamps: list[float] = stamps) -> None:
            stamps.append(time.perf_counter())

        story = single_event_story(Request("rain", seconds, seed), model.profile.name)
        ids = [event.id for event in story.events]
        list(render_events(model, story, ids, settings, on_progress=on_progress))
        ended = time.perf_counter()
        if seed > 0:
            step = (stamps[-2] - stamps[0]) / max(1, len(stamps) - 2)
            performing += step * settings.steps
            whole += ended - begun
            processing += time.process_time() - busy
    return {
        f"{name}_steps": settings.steps,
        f"{name}_audio_seconds_per_second": repeats * seconds / whole,
        f"{name}_audio_seconds_per_second_cpu": repeats * seconds / processing,
        f"{name}_performer_alone": repeats * seconds / performing,
    }
