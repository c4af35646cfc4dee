"""How fast, and in how much memory, a long story is mixed and exported with its stems.

    python -m core.evaluation.bench_export --minutes 30 --events 200

The takes are filtered noise of many levels, written as FLAC into a temporary story folder. The
export runs in a process of its own, whose highest resident memory is reported. The last line is
one JSON object.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from scipy.signal import lfilter

from core.evaluation.memory import peak_mib
from core.export import ExportSettings, export, open_story
from core.story.story import Event, Story
from core.story.take import Take

_RATE = 44_100
TAIL = 1.0


def _noise(frames: int, seed: int) -> npt.NDArray[np.float32]:
    """Noise of a random colour and level that swells and fades, (frames, 1)."""
    random = np.random.default_rng(seed)
    pole = random.uniform(0.0, 0.98)
    white = random.standard_normal(frames).astype(np.float32)
    sound = lfilter([1.0 - pole], [1.0, -pole], white)
    swell = 0.6 + 0.4 * np.sin(np.linspace(0.0, random.uniform(2.0, 40.0), frames))
    level = 10.0 ** (random.uniform(-36.0, -18.0) / 20.0)
    scaled: npt.NDArray[np.float64] = level * swell * sound / np.sqrt(np.mean(sound**2))
    return np.clip(scaled, -1.0, 1.0).astype(np.float32)[:, None]


def _event(folder: Path, number: int, start: float, duration: float, layer: int) -> Event:
    tail = TAIL if layer == 0 else 0.0
    key = f"take{number}"
    file = f"takes/{key}.flac"
    sound = _noise(round((duration + tail) * _RATE), number)
    soundfile.write(folder / file, sound, _RATE, subtype="PCM_16")
    caption = f"sound number {number}"
    take = Take(key, None, caption, duration, tail, number, 1, 1.0, "bench", "none", file)
    return Event(
        id=f"e{number}",
        caption=caption,
        start=start,
        duration=duration,
        layer=layer,
        pan=0.3 if layer else 0.0,
        takes=(take,),
        chosen=key,
    )


def make_story(folder: Path, seconds: float, events: int) -> None:
    """A story folder of `seconds`: four fifths of the events in the sequence, the rest above."""
    (folder / "takes").mkdir(parents=True)
    told = max(1, round(events * 0.8))
    length = seconds / told
    made = [_event(folder, n, n * length, length, 0) for n in range(told)]
    random = np.random.default_rng(0)
    for number in range(told, events):
        start = float(random.uniform(0.0, seconds - length))
        made.append(_event(folder, number, start, length, 1))
    Story("bench", seconds, 0, "bench", "", tuple(made)).save(folder / "story.json")


def _export(story: Path, out: Path, loudness: float, told: Connection) -> None:
    opened = open_story(story)
    settings = ExportSettings(loudness=loudness, stems="both", markers=("json",), reaper=True)
    clocks = (time.perf_counter, time.process_time, time.thread_time)
    begin = [clock() for clock in clocks]
    export(opened, out, settings)
    wall, cpu, mastering = (clock() - start for clock, start in zip(clocks, begin, strict=True))
    told.send((wall, cpu, max(mastering, cpu - mastering), peak_mib()))


def measure_export(folder: Path, seconds: float, events: int, loudness: float) -> dict[str, float]:
    """Make a story in `folder`, export it with stems, and return times (s) and memory (MiB).

    The export works in two threads, master and stems. `wall_s` depends on what else the machine
    does; `cpu_s` is the processor time of both threads and `longest_thread_s` that of the longer
    one, which is the wall time to expect on two free cores.
    """
    make_story(folder / "story", seconds, events)
    context = multiprocessing.get_context("spawn")
    heard, told = context.Pipe(duplex=False)
    arguments = (folder / "story", folder / "out", loudness, told)
    worker = context.Process(target=_export, args=arguments)
    worker.start()
    told.close()
    wall, cpu, longest, peak = heard.recv()
    worker.join()
    written = [path.stat() for path in (folder / "out").rglob("*") if path.is_file()]
    return {
        "seconds": seconds,
        "events": float(events),
        "wall_s": round(wall, 2),
        "cpu_s": round(cpu, 2),
        "times_real_time": round(seconds / wall, 1),
        "longest_thread_s": round(longest, 2),
        "times_real_time_two_free_cores": round(seconds / longest, 1),
        "peak_mib": round(peak, 1),
        "files": float(len(written)),
        "bytes_shown": float(sum(s.st_size for s in written)),
        "bytes_on_disk": float(sum(s.st_blocks * 512 for s in written)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--events", type=int, default=200)
    parser.add_argument("--loudness", type=float, default=-16.0, help="target in LUFS")
    parser.add_argument("--folder", type=Path, help="where the temporary story is made")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        result = measure_export(Path(folder), args.minutes * 60, args.events, args.loudness)
    for name, value in result.items():
        print(f"{name:20} {value:,.10g}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
