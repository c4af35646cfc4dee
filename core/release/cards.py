"""How AudioStory-3B fits on a graphics card: its parts, what they need, which plan is fastest.

All of it is computed from the configurations, on modules without memory; nothing is measured.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from diffusers import AutoencoderOobleck
from transformers import Qwen2Config, WhisperConfig
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from core.codec.oobleck import OobleckCodec
from core.performer.kinds import build_performer
from core.placement import MOST_EVENTS
from core.release.checkpoint import wanted_weights
from core.release.sizes import FLAN_T5, QWEN, VOCABULARY, Sizes, published

GIB = 2**30
DRIVER = 0.8 * GIB
"""Bytes that a graphics card's driver and the desktop keep for themselves."""
TOKENS = 3600
"""Longest prompt and turn whose keys and values are kept."""


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
    room = gigabytes * GIB - DRIVER
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
            f"{peak / GIB:.1f} GB at most (bf16).",
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
            f"{events} sounds at once, {peak / GIB:.1f} GB at most (bf16).",
        )
    return CardPlan(False, True, 0, max(planning, rendering), "too small; use the pocket model.")
