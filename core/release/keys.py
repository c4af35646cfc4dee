"""Every key of the published checkpoint: which weight of which part it is, or that it is unused.

Both peft layouts are read: newer ones name an adapted layer's own weight `base_layer.weight`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from core.errors import WeightsError

Part = Literal["director", "original", "adapter", "bridge", "performer", "text", "listener"]
Shape = tuple[int, ...]

LANGUAGE_MODEL = "seedx.llm."
PREFIXES: tuple[tuple[str, Part, str], ...] = (
    ("seedx.projector.", "bridge", "semantic_projector."),
    ("seedx.audio_projector.", "bridge", "residual_projector."),
    ("multihead_attention.", "bridge", "fuser."),
    ("seedx.whisper_resampler_llava.aud_projector.", "listener", "projector."),
    ("tangoflux.transformer.", "performer", "transformer."),
    ("tangoflux.fc.0.", "performer", "pool.0."),
    (
        "tangoflux.duration_emebdder.time_positional_embedding.0.weights",
        "performer",
        "duration_embedder.frequencies",
    ),
    (
        "tangoflux.duration_emebdder.time_positional_embedding.1.",
        "performer",
        "duration_embedder.linear.",
    ),
    ("tangoflux.text_encoder.", "text", ""),
)
UNUSED = ("seedx.input_resampler.", "seedx.output_resampler.", "seedx.patch_pos_embed")
_LORA = re.compile(r"(?P<layer>.+)\.lora_(?P<factor>[AB])(?:\.default)?\.weight")


@dataclass(frozen=True)
class Place:
    """One weight of one part.

    The part `original` holds norms as they were before training; they are used where the file has
    no trained ones.
    """

    part: Part
    name: str


def place_of(key: str) -> Place | None:
    """Where a key of the checkpoint belongs; None: known to be unused.

    Raises:
        KeyError: the key is neither.
    """
    if key.startswith(LANGUAGE_MODEL):
        return _language_place(key.removeprefix(LANGUAGE_MODEL))
    for prefix, part, name in PREFIXES:
        if key.startswith(prefix):
            return Place(part, name + key.removeprefix(prefix))
    if key.startswith(UNUSED):
        return None
    raise KeyError(key)


def _language_place(key: str) -> Place | None:
    name = key.removeprefix("base_model.model.")
    if name.endswith("rotary_emb.inv_freq"):
        return None
    lora = _LORA.fullmatch(name)
    if lora:
        return Place("adapter", lora_name(lora["layer"], lora["factor"]))
    if ".original_module." in name:
        return Place("original", name.replace(".original_module.", "."))
    for wrapping in (".base_layer.", ".modules_to_save.default."):
        name = name.replace(wrapping, ".")
    return Place("director", name)


def lora_name(layer: str, factor: str) -> str:
    """Name of a LoRA factor (`A` or `B`) in a peft model."""
    return f"base_model.model.{layer}.lora_{factor}.default.weight"


def release_key(place: Place) -> str:
    """The name under which a user would look for a weight in the checkpoint."""
    for prefix, part, name in PREFIXES:
        if part == place.part and place.name.startswith(name):
            return prefix + place.name.removeprefix(name)
    if place.part == "adapter":
        return LANGUAGE_MODEL + place.name
    return f"{LANGUAGE_MODEL}base_model.model.{place.name}"


def place_keys(
    found: Mapping[str, Shape], wanted: Mapping[Place, Shape], optional: Iterable[Place], file: str
) -> dict[Place, str]:
    """Which key of the files fills each wanted weight.

    Args:
        found: shapes of the files' tensors by key.
        wanted: shapes of the weights.
        optional: weights that may be missing.
        file: what to call the files in messages.

    Raises:
        WeightsError: a key is unknown, missing, doubled or misshapen; the message names it.
    """
    keys: dict[Place, str] = {}
    for key, shape in found.items():
        place = _known(key, file)
        if place is None:
            continue
        target = Place("director", place.name) if place.part == "original" else place
        if target not in wanted:
            raise WeightsError(f"{file} has the unknown key {key}; use the published file.")
        if shape != wanted[target]:
            raise WeightsError(
                f"{file}: {key} has shape {list(shape)}, the model needs {list(wanted[target])}."
            )
        if place in keys:
            raise WeightsError(f"{file} has both {keys[place]} and {key}; keep one of them.")
        keys[place] = key
    for name in [place.name for place in keys if place.part == "original"]:
        original = keys.pop(Place("original", name))
        keys.setdefault(Place("director", name), original)
    for place in sorted(wanted.keys() - keys.keys() - set(optional), key=release_key):
        raise WeightsError(f"{file} lacks the key {release_key(place)}; download it again.")
    return keys


def _known(key: str, file: str) -> Place | None:
    try:
        return place_of(key)
    except KeyError:
        raise WeightsError(f"{file} has the unknown key {key}; use the published file.") from None
