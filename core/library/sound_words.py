"""From words to sounds: which recordings sound like what a text says, though their names do not.

A linear map takes the embedding of a sound (core/listener/aisfx.py) to where the sentence encoder
puts what people call it. It was learned from the training recordings and synthesised clips of the
corpus with all their wordings (core/training/sound_words.py), as contrastive models of text and
sound are, over two frozen networks. Since it is linear, a text asks every sound with one product.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from core.files import atomic_path, open_weights
from core.profile import ASSETS

SOUND_WORDS_FILE = ASSETS / "library" / "sound_words.safetensors"

_Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SoundWords:
    """The map.

    Attributes:
        weight, bias: (384, 512) and (384,): what a sound of unit length (512,) is in words.
    """

    weight: _Matrix
    bias: _Matrix

    def in_words(self, sounds: npt.NDArray[np.floating]) -> _Matrix:
        """Sounds (N, 512) of unit length as vectors of words (N, 384) of unit length."""
        words = sounds.astype(np.float32) @ self.weight.T + self.bias
        return np.asarray(words / np.linalg.norm(words, axis=1, keepdims=True).clip(1e-6))

    def save(self, path: Path) -> None:
        """Write it, in half precision."""
        with atomic_path(path) as temporary:
            half = {"weight": self.weight.astype(np.float16), "bias": self.bias.astype(np.float16)}
            save_file(half, temporary)


def load_sound_words(path: Path = SOUND_WORDS_FILE) -> SoundWords:
    """The map that `SoundWords.save` wrote.

    Raises:
        WeightsError: its file is missing or damaged.
    """
    with open_weights(path) as file:
        weight, bias = (file.get_tensor(name).float().numpy() for name in ("weight", "bias"))
    return SoundWords(weight, bias)
