"""Disks that are full in the middle of a write: a sentence, and nothing half-written."""

from __future__ import annotations

import random
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import FileError, StudioError
from core.export import ExportSettings, export, open_story
from core.export.settings import FormatName
from core.story.latents import save_latents
from core.story.library import Library
from core.story.recording import Recording, keep_recording
from core.story.story import Event, Story
from core.story.take import Take
from tests.soak.kills import check_whole

RATE = 44_100
FORMATS: tuple[FormatName, ...] = ("wav24", "flac", "mp3", "m4a")


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file of this process or its children can grow beyond `size` bytes.

    Writes then fail half-way in the same way as on a full disk.
    """
    usual, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (usual, most))


@contextmanager
def disk_of(size: int, folder: Path) -> Iterator[bool]:
    """A real disk of `size` bytes at `folder`, or False where mounting is not allowed."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


def full_disk_export(story: Path, out: Path, format_name: FormatName, size: int) -> None:
    """An export that does not fit says so, keeps what is whole and clears the rest away."""
    settings = ExportSettings(
        format=format_name,
        stems="both",
        reaper=True,
        otio=True,
        bundle=True,
        markers=("csv",),
        loudness=-16.0,
    )
    with files_up_to(size), pytest.raises(StudioError) as caught:
        export(open_story(story), out, settings)
    check_refusal(str(caught.value), story, out)


def check_refusal(sentence: str, story: Path, out: Path) -> None:
    assert sentence.endswith(".")
    assert "space" in sentence or "folder" in sentence
    check_whole(out, Story.load(story / "story.json").total)
    assert not list(out.rglob(".part-*"))


def exports(seed: int, story: Path, folder: Path) -> None:
    """Formats and sizes at random, on a real small disk too where one can be mounted."""
    rng = random.Random(seed)
    full_disk_export(story, folder / "out", rng.choice(FORMATS), rng.randint(0, 60_000))
    with disk_of(4096 * rng.randint(1, 100), folder / "disk") as mounted:
        if mounted:
            out = folder / "disk" / "out"
            with pytest.raises(StudioError) as caught:
                export(open_story(story), out, ExportSettings(stems="both", bundle=True))
            check_refusal(str(caught.value), story, out)


NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, (1, RATE)).astype(np.float32)


def write_take(folder: Path) -> Path:
    events = (Event("e1", "rain", 0.0, 1.0),)
    story = Story("rain", 1.0, 5, "tiny", "One event.", events)
    opened = Library(folder.parent).create(story, folder.name)
    take = Take("abc", None, "rain", 1.0, 0.0, 1, 4, 2.0, "tiny", "w")
    opened.keep_take("e1", take, NOISE, RATE, "g")
    return opened.take_file(take)


def write_recording(folder: Path) -> Path:
    return keep_recording(folder, Recording(NOISE, RATE, "a" * 24))


def write_latents(folder: Path) -> Path:
    save_latents(folder / "abc.safetensors", torch.zeros(900, 64))
    return folder / "abc.safetensors"


WRITERS = (write_take, write_recording, write_latents)


def writing(seed: int, write: Callable[[Path], Path], folder: Path) -> None:
    """A take, recording or latents that do not fit by little, much, or one byte."""
    whole = write(folder / "whole").stat().st_size
    for size in (3000, random.Random(seed).randrange(3000, whole), whole - 1):
        out = folder / f"up to {size}"
        with (
            files_up_to(size),
            pytest.raises(
                FileError, match=r"cannot be written \(File too large\); free some space"
            ),
        ):
            write(out)
        assert not [*out.glob("takes/*"), *out.glob("recordings/*"), *out.glob("*.safetensors")]
