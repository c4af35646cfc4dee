"""A studio in a process of its own, killed with SIGKILL during a render and started again."""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import soundfile
from gradio_client import Client

from core.story.folders import StoryFolder
from core.story.library import Library
from core.story.story import Event, Story

ROOT = Path(__file__).parents[2]
PATIENCE = 240
"""Seconds; a CI machine may be busy with other things."""
FINAL_STEPS = 5000
"""So many that a test has time to act between the first event and the last."""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Server:
    """`python app.py serve --mcp` in a process of its own, on `tiny` with a slow final quality."""

    def __init__(self, folder: Path) -> None:
        self.stories = folder / "stories"
        self.profile = folder / "slow.toml"
        text = (ROOT / "core" / "profiles" / "tiny.toml").read_text()
        drafts, finals = text.split("[final]")
        drafts = drafts.replace("[draft]\nsteps = 2", "[draft]\nsteps = 40")
        finals = finals.replace("steps = 4", f"steps = {FINAL_STEPS}")
        self.profile.write_text(f"{drafts}[final]{finals}")
        self.start()

    def start(self) -> None:
        port = free_port()
        command = [sys.executable, "app.py", "serve", "--mcp", "--no-browser"]
        command += ["--profile", str(self.profile), "--stories", str(self.stories)]
        self.address = f"http://127.0.0.1:{port}/"
        self.process = subprocess.Popen(
            [*command, "--port", str(port)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = ""
        while f"{self.address}gradio_api/mcp/" not in line:
            line = self.process.stdout.readline()
            assert line, "the server ended"

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)

    def story(self, name: str, scale: float = 1.0) -> StoryFolder:
        """A new story of four events, 7 s times `scale`, whose captions all hold its name."""
        lengths = [scale * seconds for seconds in (1.0, 1.5, 2.0, 2.5)]
        starts = [scale * seconds for seconds in (0.0, 1.0, 2.5, 4.5)]
        events = tuple(
            Event(f"e{n}", f"{name} {n}", start, length)
            for n, (start, length) in enumerate(zip(starts, lengths, strict=True), 1)
        )
        story = Story(f"{name} story", 7.0 * scale, 1, "tiny", "Four events.", events)
        return Library(self.stories).create(story, name)

    def client(self, title: str) -> Client:
        client = Client(self.address, verbose=False)
        client.predict(title, {"title": "", "visitor": ""}, api_name="/open")
        return client


def wait_for(there: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not there():
        assert time.monotonic() < until
        time.sleep(0.05)


def on_disk(folder: StoryFolder) -> Story:
    return Story.load(folder.path / "story.json")


def rendered(folder: StoryFolder) -> list[str]:
    return [event.id for event in on_disk(folder).events if event.take is not None]


def killed_server(seed: int, server: Server) -> None:
    """The server is killed after its first take or later; nothing that was finished is lost."""
    folder = server.story(f"mill {seed}")
    client = server.client(folder.title)
    client.submit(api_name="/render")
    wait_for(lambda: rendered(folder))
    time.sleep(random.Random(seed).uniform(0.0, 0.5))
    server.kill()
    finished = rendered(folder)
    assert 0 < len(finished) < 4
    assert (folder.path / "render.json").is_file()
    stamps = {p: p.stat().st_mtime_ns for p in (folder.path / "takes").glob("[!.]*.flac")}
    server.start()
    client = server.client(folder.title)
    assert rendered(folder) == finished
    client.predict(api_name="/render")
    assert rendered(folder) == ["e1", "e2", "e3", "e4"]
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    Library(server.stories).open(folder.title)
    assert not list(folder.path.rglob(".part-*"))
    for event in on_disk(folder).events:
        assert event.take is not None
        sound = soundfile.info(folder.take_file(event.take))
        assert sound.frames == round((event.take.duration + event.take.tail) * 44_100)
