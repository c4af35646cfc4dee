"""What a folder holds that someone wants to be a performer: looked at as data, then tried.

Nothing in it is trusted: of its configurations only classes that are named in our own code are
used, weights are safetensors, and what a file says of its size has to fit the file.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import yaml

from core.errors import WeightsError
from core.files import open_weights
from core.library.excerpt import LIBRARY
from core.performer.event_performer import EventRequest
from core.pretrained.configs import MOST_CONFIG_BYTES, read_config
from core.pretrained.kinds import CONFIGURATIONS, PRETRAINED
from core.pretrained.performer import FoundPerformer, RegisteredPerformer, adapter_class
from core.profile import AUTO, OWN, RenderSettings

MOST_WEIGHT_BYTES = 100e9
"""Of all of a performer's weights; the largest that is known here has 10 GB."""
INDEX = "model_index.json"
README = "README.md"
_MOST_LICENCE = 160
"""Characters that are kept of how a licence is called."""
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,59}")
_TRIAL = EventRequest("rain", 1.0, 1)


def check_name(name: str) -> str:
    """A name under which a performer can be registered; raises WeightsError."""
    if name in (OWN, AUTO, LIBRARY):
        raise WeightsError(f"The name {name!r} is taken; give another one with --name.")
    if not _NAME.fullmatch(name):
        raise WeightsError(
            f"A performer cannot be called {name[:60]!r}; give --name small letters, digits, dots "
            "and dashes."
        )
    return name


def kind_of(folder: Path) -> str:
    """Which of `PRETRAINED` a folder is, by its files.

    Raises:
        WeightsError: none of them.
    """
    if not folder.is_dir():
        raise WeightsError(f"There is no folder {folder}; name one, or a repository of a hub.")
    if (folder / INDEX).is_file():
        pipeline = read_config(folder / INDEX).get("_class_name")
        for name, kind in PRETRAINED.items():
            if kind.pipeline and kind.pipeline == pipeline:
                return name
        known = ", ".join(kind.pipeline for kind in PRETRAINED.values() if kind.pipeline)
        raise WeightsError(
            f"{folder} holds a {str(pipeline)[:60]}; performers can be a {known}, or TangoFlux."
        )
    if (folder / "tangoflux.safetensors").is_file():
        return "tangoflux"
    if (folder / "model_config.json").is_file():
        advice = PRETRAINED["stable-audio-3"].note
        raise WeightsError(f"{folder} is not in diffusers' layout. {advice}")
    raise WeightsError(
        f"{folder} has neither a {INDEX} nor TangoFlux's weights; name the folder that has."
    )


def found_in(folder: Path, name: str, source: str) -> FoundPerformer:
    """What a folder holds, as far as it can be told without loading it.

    Raises:
        WeightsError: it is in no layout that is known, or a file is missing, damaged or too large.
    """
    folder = folder.resolve()
    kind = kind_of(folder)
    adapter = adapter_class(PRETRAINED[kind])
    weights = adapter.weight_files(folder)
    size = sum(_bytes_in_32_bits(path) for path in weights)
    if size > MOST_WEIGHT_BYTES:
        raise WeightsError(
            f"The weights in {folder} have {size / 1e9:.0f} GB, more than the "
            f"{MOST_WEIGHT_BYTES / 1e9:.0f} GB that are taken."
        )
    measures = adapter.measured(folder)
    return FoundPerformer(
        check_name(name),
        kind,
        str(folder),
        source,
        licence_in(folder),
        _digest(folder, weights),
        size,
        measures.sample_rate,
        measures.longest_seconds,
        measures.latent_channels,
    )


def try_out(found: FoundPerformer) -> None:
    """Load a performer and have it make one step of a second of sound.

    Raises:
        WeightsError: a module's weights are not all there, or the memory is too small.
        RenderError: nothing comes of it.
    """
    performer = RegisteredPerformer(found)
    try:
        performer.perform(_TRIAL, RenderSettings(1, performer.kind.draft.guidance))
    finally:
        performer.unload()


def licence_in(folder: Path) -> str:
    """What a folder's README says of its licence, by its name and where it can be read; empty:
    nothing."""
    path = folder / README
    try:
        if path.stat().st_size > MOST_CONFIG_BYTES:
            return ""
        text = path.read_text(encoding="utf-8", errors="replace")
        values: Any = yaml.safe_load(text.split("---")[1]) if text.startswith("---") else {}
    except (OSError, yaml.YAMLError, IndexError):
        return ""
    if not isinstance(values, dict):
        return ""
    named = values.get("license_name") or values.get("license") or ""
    link = values.get("license_link") or ""
    text = f"{named} ({link})" if link else f"{named}"
    return " ".join(text.split())[:_MOST_LICENCE]


def _bytes_in_32_bits(path: Path) -> int:
    """Bytes of a file's weights in 32 bits; safetensors checks sizes against the file's own."""
    with open_weights(path) as file:
        shapes = [file.get_slice(name).get_shape() for name in file.keys()]  # noqa: SIM118
    count = 0
    for shape in shapes:
        size = 1
        for length in shape:
            size *= length
        count += size
    return 4 * count


def _digest(folder: Path, weights: list[Path]) -> str:
    """SHA-256 of the weights and of the configurations beside them, in one order everywhere."""
    patterns = [p for p in CONFIGURATIONS if p.startswith("*.")]
    beside = {path for pattern in patterns for path in folder.glob(f"*/{pattern}")}
    beside |= {path for path in folder.glob("*.json") if path.name != INDEX}
    digest = hashlib.sha256()
    for path in sorted({*weights, *beside}):
        digest.update(path.relative_to(folder).as_posix().encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
