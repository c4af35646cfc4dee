"""Exports and renders killed with SIGKILL: what is finished stays, nothing is half-written."""

from __future__ import annotations

import random
import signal
import subprocess
import time
import zipfile
from pathlib import Path

import soundfile

from core.audiostory import AudioStory
from core.profile import RenderSettings
from core.render.perform import perform
from core.render.takes import resumed
from core.story.library import Library
from core.story.story import Event, Story
from tests.soak import children


def kill_after(process: subprocess.Popen[str], lines: int, pause: float = 0.0) -> None:
    """Kill a program when it has printed so many lines, and `pause` s later."""
    with process:
        assert process.stdout is not None
        for _ in range(lines):
            assert process.stdout.readline(), "it ended by itself"
        time.sleep(pause)
        process.kill()
    assert process.returncode == -signal.SIGKILL


def check_whole(folder: Path, total: float) -> int:
    """Every exported file under a final name is complete; returns how many there are."""
    final = [p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".part-")]
    for path in final:
        assert path.stat().st_size > 0, path.name
        if path.suffix in (".wav", ".flac"):
            sound, rate = soundfile.read(path)
            if path.parent == folder:
                assert len(sound) == round(total * rate), path.name
        elif path.suffix == ".zip":
            assert zipfile.ZipFile(path).testzip() is None
        elif path.suffix == ".rpp":
            assert path.read_text().endswith(">\n")
    return len(final)


def killed_export(seed: int, story: Path, out: Path) -> int:
    """An export that runs over and over is killed a little after a random step of it.

    Returns:
        How many files it had finished.
    """
    rng = random.Random(seed)
    process = children.start("export", story, out)
    kill_after(process, lines=rng.randint(1, 50), pause=rng.uniform(0.0, 0.02))
    return check_whole(out, Story.load(story / "story.json").total)


def three_events() -> Story:
    """What `killed_render` renders."""
    events = (
        Event("e1", "rain falling", 0.0, 1.5),
        Event("e2", "a dog barking", 1.5, 1.5),
        Event("e3", "a long wind", 3.0, 3.5),
    )
    return Story("rain, a dog, wind", 6.5, 5, "tiny", "Three events.", events)


def killed_render(seed: int, model: AudioStory, stories: Path) -> None:
    """A render is killed at a random step; opened again, it is gone on with where it stopped."""
    rng = random.Random(seed)
    folder = Library(stories).create(three_events(), f"Rain {seed}")
    process = children.start("render", folder.path)
    kill_after(process, lines=rng.randint(1, 20), pause=rng.uniform(0.0, 0.05))
    again = Library(stories).open(folder.title)
    assert {e.id for e in again.story.events if e.take and again.has_sound(e.take)} == {"e1", "e2"}
    assert not list(again.path.rglob(".part-*"))
    left = resumed(again)
    assert left is not None
    requests, settings = left
    assert (settings.steps, [r.event_id for r in requests]) == (4000, ["e2", "e3", "e1"])
    assert requests[2].start is not None
    kept = list(perform(model, again, requests, RenderSettings(4, 2.0), group="c"))
    assert {take.event_id: take.adopted for take in kept} == {"e2": True, "e3": False, "e1": False}
    assert resumed(again) is None
    for event in again.story.sequence:
        assert event.take is not None
        sound = soundfile.info(again.take_file(event.take))
        assert sound.frames >= event.duration * model.sample_rate
