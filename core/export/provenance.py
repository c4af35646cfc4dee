"""Where an exported sound comes from: the sidecar, and the sentence that goes into every file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from core.mix.loudness import Loudness
from core.profile import OWN
from core.story.story import Event, Story
from core.story.take import Take

STATEMENT = "This sound is machine-generated: AudioStory Studio made it from a text instruction."


def studio_version() -> str:
    """Version of the studio; "0.1.0" when it runs from its source folder."""
    try:
        return version("audiostory-studio")
    except PackageNotFoundError:
        return "0.1.0"


def comment(instruction: str) -> str:
    """What each file says about itself, in one line."""
    return f"{STATEMENT} Instruction: {' '.join(instruction.split())}"


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def recordings_used(story: Story) -> list[tuple[str, str]]:
    """File and licence of the recordings that are takes of a story, each once."""
    takes = [event.take for event in story.events if event.take]
    recordings = [take for take in takes if take.conditioning == "recording"]
    return list(dict.fromkeys((take.source, take.licence) for take in recordings))


def _level(value: float) -> float | None:
    return round(value, 2) if abs(value) < 1e6 else None


def _take(take: Take) -> dict[str, Any]:
    return {
        "key": take.key,
        "offset": take.part.offset if take.part else 0.0,
        "caption": take.caption,
        "seed": take.seed,
        "steps": take.steps,
        "guidance": take.guidance,
        "sampler": take.sampler,
        "profile": take.profile,
        "weights": take.weights,
        "made_on": take.made_on,
        **_by(take),
    }


def _by(take: Take) -> dict[str, str]:
    """Who performed a take, how it was told, and whose terms hold; nothing for our own model."""
    if take.performer == OWN:
        return {}
    names = ("performer", "conditioning", "source", "licence")
    return {name: value for name in names if (value := getattr(take, name))}


def _event(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "caption": event.caption,
        "start": event.start,
        "duration": event.duration,
        "layer": event.layer,
        "role": event.role,
        "shape": event.shape,
        "points": [list(point) for point in event.level_points],
        "count": event.count,
        "every": event.every,
        "at": list(event.at),
        "source": event.source,
        "placeholder": event.placeholder,
        "take": _take(event.take) if event.take else None,
    }


def sidecar(
    story: Story,
    folder: Path,
    files: Sequence[Path],
    loudness: Loudness | None,
    created: datetime | None,
) -> str:
    """JSON that tells how `files`, the mix first, were made: words, seeds, model, hashes.

    They are named as they lie from `folder`, where the sidecar is.
    Levels that cannot be measured (silence) are null.
    """
    data = {
        "statement": STATEMENT,
        "machine_generated": True,
        "generator": {"name": "AudioStory Studio", "version": studio_version()},
        "created": created.isoformat(timespec="seconds") if created else None,
        "instruction": story.instruction,
        "reasoning": story.reasoning,
        "seed": story.seed,
        "profile": story.profile,
        "weights": sorted({e.take.weights for e in story.events if e.take}),
        "events": [_event(event) for event in story.events],
        "loudness": None
        if loudness is None
        else {
            "integrated_lufs": _level(loudness.integrated),
            "range_lu": _level(loudness.spread),
            "true_peak_dbtp": _level(loudness.true_peak),
            "max_momentary_lufs": _level(loudness.momentary),
            "max_short_term_lufs": _level(loudness.short_term),
        },
        "mix_sha256": sha256(files[0]),
        "files": [
            {"name": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size}
            for path in files
        ],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
