"""Writing trained weights into assets/: safetensors in half precision, one file a part."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from torch import Tensor

from core.audiostory import AudioStory
from core.bridge.text_encoder import TextEncoder
from core.files import atomic_path
from core.language.adapter import adapter_weights
from core.listener.whisper import Listener
from core.performer.flow_performer import flow_performer
from core.profile import EAR, SCORING, WISHES

ADAPTERS = {"wishes": WISHES, "scores": SCORING}
"""Files of the adapters beside the director's own, by what they have learned to write."""


def publish(model: AudioStory, folder: Path) -> None:
    """Write the trained parts; the guidance's negative goes with the performer."""
    assert isinstance(model.llm, PeftModel)
    with torch.no_grad():
        encoder = TextEncoder(model.profile.bridge.semantic_tokens)
        flow_performer(model.performer).negative.copy_(encoder([""]))
    _write(adapter_weights(model.llm), folder / "director.safetensors")
    _write(model.bridge.state_dict(), folder / "bridge.safetensors")
    for name, weights in model.performer.weight_files().items():
        _write(weights, folder / name)
    if model.listener is not None:
        publish_ear(model.listener, folder)


def publish_ear(listener: Listener, folder: Path) -> None:
    """Write the ear's projector alone; the files of the other parts are left as they are."""
    _write(listener.state_dict(), folder / EAR)


def publish_adapter(run: Path, folder: Path, name: str, share: float = 1.0) -> None:
    """Write the adapter of a run of `wishes` or `scores` alone.

    Args:
        share: how far to go from the shipped adapter, which the run went on from, to the run's.
    """
    learned, shipped = load_file(run / "average.safetensors"), folder / ADAPTERS[name]
    if share != 1.0:
        before = load_file(shipped)
        learned = {key: torch.lerp(before[key].float(), v, share) for key, v in learned.items()}
    _write(learned, shipped)


def _write(weights: Mapping[str, Tensor], path: Path) -> None:
    halves = {name: value.detach().half().contiguous() for name, value in weights.items()}
    with atomic_path(path) as temporary:
        save_file(halves, temporary)
