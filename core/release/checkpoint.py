"""The published files checked: every key placed, every shape compared, no weights loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderOobleck
from torch import nn
from transformers import AutoModelForCausalLM, T5EncoderModel, WhisperConfig
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from core.bridge.bridge import Bridge
from core.errors import WeightsError
from core.language.model import TARGETS
from core.listener.whisper import projector
from core.performer.kinds import build_performer
from core.profile import Profile
from core.release.keys import Place, Shape, lora_name, place_keys
from core.release.shards import Weights, check_bytes, read_weights
from core.release.sizes import Sizes, Sources, read_sizes, tokenizer_places
from core.release.tokenizer import ReleasedTokenizer, read_tokenizer

MODEL_FILES = ("pytorch_model", "model")
CODEC_FILES = ("model", "vae", "diffusion_pytorch_model")
WHISPER_UNUSED = ("model.decoder.", "proj_out.")
EMBEDDING_NAMES = ("shared.weight", "encoder.embed_tokens.weight")
"""The text encoder's two names for one weight."""


@dataclass(frozen=True)
class Checkpoint:
    """The downloaded files, all checked against each other and ready to be written."""

    sources: Sources
    sizes: Sizes
    weights: Weights
    keys: Mapping[Place, str]
    text: Weights
    text_keys: Mapping[str, str]
    codec: Weights
    whisper: Weights | None
    tokenizer: ReleasedTokenizer


def check_release(sources: Sources, merge: bool = False) -> Checkpoint:
    """Read all names, shapes and configurations, and place every key.

    Raises:
        WeightsError: see `import_release`.
    """
    weights = read_weights(sources.model, MODEL_FILES)
    codec = read_weights(sources.flux, CODEC_FILES)
    for path in sorted({*weights.files.values(), *codec.files.values()}):
        check_bytes(path)
    sizes = read_sizes(sources, weights, codec, merge)
    file = next(iter(weights.files.values())).name
    wanted, optional = wanted_weights(sizes)
    keys = place_keys(weights.shapes, wanted, optional, file)
    text, text_keys = _text_weights(sources, sizes, weights, keys, file)
    _check_codec(codec, sizes)
    whisper = _whisper_weights(sources, sizes.profile)
    bridge = sizes.profile.bridge
    tokenizer = read_tokenizer(
        tokenizer_places(sources),
        bridge.semantic_tokens,
        bridge.residual_tokens,
        sizes.llm.vocab_size,
    )
    return Checkpoint(sources, sizes, weights, keys, text, text_keys, codec, whisper, tokenizer)


def wanted_weights(sizes: Sizes) -> tuple[dict[Place, Shape], set[Place]]:
    """Every weight of the model with its shape, from modules without memory; and the optional ones.

    The output head may be missing where it is tied to the embeddings, the text encoder because
    `--t5` can give it (and of its two names for one embedding, one).
    """
    profile = sizes.profile
    with torch.device("meta"):
        llm = AutoModelForCausalLM.from_config(sizes.llm)
        bridge = Bridge(sizes.llm.hidden_size, profile.bridge)
        performer = build_performer(profile)
        text = T5EncoderModel(sizes.text)
    wanted: dict[Place, Shape] = {}
    for part, module in (
        ("director", llm),
        ("bridge", bridge),
        ("performer", performer),
        ("text", text),
    ):
        for name, value in module.state_dict().items():
            wanted[Place(part, name)] = tuple(value.shape)  # type: ignore[arg-type]
    del wanted[Place("performer", "negative")]
    wanted |= _adapter_shapes(llm, sizes.rank)
    if profile.listener is not None:
        with torch.device("meta"):
            listening = projector(profile.listener.width, sizes.llm.hidden_size)
        for name, value in listening.state_dict().items():
            wanted[Place("listener", f"projector.{name}")] = tuple(value.shape)
    optional = {place for place in wanted if place.part == "text"}
    if sizes.llm.tie_word_embeddings:
        optional.add(Place("director", "lm_head.weight"))
    return wanted, optional


