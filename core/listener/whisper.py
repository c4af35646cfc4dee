"""Hearing: the audio input path of the published model.

A Whisper encoder turns 30 s of sound into states, which are pooled over time and projected into
the language model's embeddings, to stand in a prompt where its placeholder tokens are.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import soxr
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from core.audio.downmix import to_mono
from core.errors import WeightsError
from core.profile import ListenerConfig

if TYPE_CHECKING:
    from transformers import WhisperFeatureExtractor
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

_RATE = 16_000
SECONDS = 30.0


def projector(width: int, hidden: int) -> nn.Sequential:
    """From pooled Whisper states to embeddings."""
    return nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, hidden))


class Listener(nn.Module):
    """Whisper encoder, pooling over time, and the projector into embeddings of size `hidden`."""

    def __init__(self, config: ListenerConfig, hidden: int):
        super().__init__()
        self.config = config
        self.projector = projector(config.width, hidden)
        self._encoder: WhisperEncoder | None = None

    @property
    def encoder(self) -> WhisperEncoder:
        """Read when it is first needed: it is as large as the performer.

        Raises:
            WeightsError: the encoder was not imported.
        """
        if self._encoder is None:
            self._encoder = load_encoder(self.config).to(self.projector[0].weight)
        return self._encoder

    def forward(self, features: Tensor) -> Tensor:
        """Log-mel features (B, bins, 3000) to embeddings (B, tokens, hidden)."""
        states = self.encoder(features.to(self.encoder.conv1.weight)).last_hidden_state
        pooled = functional.adaptive_avg_pool1d(states.transpose(1, 2), self.config.tokens)
        return torch.as_tensor(self.projector(pooled.transpose(1, 2)))

    @torch.inference_mode()
    def hear(self, waveform: Tensor, rate: int) -> Tensor:
        """The first 30 s of a sound (channels, N) at `rate` Hz as embeddings (tokens, hidden)."""
        extractor = feature_extractor(self.config)
        sound = first_seconds(waveform, rate, _RATE)
        heard = extractor(sound, sampling_rate=_RATE, return_tensors="pt")
        return self(heard["input_features"])[0]  # type: ignore[no-any-return]


def first_seconds(waveform: Tensor, rate: int, wanted: int) -> npt.NDArray[np.float32]:
    """The first SECONDS of a sound (channels, N) at `rate` Hz as one channel (n,) at `wanted`."""
    begin = waveform[:, : round(SECONDS * rate)].cpu().numpy().astype(np.float32)
    return np.asarray(soxr.resample(to_mono(begin)[0], rate, wanted), dtype=np.float32)


def feature_extractor(config: ListenerConfig) -> WhisperFeatureExtractor:
    """Log-mel spectrum as the encoder was trained on it."""
    from transformers import WhisperConfig, WhisperFeatureExtractor  # no plan needs them

    folder = Path(config.encoder)
    if (folder / "preprocessor_config.json").is_file():
        return WhisperFeatureExtractor.from_pretrained(folder, local_files_only=True)
    bins = WhisperConfig.from_pretrained(folder, local_files_only=True).num_mel_bins
    return WhisperFeatureExtractor(feature_size=bins)


def load_encoder(config: ListenerConfig) -> WhisperEncoder:
    """The encoder of an imported profile, in fp32.

    Raises:
        WeightsError: it was not imported, or does not fit.
    """
    from transformers import WhisperConfig
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    folder = Path(config.encoder)
    path = folder / "model.safetensors"
    if not config.encoder or not path.is_file():
        raise WeightsError("The sound encoder is missing; import the model again with --whisper.")
    with torch.device("meta"):
        encoder = WhisperEncoder(WhisperConfig.from_pretrained(folder, local_files_only=True))
    weights = {name: value.float() for name, value in load_file(path).items()}
    try:
        encoder.load_state_dict(weights, assign=True)
    except RuntimeError:
        raise WeightsError("The sound encoder does not fit; import the model again.") from None
    return encoder.eval().requires_grad_(False)
