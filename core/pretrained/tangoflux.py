"""TangoFlux, in its publisher's folder, through our own network, sampler and codec.

The folder holds config.json, tangoflux.safetensors and vae.safetensors, and in text_encoder/ the
configuration and the tokenizer of flan-t5-large; the encoder's weights are among the others'.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.codec.codec import Codec
from core.errors import WeightsError
from core.performer.event_performer import EventRequest, KnownSound
from core.performer.flow import KnownLatents, levels_through
from core.placement import Placement
from core.pretrained.adapter import Adapter, Measures, SoundSamples, Ticker, ends_early
from core.pretrained.configs import number, read_config
from core.pretrained.failures import UNREADABLE, first_line
from core.profile import PerformerConfig, RenderSettings
from core.release.shards import read_weights

_WEIGHTS = "tangoflux"
_CODEC = "vae"
_TEXT_FOLDER = "text_encoder"
_RATE = 44_100
_HOP = 2048
"""Samples a latent frame of its codec."""
_MOST_WORDS = 512
"""Tokens of a caption at most, as flan-t5's tokenizer has it."""
_NAMES = (
    ("fc.0.", "pool.0."),
    ("duration_emebdder.time_positional_embedding.0.weights", "duration_embedder.frequencies"),
    ("duration_emebdder.time_positional_embedding.1.", "duration_embedder.linear."),
)
"""What its weights are called there, the publisher's slip included, and here."""
_TEXT = "text_encoder."
_TIED = ("shared.weight", "encoder.embed_tokens.weight")


