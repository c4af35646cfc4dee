"""Performers that are pipelines of diffusers, in folders as `save_pretrained` writes them.

Stable Audio 3 varies, repaints and continues by its audio-to-audio and inpaint pipelines; the
others begin from words alone.
"""

from __future__ import annotations

import inspect
import math
from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from core.errors import WeightsError
from core.performer.event_performer import EventRequest
from core.placement import Placement
from core.pretrained.adapter import (
    MARGIN,
    Adapter,
    Measures,
    ModelPart,
    SoundSamples,
    Ticker,
    ends_early,
    read_part,
)
from core.pretrained.configs import number, read_config
from core.pretrained.failures import UNREADABLE, first_line
from core.profile import RenderSettings

_TOKENIZERS = ("tokenizer", "tokenizer_2")
_SCHEDULERS = ("scheduler",)
_EXTRACTORS = ("feature_extractor",)
_LEAST_STRENGTH = 0.01
"""Strength below which a varied sound is the sound itself."""


class PipelineAdapter(Adapter):
    """A pipeline of diffusers.

    Attributes:
        pipeline: its class.
        parts: its modules.
        plain: components without weights.
        optional: those of them that a folder may do without, since the pipeline has its own.
        rate: Hz.
    """

    pipeline: ClassVar[str]
    parts: ClassVar[tuple[ModelPart, ...]]
    plain: ClassVar[tuple[str, ...]] = (*_TOKENIZERS[:1], *_SCHEDULERS)
    optional: ClassVar[tuple[str, ...]] = ()

    def __init__(self, folder: Path, placement: Placement) -> None:
        import diffusers

        modules: dict[str, Any] = {
            part.folder: read_part(folder, part, placement) for part in self.parts
        }
        for name in self.plain:
            there = name not in self.optional or (folder / name).is_dir()
            modules[name] = _read_plain(folder, name) if there else None
        self.folder = folder
        self.rate = self.measured(folder).sample_rate
        self.pipe = getattr(diffusers, self.pipeline)(**modules)
        self.pipe.set_progress_bar_config(disable=True)

    @classmethod
    def weight_files(cls, folder: Path) -> list[Path]:
        found = []
        for part in cls.parts:
            files = sorted((folder / part.folder).glob("*.safetensors"))
            if not files:
                raise WeightsError(
                    f"{folder / part.folder} holds no safetensors; fetch {part.kind} again, in "
                    "diffusers' layout."
                )
            found += files
        return found

    def sound(
        self,
        request: EventRequest,
        settings: RenderSettings,
        generator: torch.Generator,
        ticker: Ticker,
    ) -> tuple[SoundSamples, Tensor | None]:
        return self._made(self.pipe, self.arguments(request), settings, generator, ticker), None

    @abstractmethod
    def arguments(self, request: EventRequest) -> dict[str, Any]:
        """What the pipeline is called with for a request; seconds with a margin."""

    def _made(
        self,
        pipe: Any,
        arguments: dict[str, Any],
        settings: RenderSettings,
        generator: torch.Generator,
        ticker: Ticker,
    ) -> SoundSamples:
        """Call a pipeline and count its steps, of which it tells each when it is done."""
        ticker.tick()
        left = settings.steps - 1

        def done() -> None:
            nonlocal left
            if left > 0:
                ticker.tick()
            left -= 1

        accepted = inspect.signature(pipe.__call__).parameters
        if "callback_on_step_end" in accepted:

            def after(pipe: Any, step: int, time: Any, values: dict[str, Any]) -> dict[str, Any]:
                done()
                return values

            arguments = arguments | {"callback_on_step_end": after}
        else:
            arguments = arguments | {"callback": lambda step, time, latents: done()}
        if "guidance_scale" in accepted:
            arguments["guidance_scale"] = settings.guidance
        made = pipe(
            num_inference_steps=settings.steps,
            generator=generator,
            output_type="pt",
            **arguments,
        ).audios
        sound = torch.as_tensor(made)[0].float().cpu()
        return np.ascontiguousarray(sound.reshape(-1, sound.shape[-1]).numpy())


