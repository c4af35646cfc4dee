"""A package's GGUF as safetensors: converted once, kept in the user's cache, made again if damaged.

The kept file is in half precision, which is all that the GGUF's four bits need. It is mapped, not
read; its checksum tells a file that a power cut or a full disk left incomplete.
"""

from __future__ import annotations

import hashlib
import json
import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from core.errors import FileError, WeightsError
from core.files import atomic_path, incomplete, remove, write_atomically
from core.places import cache_folder
from core.profile import DirectorConfig

CONVERTED = "model.safetensors"
SETTINGS = "config.json"
CHECKSUM = "sha256"


def load_converted(config: DirectorConfig) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Settings of the language model, and its weights in half precision.

    Raises:
        WeightsError: the package or its file is missing, or has changed.
    """
    cache = cache_folder()
    folder = cache / config.sha256[:16] if cache else None
    if folder is not None and (kept := _read(folder)):
        return kept
    settings, weights = _convert(_source(config))
    if folder is not None:
        try:
            _keep(folder, settings, weights)
        except FileError as error:
            logging.warning("Converted weights are not kept: %s", error)
    return settings, weights


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]] | None:
    """What is kept in a folder; None where there is nothing, or it is damaged, which is said."""
    try:
        digest = (folder / CHECKSUM).read_text(encoding="ascii")
        if _checksum(folder) != digest:
            raise ValueError("its checksum is another one")
        settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        return settings, load_file(folder / CONVERTED)
    except FileNotFoundError:
        return None
    except Exception as cause:  # a damaged file may fail in any way
        logging.warning("The model kept in %s is damaged (%s); it is made again.", folder, cause)
        return None


def _checksum(folder: Path) -> str:
    digest = hashlib.sha256()
    for name in (SETTINGS, CONVERTED):
        with (folder / name).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _keep(folder: Path, settings: dict[str, Any], weights: dict[str, Tensor]) -> None:
    """Write all files, the checksum last.

    Raises:
        FileError: the disk is full, or something stands in the way.
    """
    remove(folder / CHECKSUM)
    with atomic_path(folder / CONVERTED) as temporary:
        try:
            save_file(weights, temporary, metadata={"format": "pt"})
        except SafetensorError:  # what any fault of the disk looks like from there
            raise incomplete(folder / CONVERTED) from None
    write_atomically(folder / SETTINGS, json.dumps(settings).encode())
    write_atomically(folder / CHECKSUM, _checksum(folder).encode())


def _source(config: DirectorConfig) -> Path:
    package, _, name = config.model.partition("/")
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise WeightsError(f"The package {package} is missing; run `make install` first.")
    source = Path(spec.origin).parent / name
    if not source.is_file():
        raise WeightsError(f"{name} is missing from {package}; run `make install` again.")
    with source.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != config.sha256:
            raise WeightsError(
                f"{name} is not the file this profile was trained on; reinstall {package}."
            )
    return source


def _convert(source: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    logging.warning("Converting %s: once, about half a minute.", source.name)
    settings = AutoConfig.from_pretrained(source.parent, gguf_file=source.name)
    model = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name)
    weights = {
        key: value.half().contiguous()
        for key, value in model.state_dict().items()
        if key != "lm_head.weight" or not settings.tie_word_embeddings
    }
    return settings.to_diff_dict(), weights
