"""Whether all that a caption tells of is known, read from its words as they stand in it.

A vector of the whole caption is the mean of its words and forgets the one word that is unknown
among ten. Here each word gives evidence by itself, which is pooled by its maximum, softly, as in
multiple-instance learning (Ilse et al., Attention-based Deep Multiple Instance Learning, 2018):
one unknown sound suffices. The mean takes part beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

WORD_SCALE, MEAN_SCALE = 3.0, 12.0
"""What states of words, and unit vectors, are multiplied by: their elements are small."""
_NO_WORD = -30.0
"""Evidence of padding: none in a sum of exponentials."""


class CaptionClassifier(nn.Module):
    """A small network over the text encoder's states of words.

    Args:
        width: of those states.
        hidden: of its two layers.
        kinds: kinds of evidence that are pooled each by itself.
        dropout: share of its inputs and of its hidden units that is left out in training.
    """

    def __init__(self, width: int, hidden: int = 64, kinds: int = 16, dropout: float = 0.2):
        super().__init__()
        drop = nn.Dropout(dropout)
        self.words = nn.Sequential(
            drop, nn.Linear(width, hidden), nn.GELU(), drop, nn.Linear(hidden, kinds)
        )
        self.pooled = nn.Linear(kinds, 1)
        self.mean = nn.Sequential(
            drop, nn.Linear(width, hidden), nn.GELU(), drop, nn.Linear(hidden, 1)
        )

    def forward(self, states: Tensor, heard: Tensor) -> Tensor:
        """Logits of "all is known", (B,).

        Args:
            states: of words, (B, N, width).
            heard: which of them count, (B, N): not the padding.
        """
        evidence = self.words(WORD_SCALE * states).masked_fill(~heard[..., None], _NO_WORD)
        counted = heard[..., None].to(states.dtype)
        mean = (states * counted).sum(1) / counted.sum(1)
        mean = MEAN_SCALE * nn.functional.normalize(mean, dim=1)
        logits: Tensor = self.pooled(evidence.logsumexp(1)) + self.mean(mean)
        return logits[:, 0]


def padded(words: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Captions' words, each (N, D), side by side: (B, N, D), and which of them count, (B, N)."""
    lengths = torch.tensor([len(states) for states in words])
    states = pad_sequence([states.float() for states in words], batch_first=True)
    return states, torch.arange(states.shape[1])[None] < lengths[:, None]