def _read_plain(folder: Path, name: str) -> Any:
    """A tokenizer, scheduler or feature extractor, as data; raises WeightsError."""
    import diffusers
    import transformers

    path = folder / name
    try:
        if name in _TOKENIZERS:
            return transformers.AutoTokenizer.from_pretrained(path, local_files_only=True)
        if name in _EXTRACTORS:
            return transformers.ClapFeatureExtractor.from_pretrained(path, local_files_only=True)
        config = read_config(path / "scheduler_config.json")
        named = getattr(diffusers, str(config.get("_class_name")), None)
        if not inspect.isclass(named) or not issubclass(named, diffusers.SchedulerMixin):
            raise WeightsError(f"{path} names no scheduler of diffusers; fetch it again.")
        scheduler: Any = named
        return scheduler.from_pretrained(path, local_files_only=True)
    except UNREADABLE as cause:
        raise WeightsError(
            f"{path} cannot be read ({first_line(cause)}); fetch it again."
        ) from None


class StableAudio3(PipelineAdapter):
    """Stable Audio 3: stereo, of any length up to minutes; begins from sounds too."""

    pipeline = "StableAudio3Pipeline"
    parts = (
        ModelPart("vae", "diffusers", "AutoencoderSAME"),
        ModelPart("text_encoder", "transformers", "T5GemmaEncoderModel"),
        ModelPart("duration_embedder", "diffusers", "StableAudio3DurationEmbedder"),
        ModelPart("transformer", "diffusers", "StableAudio3DiTModel"),
    )

    @classmethod
    def measured(cls, folder: Path) -> Measures:
        rate = number(read_config(folder / "vae" / "config.json"), "sampling_rate", 44_100)
        longest = number(read_config(folder / "duration_embedder" / "config.json"), "max_val", 384)
        return Measures(int(rate), longest - MARGIN)

    def arguments(self, request: EventRequest) -> dict[str, Any]:
        return {"prompt": request.caption, "duration": request.seconds + MARGIN}

    @classmethod
    def steps(cls, request: EventRequest, settings: RenderSettings, rate: int) -> int:
        known = request.known
        if known is None or known.span is not None:
            return settings.steps
        passes = int(ends_early(request, rate)) + int(known.strength >= _LEAST_STRENGTH)
        return max(1, passes * settings.steps)

    def sound(
        self,
        request: EventRequest,
        settings: RenderSettings,
        generator: torch.Generator,
        ticker: Ticker,
    ) -> tuple[SoundSamples, Tensor | None]:
        """Of what is known, what is missing at its end is made first, then all of it is varied."""
        known = request.known
        if known is None:
            return super().sound(request, settings, generator, ticker)
        made = (settings, generator, ticker)
        if known.span is not None:
            return self._repainted(request, known.samples, known.span, *made), None
        sound, length = known.samples, known.samples.shape[1]
        if ends_early(request, self.rate):
            rest = (length / self.rate, request.seconds + MARGIN)
            more = self._repainted(request, sound, rest, *made)
            sound = np.concatenate([stereo(sound), more[:, length:]], axis=1)
        if known.strength < _LEAST_STRENGTH:
            return sound, None
        import diffusers

        pipe = _with_modules_of(self.pipe, diffusers.StableAudio3AudioToAudioPipeline)
        arguments = self.arguments(request) | {
            "audio": self._reference(request, sound),
            "init_noise_level": known.strength,
        }
        return self._made(pipe, arguments, *made), None

    def _repainted(
        self,
        request: EventRequest,
        sound: SoundSamples,
        span: tuple[float, float],
        settings: RenderSettings,
        generator: torch.Generator,
        ticker: Ticker,
    ) -> SoundSamples:
        import diffusers

        pipe = _with_modules_of(self.pipe, diffusers.StableAudio3InpaintPipeline)
        frame = self.pipe.vae.downsampling_ratio / self.rate
        arguments = self.arguments(request) | {
            "audio": self._reference(request, sound),
            "mask_start_seconds": span[0],
            "mask_end_seconds": max(span[1], span[0] + 2 * frame),
        }
        return self._made(pipe, arguments, settings, generator, ticker)

    def _reference(self, request: EventRequest, sound: SoundSamples) -> Tensor:
        """The sound as the pipelines take it: stereo (1, 2, N), in whole latent frames."""
        hop = self.pipe.vae.downsampling_ratio
        frames = math.ceil((request.seconds + MARGIN) * self.rate / hop) * hop
        cut = stereo(sound)[:, :frames]
        return torch.from_numpy(np.pad(cut, ((0, 0), (0, frames - cut.shape[1]))))[None]


