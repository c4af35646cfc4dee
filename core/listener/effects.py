"""The pocket model's ear: the `aisfx` network, frozen, in the place of Whisper's encoder.

It was trained on sound effects, which is what there is to hear. Its frame features (one every
186 ms) are pooled over time and projected into the language model's embeddings, like the states of
the published model's encoder (core/listener/whisper.py).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from core.listener.aisfx import AISFX_RATE, SoundEmbedder
from core.listener.whisper import Listener, first_seconds
from core.profile import ListenerConfig

AISFX = "aisfx"
"""Name of this ear in a profile, where the folder of another encoder would stand."""


class EffectsListener(Listener):
    """Sound-effect features, pooling over time, and the projector into embeddings."""

    def __init__(self, config: ListenerConfig, hidden: int):
        super().__init__(config, hidden)
        self._embedder: SoundEmbedder | None = None

    @torch.inference_mode()
    def pooled(self, waveform: Tensor, rate: int) -> Tensor:
        """Features (tokens, 512) of the first 30 s of a sound (channels, N) at `rate` Hz."""
        if self._embedder is None:
            self._embedder = SoundEmbedder()
        sound = torch.from_numpy(first_seconds(waveform, rate, AISFX_RATE))
        frames = self._embedder.frame_features(sound)
        return functional.adaptive_avg_pool1d(frames.T[None], self.config.tokens)[0].T

    def forward(self, features: Tensor) -> Tensor:
        """Pooled features (…, 512) to embeddings (…, hidden)."""
        return torch.as_tensor(self.projector(features))

    @torch.inference_mode()
    def hear(self, waveform: Tensor, rate: int) -> Tensor:
        """The first 30 s of a sound (channels, N) at `rate` Hz as embeddings (tokens, hidden)."""
        weight = next(self.projector.parameters())
        return torch.as_tensor(self(self.pooled(waveform, rate).to(weight)))


def build_listener(config: ListenerConfig, hidden: int) -> Listener:
    """The ear that a profile names."""
    kind = EffectsListener if config.encoder == AISFX else Listener
    return kind(config, hidden)
