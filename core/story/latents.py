"""Latents of takes on disk: safetensors beside the FLAC.

They are kept, not encoded again from the sound, for two reasons. The pocket codec draws at random
what latents leave out, so a round trip through sound moves them by half of their own size (measured
on the pocket profile: RMS 0.34 of 0.63) and every variation of a variation would drift. And a
repainted take promises that its latents outside the span are the original's, bit by bit. They cost
5.5 kB a second, a twentieth of the FLAC.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from core.errors import AudioFileError
from core.files import write_atomically

MAX_FRAMES = 200_000
"""More than an hour of sound; a larger file is not a take."""


def save_latents(path: Path, latents: Tensor) -> None:
    """Write latents (T, C); atomic.

    Raises:
        FileError: the folder cannot be written to or the disk is full.
    """
    # Not `save_file`: a full disk would be its own SafetensorError.
    write_atomically(path, save({"latents": latents.float().contiguous()}))


def load_latents(path: Path, channels: int) -> Tensor:
    """Read latents (T, channels), float32.

    Raises:
        AudioFileError: the file is missing, damaged, or of another codec.
    """
    try:
        with safe_open(path, framework="pt") as file:
            shape = file.get_slice("latents").get_shape()
            if len(shape) != 2 or shape[1] != channels or not 1 <= shape[0] <= MAX_FRAMES:
                raise AudioFileError(f"{path.name} is of another model; render its event again.")
            latents: Tensor = file.get_tensor("latents").float()
    except (OSError, SafetensorError):
        raise AudioFileError(f"{path.name} cannot be read; render its event again.") from None
    if not torch.isfinite(latents).all():
        raise AudioFileError(f"{path.name} is damaged; render its event again.")
    return latents
