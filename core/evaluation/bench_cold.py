"""`python app.py bench cold`: how long a person waits for help, a plan and the page.

Each is started in a process of its own, as a person starts it, by turns; the smallest of the
repeats counts, since other programs only ever make it longer. `--app` names another checkout's
app.py, so that two can be compared on one machine. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from core.errors import StudioError
from core.places import temporary_folder

APP = Path(__file__).parents[2] / "app.py"
WITHIN = {"help": 1.0, "page": 5.0, "plan": 10.0}
"""Seconds within which each should be there."""
PATIENCE = 120.0
"""Seconds after which the page is taken not to come."""
_INSTRUCTION = "rain, then thunder rolls far away, then birds sing"


def main(argv: Sequence[str]) -> None:
    """Measure all three and print wall and processor seconds."""
    parser = argparse.ArgumentParser(prog="app.py bench cold", description=__doc__)
    parser.add_argument("--app", type=Path, default=APP, help="app.py of the checkout to measure")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args(argv)
    app = [sys.executable, str(arguments.app.resolve())]
    waits: dict[str, Callable[[], None]] = {
        "help": lambda: _run([*app, "--help"]),
        "plan": lambda: _run([*app, "plan", _INSTRUCTION, "--duration", "20"]),
        "page": lambda: _open_page(app),
    }
    print(f"{processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in waits}
    for _ in range(arguments.repeats):
        for name, wait in waits.items():
            measured[name].append(_measure(wait))
    figures: dict[str, float] = {}
    for name, runs in measured.items():
        wall, busy = (min(column) for column in zip(*runs, strict=True))
        figures |= {f"{name}_seconds": round(wall, 2), f"{name}_cpu_seconds": round(busy, 2)}
        limit = f"should be within {WITHIN[name]:g} s"
        print(f"{name:6s}{wall:8.2f} s{busy:8.2f} s of processor time; {limit}")
    print(json.dumps({"processor": processor()} | figures))


def processor() -> str:
    """The processor's kind, as its maker calls it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _measure(wait: Callable[[], None]) -> tuple[float, float]:
    """Wall and processor seconds, all threads of the child together."""
    before, began = os.times(), time.perf_counter()
    wait()
    wall = time.perf_counter() - began
    after = os.times()
    user = after.children_user - before.children_user
    return wall, user + after.children_system - before.children_system


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8"
    )
    if done.returncode:
        raise StudioError(f"{' '.join(command[1:3])} failed: {done.stderr.strip()[-200:]}")


def _open_page(app: Sequence[str]) -> None:
    """Start the studio, wait until its page is answered, and end it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with temporary_folder() as stories:
        command = [*app, "--no-browser", "--port", str(port), "--stories", str(stories)]
        studio = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_for_page(f"http://127.0.0.1:{port}/", studio)
        finally:
            studio.send_signal(signal.SIGINT)
            studio.wait()


def _wait_for_page(address: str, studio: subprocess.Popen[bytes]) -> None:
    ours = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and studio.poll() is None:
        try:
            with ours.open(address, timeout=PATIENCE) as page:
                page.read()
                return
        except OSError:
            time.sleep(0.02)
    raise StudioError("The page did not come; start the studio by itself to see why.")
