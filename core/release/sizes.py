"""What the downloaded files say about the model's sizes, as a profile.

What a file does not say is as in the published checkpoint (core/profiles/audiostory-3b.toml).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from transformers import AutoConfig, PretrainedConfig, Qwen2Config, T5Config

from core.errors import ProfileError, WeightsError
from core.profile import PROFILES, ListenerConfig, Profile, load_profile
from core.release.shards import Weights
from core.release.tokenizer import TokenizerPlaces
from core.schema import read_dataclass

QWEN = Qwen2Config(
    vocab_size=151936,
    hidden_size=2048,
    intermediate_size=11008,
    num_hidden_layers=36,
    num_attention_heads=16,
    num_key_value_heads=2,
    max_position_embeddings=32768,
    rms_norm_eps=1e-6,
    rope_parameters={"rope_type": "default", "rope_theta": 1_000_000.0},
    tie_word_embeddings=True,
    bos_token_id=151643,
    eos_token_id=151645,
)
"""Qwen2.5-3B-Instruct."""
FLAN_T5 = T5Config(
    vocab_size=32128,
    d_model=1024,
    d_kv=64,
    d_ff=2816,
    num_layers=24,
    num_heads=16,
    feed_forward_proj="gated-gelu",
    tie_word_embeddings=False,
)
"""flan-t5-large."""
VOCABULARY = 152277


@dataclass(frozen=True)
class Sources:
    """Folders that a user has downloaded.

    Attributes:
        model: AudioStory-3B: config.yaml, pytorch_model.bin, and its tokenizer.
        flux: the "Flux detokenizer": config.json and the codec's model.safetensors.
        llm, t5: the base models; only their configurations are read (and, where the checkpoint
            has no text encoder, that of `t5`).
        whisper: the audio input's encoder; without it sound can not be heard.
        tokenizer: folder of the tokenizer; by default where config.yaml says, or where it is found
            (`core.release.tokenizer.TokenizerPlaces`).
    """

    model: Path
    flux: Path
    llm: Path | None = None
    t5: Path | None = None
    whisper: Path | None = None
    tokenizer: Path | None = None


@dataclass(frozen=True)
class Sizes:
    """The profile to be written, and the configurations of the parts that are not in it.

    Attributes:
        rank: of the LoRA factors in the checkpoint, 0 where there are none.
        codec: arguments of AutoencoderOobleck.
    """

    profile: Profile
    rank: int
    llm: PretrainedConfig
    text: T5Config
    codec: dict[str, Any]


def published() -> Profile:
    """The profile of the checkpoint at its full size."""
    return load_profile(str(PROFILES / "audiostory-3b.toml"))


def read_sizes(sources: Sources, weights: Weights, codec: Weights, merge: bool) -> Sizes:
    """Work out every size.

    Raises:
        WeightsError: a configuration is missing, damaged or contradicts another.
    """
    settings = _yaml(sources.model / "config.yaml")
    flux = _json(sources.flux / "config.json")
    llm = _llm_config(sources.llm, weights, settings)
    width = _number(flux, "joint_attention_dim", 1024)
    shape = codec_shape(codec)
    base = published()
    try:
        profile = replace(
            base,
            director=_director(base, sources.llm, llm, weights, settings, merge),
            bridge=replace(
                base.bridge,
                width=width,
                scale=float(_find(settings, "agent_model.t5_feature_scale", 10.0)),
                semantic_tokens=int(_find(settings, f"{_PIPE}.num_t5_out_tokens", 64)),
                residual_tokens=int(_find(settings, f"{_PIPE}.num_aud_out_tokens", 8)),
            ),
            performer=_performer(base, flux, width),
            codec=replace(base.codec, sample_rate=shape["sampling_rate"]),
            listener=_listener(sources, weights, settings),
        )
        profile = read_dataclass(Profile, asdict(profile), "config.yaml", ProfileError)
    except (TypeError, ValueError) as cause:
        raise WeightsError(f"config.yaml holds a value that does not fit ({cause}).") from None
    return Sizes(profile, _rank(weights), llm, _text_config(sources.t5), shape)


_PIPE = "train_dataset.datapipes.0"


def _director(
    base: Profile,
    folder: Path | None,
    llm: PretrainedConfig,
    weights: Weights,
    settings: Any,
    merge: bool,
) -> Any:
    alpha = int(_find(settings, "llm_model.peft_config.lora_alpha", base.director.lora_alpha))
    stops, repetition = base.director.stops, base.director.repetition
    if folder is not None:
        generation = _json(folder / "generation_config.json", required=False)
        ends = generation.get("eos_token_id", llm.eos_token_id)
        stops = tuple(ends) if isinstance(ends, list) else (() if ends is None else (ends,))
        repetition = float(generation.get("repetition_penalty") or 1.0)
    return replace(
        base.director,
        lora_rank=0 if merge else _rank(weights),
        lora_alpha=alpha,
        stops=stops,
        repetition=repetition,
    )


def _rank(weights: Weights) -> int:
    return next((shape[0] for key, shape in weights.shapes.items() if ".lora_A." in key), 0)


def _performer(base: Profile, flux: Mapping[str, Any], width: int) -> Any:
    known = base.performer
    head = _number(flux, "attention_head_dim", known.head_dim)
    return replace(
        known,
        latent_channels=_number(flux, "in_channels", known.latent_channels),
        condition_width=width,
        layers=_number(flux, "num_layers", known.layers),
        single_layers=_number(flux, "num_single_layers", known.single_layers),
        heads=_number(flux, "num_attention_heads", known.heads),
        head_dim=head,
        max_seconds=float(flux.get("max_duration", known.max_seconds)),
        window_frames=_number(flux, "audio_seq_len", known.window_frames),
    )


def _listener(sources: Sources, weights: Weights, settings: Any) -> ListenerConfig | None:
    shape = weights.shapes.get("seedx.whisper_resampler_llava.aud_projector.0.weight")
    if shape is None or len(shape) != 2:
        return None
    tokens = int(_find(settings, "agent_model.whisper_resampler_llava.token_num", 300))
    return ListenerConfig(tokens, shape[1], "whisper" if sources.whisper else "")


def _llm_config(folder: Path | None, weights: Weights, settings: Any) -> PretrainedConfig:
    if folder is None:
        config = Qwen2Config.from_dict(QWEN.to_dict())
    else:
        _json(folder / "config.json")
        try:
            config = AutoConfig.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
        except (OSError, ValueError) as cause:
            raise WeightsError(f"{folder}/config.json is no language model's ({cause}).") from None
    shapes = weights.shapes.items()
    tables = (s for k, s in shapes if k.startswith("seedx.llm.") and "embed_tokens." in k)
    rows = next(tables, (VOCABULARY,))[0]
    config.vocab_size = int(_find(settings, "llm_model.vocab_size", rows))
    return config


def tokenizer_places(sources: Sources) -> TokenizerPlaces:
    """Where the tokenizer may be, by the folders and by config.yaml.

    Raises:
        WeightsError: config.yaml is missing or damaged.
    """
    settings = _find(_yaml(sources.model / "config.yaml"), "tokenizer", {})
    names = ("pretrained_model_path", "pretrained_model_name_or_path")
    named = next(
        (str(_find(settings, name, "")) for name in names if _find(settings, name, "")), ""
    )
    added = str(_find(settings, "add_tokens_path", ""))
    return TokenizerPlaces(sources.model, sources.llm, sources.tokenizer, named, added)


def _text_config(folder: Path | None) -> T5Config:
    if folder is None:
        return FLAN_T5
    return T5Config.from_dict(_json(folder / "config.json"))


def codec_shape(weights: Weights) -> dict[str, Any]:
    """The arguments of AutoencoderOobleck that fit its weights.

    Raises:
        WeightsError: they are not those of such an autoencoder.
    """
    strides: list[int] = []
    widths: list[int] = []
    shapes = weights.shapes
    try:
        while f"encoder.block.{len(strides)}.conv1.weight_v" in shapes:
            after, _, kernel = shapes[f"encoder.block.{len(strides)}.conv1.weight_v"]
            strides.append(kernel // 2)
            widths.append(after)
        first, channels, _ = shapes["encoder.conv1.weight_v"]
        _, inputs, _ = shapes["decoder.conv1.weight_v"]
        decoder = shapes["decoder.conv2.weight_v"][1]
    except (KeyError, ValueError) as cause:
        raise WeightsError(f"The Flux folder's weights are no Oobleck codec: {cause}.") from None
    return {
        "encoder_hidden_size": first,
        "downsampling_ratios": strides,
        "channel_multiples": [max(1, width // first) for width in widths],
        "decoder_channels": decoder,
        "decoder_input_channels": inputs,
        "audio_channels": channels,
        "sampling_rate": 44100,
    }


def _yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError:
        raise WeightsError(f"{path} is missing; download the whole checkpoint.") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise WeightsError(f"{path.name} is damaged; download it again.") from None


def _json(path: Path, required: bool = True) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if not required:
            return {}
        raise WeightsError(f"{path} is missing; download the whole folder.") from None
    except (OSError, ValueError):
        raise WeightsError(f"{path.name} is damaged; download it again.") from None
    if not isinstance(data, dict):
        raise WeightsError(f"{path.name} is not a configuration; download it again.")
    return data


def _find(settings: Any, path: str, otherwise: Any) -> Any:
    """The value at a dotted path, or `otherwise` where the path ends early or is null."""
    for name in path.split("."):
        if isinstance(settings, list) and name.isdigit() and int(name) < len(settings):
            settings = settings[int(name)]
        elif isinstance(settings, dict) and name in settings:
            settings = settings[name]
        else:
            return otherwise
    return otherwise if settings is None else settings


def _number(data: Mapping[str, Any], name: str, otherwise: int) -> int:
    value = data.get(name, otherwise)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise WeightsError(f"The Flux folder's config.json has {name} = {value!r}; download it.")
    return value