def stereo(sound: SoundSamples) -> SoundSamples:
    """A sound of one or two channels as two."""
    return np.repeat(sound, 2, axis=0) if len(sound) == 1 else sound


def _with_modules_of(pipe: Any, kind: Any) -> Any:
    """Another pipeline over the same modules."""
    other = kind(**pipe.components)
    other.set_progress_bar_config(disable=True)
    return other


class StableAudioOpen(PipelineAdapter):
    """Stable Audio Open: stereo, up to 47 s."""

    pipeline = "StableAudioPipeline"
    parts = (
        ModelPart("vae", "diffusers", "AutoencoderOobleck"),
        ModelPart("text_encoder", "transformers", "T5EncoderModel"),
        ModelPart("projection_model", "diffusers", "StableAudioProjectionModel"),
        ModelPart("transformer", "diffusers", "StableAudioDiTModel"),
    )

    @classmethod
    def measured(cls, folder: Path) -> Measures:
        codec = read_config(folder / "vae" / "config.json")
        rate = number(codec, "sampling_rate", 44_100)
        hop = math.prod(codec.get("downsampling_ratios") or (2, 4, 4, 8, 8))
        frames = number(read_config(folder / "transformer" / "config.json"), "sample_size", 1024)
        return Measures(int(rate), frames * hop / rate - MARGIN)

    def arguments(self, request: EventRequest) -> dict[str, Any]:
        return {"prompt": request.caption, "audio_end_in_s": request.seconds + MARGIN}


class AudioLDM2(PipelineAdapter):
    """AudioLDM 2: mono at 16 kHz."""

    pipeline = "AudioLDM2Pipeline"
    parts = (
        ModelPart("vae", "diffusers", "AutoencoderKL"),
        ModelPart("text_encoder", "transformers", "ClapModel"),
        ModelPart("text_encoder_2", "transformers", "T5EncoderModel"),
        ModelPart("projection_model", "diffusers", "AudioLDM2ProjectionModel"),
        ModelPart("language_model", "transformers", "GPT2LMHeadModel"),
        ModelPart("unet", "diffusers", "AudioLDM2UNet2DConditionModel"),
        ModelPart("vocoder", "transformers", "SpeechT5HifiGan"),
    )
    plain = (*_TOKENIZERS, *_SCHEDULERS, *_EXTRACTORS)
    longest: ClassVar[float] = 30.0
    """Seconds. The pipeline takes any length; it has learned ten, and what it makes of more than
    the longest clips of its kind of model is not worth the wait."""

    @classmethod
    def measured(cls, folder: Path) -> Measures:
        vocoder = read_config(folder / "vocoder" / "config.json")
        return Measures(int(number(vocoder, "sampling_rate", 16_000)), cls.longest)

    def arguments(self, request: EventRequest) -> dict[str, Any]:
        return {"prompt": request.caption, "audio_length_in_s": request.seconds + MARGIN}


class LongCatAudio(PipelineAdapter):
    """LongCat-AudioDiT: mono at 24 kHz, up to 30 s. Its publisher trained it to speak."""

    pipeline = "LongCatAudioDiTPipeline"
    parts = (
        ModelPart("vae", "diffusers", "LongCatAudioDiTVae"),
        ModelPart("text_encoder", "transformers", "UMT5EncoderModel"),
        ModelPart("transformer", "diffusers", "LongCatAudioDiTTransformer"),
    )
    optional = _SCHEDULERS
    longest: ClassVar[float] = 30.0

    @classmethod
    def measured(cls, folder: Path) -> Measures:
        codec = read_config(folder / "vae" / "config.json")
        rate = number(codec, "sample_rate", 24_000)
        frame = number(codec, "downsampling_ratio", 2048) / rate
        return Measures(int(rate), cls.longest - frame - MARGIN)

    def arguments(self, request: EventRequest) -> dict[str, Any]:
        codec = read_config(self.folder / "vae" / "config.json")
        frame = number(codec, "downsampling_ratio", 2048) / self.rate
        seconds = math.ceil(request.seconds / frame) * frame + MARGIN
        return {"prompt": request.caption, "audio_duration_s": seconds}