class TangoFluxAdapter(Adapter):
    """TangoFlux: stereo, up to 30 s; varies and repaints in its own latents."""

    def __init__(self, folder: Path, placement: Placement) -> None:
        import transformers

        from core.performer.tangoflux import TangoFlux

        text_folder = folder / _TEXT_FOLDER
        config = _network_config(read_config(folder / "config.json"))
        try:
            text_config = transformers.T5Config.from_pretrained(text_folder, local_files_only=True)
            self.tokenizer = transformers.AutoTokenizer.from_pretrained(
                text_folder, local_files_only=True
            )
        except UNREADABLE as cause:
            raise WeightsError(
                f"{text_folder} should hold the configuration and tokenizer of flan-t5-large "
                f"({first_line(cause)}); put them there."
            ) from None
        with torch.device("meta"):
            self.network = TangoFlux(config)
            self.text = transformers.T5EncoderModel(text_config)
        self.network.negative = torch.zeros(1, 1, config.condition_width + 1)
        path = folder / f"{_WEIGHTS}.safetensors"
        there = read_weights(folder, (_WEIGHTS,))
        weights = there.tensors(there.files)
        own = {_name(key): value for key, value in weights.items() if not key.startswith(_TEXT)}
        _fill(self.network, own | {"negative": self.network.negative}, path)
        _fill(self.text, _text_weights(weights), path)
        self.codec = _codec(folder)
        for module in (self.network, self.text):
            module.to(placement.device, placement.dtype).eval().requires_grad_(False)
        self.codec.to(placement.device)
        self.device = placement.device

    @classmethod
    def measured(cls, folder: Path) -> Measures:
        values = read_config(folder / "config.json")
        frames = number(values, "audio_seq_len", 645)
        longest = min(number(values, "max_duration", 30.0), frames * _HOP / _RATE)
        return Measures(_RATE, longest, int(number(values, "in_channels", 64)))

    @classmethod
    def weight_files(cls, folder: Path) -> list[Path]:
        files = [folder / f"{stem}.safetensors" for stem in (_WEIGHTS, _CODEC)]
        for path in files:
            if not path.is_file():
                raise WeightsError(f"{path} is missing; fetch it again.")
        return files

    @classmethod
    def steps(cls, request: EventRequest, settings: RenderSettings, rate: int) -> int:
        known = request.known
        if known is None:
            return settings.steps
        stops = {known.strength, 0.0} | ({1.0} if ends_early(request, rate) else set())
        return max(1, len(levels_through(settings.steps, sorted(stops, reverse=True))) - 1)

    def sound(
        self,
        request: EventRequest,
        settings: RenderSettings,
        generator: torch.Generator,
        ticker: Ticker,
    ) -> tuple[SoundSamples, Tensor | None]:
        condition, self.network.negative = self._told(request.caption)
        frames = min(self.codec.frames(request.seconds), self.network.canvas(0))
        latents = self.network.render(
            condition,
            [request.seconds],
            frames,
            [request.seed],
            settings,
            known=self._known_latents(request.known, frames) if request.known else None,
            on_step=lambda step: ticker.tick(),
        )
        sound = self.codec.decode(latents, seed=request.seed)[0].float().cpu()
        return np.ascontiguousarray(sound.numpy()), latents[0].float().cpu()

    def _told(self, caption: str) -> tuple[Tensor, Tensor]:
        """The conditions (1, S, width + 1) of a caption and of none."""
        from core.performer.tangoflux import as_condition

        cut = {"truncation": True, "return_tensors": "pt"}
        words = self.tokenizer([caption], max_length=_MOST_WORDS, **cut)
        count = words.input_ids.shape[1]
        none = self.tokenizer([""], max_length=count, padding="max_length", **cut)
        told = []
        for text in (words, none):
            ids, mask = text.input_ids.to(self.device), text.attention_mask.to(self.device)
            states = self.text(input_ids=ids, attention_mask=mask)[0].float()
            told.append(as_condition(states, mask))
        return told[0], told[1]

    def _known_latents(self, known: KnownSound, frames: int) -> KnownLatents:
        """What a sound is in latents of a whole canvas, of which `frames` are heard; silence
        follows."""
        canvas, hop = self.network.canvas(frames), self.codec.hop
        if known.latents is not None:
            sound = known.latents[:frames]
        else:
            samples = torch.from_numpy(known.samples)
            samples = samples.repeat(2, 1) if len(samples) == 1 else samples
            whole = max(1, samples.shape[1] // hop)
            sound = self._encoded(samples)[: min(frames, whole)]
        latents = self._encoded(torch.zeros(2, 8 * hop))[4].repeat(canvas, 1)[None]
        latents[0, : len(sound)] = sound
        strength = torch.full((1, canvas), 0.0 if known.span is not None else known.strength)
        strength[0, len(sound) : frames] = 1.0
        if known.span is not None:
            first, last = (round(seconds * _RATE / hop) for seconds in known.span)
            strength[0, first : max(last, first + 1)] = known.strength
        return KnownLatents(latents, strength)

    def _encoded(self, samples: Tensor) -> Tensor:
        """Latents (T, C) of samples (2, frames)."""
        return self.codec.encode(samples[None].to(self.device))[0].float().cpu()


def _network_config(values: Mapping[str, Any]) -> PerformerConfig:
    """Sizes by config.json; what it does not say is as published."""
    head = int(number(values, "attention_head_dim", 128))
    frames = int(number(values, "audio_seq_len", 645))
    first = head // 8
    rest = (head - first) // 2
    return PerformerConfig(
        latent_channels=int(number(values, "in_channels", 64)),
        condition_width=int(number(values, "joint_attention_dim", 1024)),
        layers=int(number(values, "num_layers", 6)),
        single_layers=int(number(values, "num_single_layers", 18)),
        heads=int(number(values, "num_attention_heads", 8)),
        head_dim=head,
        axes=(first, rest, rest),
        max_seconds=number(values, "max_duration", 30.0),
        fixed_frames=frames,
        window_frames=frames,
    )


def _name(key: str) -> str:
    """What a weight is called in our network."""
    for theirs, ours in _NAMES:
        if key.startswith(theirs):
            return ours + key.removeprefix(theirs)
    return key


def _text_weights(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The text encoder's; its embedding has two names, one of which may be missing."""
    found = {k.removeprefix(_TEXT): v for k, v in weights.items() if k.startswith(_TEXT)}
    for one, other in (_TIED, _TIED[::-1]):
        if one in found:
            found.setdefault(other, found[one])
    return found


def _fill(module: nn.Module, weights: Mapping[str, Tensor], path: Path) -> None:
    """Give a module without memory its weights; raises WeightsError where they are not its own."""
    wanted = module.state_dict()
    for name in sorted(wanted.keys() ^ weights.keys()):
        fault = "lacks" if name in wanted else "has the unknown weight"
        raise WeightsError(f"{path} {fault} {name}; fetch it again.")
    for name, value in wanted.items():
        if weights[name].shape != value.shape:
            raise WeightsError(f"{path} has another shape of {name}; fetch it again.")
    module.load_state_dict({name: value.float() for name, value in weights.items()}, assign=True)


def _codec(folder: Path) -> Codec:
    from diffusers import AutoencoderOobleck

    from core.codec.oobleck import OobleckCodec
    from core.release.sizes import codec_shape

    there = read_weights(folder, (_CODEC,))
    autoencoder = AutoencoderOobleck(**codec_shape(there))
    _fill(autoencoder, there.tensors(there.files), folder / f"{_CODEC}.safetensors")
    return OobleckCodec(autoencoder)