def _adapter_shapes(llm: nn.Module, rank: int) -> dict[Place, Shape]:
    shapes: dict[Place, Shape] = {}
    for name, module in llm.named_modules():
        if rank and name.rpartition(".")[2] in TARGETS and isinstance(module, nn.Linear):
            shapes[Place("adapter", lora_name(name, "A"))] = (rank, module.in_features)
            shapes[Place("adapter", lora_name(name, "B"))] = (module.out_features, rank)
    return shapes


def _text_weights(
    sources: Sources, sizes: Sizes, weights: Weights, keys: Mapping[Place, str], file: str
) -> tuple[Weights, dict[str, str]]:
    """The text encoder's weights: from the checkpoint, or else from `--t5`."""
    own = {place.name: key for place, key in keys.items() if place.part == "text"}
    if not own:
        if sources.t5 is None:
            raise WeightsError(f"{file} lacks the text encoder; give flan-t5-large with --t5.")
        weights = read_weights(sources.t5, ("model", "pytorch_model"))
        unused = ("decoder.", "lm_head.")
        own = {name: name for name in weights.files if not name.startswith(unused)}
        file = next(iter(weights.files.values())).name
    with torch.device("meta"):
        wanted = T5EncoderModel(sizes.text).state_dict()
    for one, other in (EMBEDDING_NAMES, EMBEDDING_NAMES[::-1]):
        if one in own:
            own.setdefault(other, own[one])
    found = {name: weights.shapes[key] for name, key in own.items()}
    _same_names(
        found, {name: tuple(v.shape) for name, v in wanted.items()}, f"{file} (text encoder)"
    )
    return weights, own


def _check_codec(codec: Weights, sizes: Sizes) -> None:
    with torch.device("meta"):
        wanted = AutoencoderOobleck(**sizes.codec).state_dict()
    file = next(iter(codec.files.values())).name
    _same_names(codec.shapes, {name: tuple(v.shape) for name, v in wanted.items()}, file)


def _same_names(found: Mapping[str, Shape], wanted: Mapping[str, Shape], file: str) -> None:
    for name in sorted(found.keys() ^ wanted.keys()):
        fault = "lacks the key" if name in wanted else "has the unknown key"
        raise WeightsError(f"{file} {fault} {name}; download it again.")
    for name, shape in wanted.items():
        if found[name] != shape:
            raise WeightsError(
                f"{file}: {name} has shape {list(found[name])}, the model needs {list(shape)}."
            )


def _whisper_weights(sources: Sources, profile: Profile) -> Weights | None:
    """The encoder's part of `--whisper`; None where it is not given or not needed."""
    if sources.whisper is None or profile.listener is None:
        return None
    weights = read_weights(sources.whisper, ("model", "pytorch_model"))
    for path in set(weights.files.values()):
        check_bytes(path)
    file = next(iter(weights.files.values())).name
    used = [name for name in weights.files if not name.startswith(WHISPER_UNUSED)]
    with torch.device("meta"):
        encoder = WhisperEncoder(whisper_config(sources.whisper, profile))
    wanted = {f"model.encoder.{n}": tuple(v.shape) for n, v in encoder.state_dict().items()}
    _same_names({name: weights.shapes[name] for name in used}, wanted, file)
    return Weights(
        {n: weights.files[n] for n in used},
        {n: weights.shapes[n] for n in used},
        {n: weights.sizes[n] for n in used},
    )


def whisper_config(folder: Path, profile: Profile) -> WhisperConfig:
    try:
        config = WhisperConfig.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as cause:
        raise WeightsError(f"{folder}/config.json is no Whisper's ({cause}).") from None
    assert profile.listener is not None
    if config.d_model != profile.listener.width:
        raise WeightsError(
            f"The audio input needs a Whisper of width {profile.listener.width}, "
            f"{folder} has {config.d_model}; use whisper-large-v3."
        )
    return config
