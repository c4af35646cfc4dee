"""Sounds of a story as FLAC, 24 bits: takes and recordings.

They are encoded in memory. libsndfile writes straight to a file without a word when the disk takes
all but the last block, and names a full disk a fault of the encoder where it does notice.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from core.files import write_atomically


def write_flac(path: Path, samples: npt.NDArray[np.floating], rate: int) -> None:
    """Write samples (channels, frames) of full scale 1 at `rate` Hz; atomic.

    Raises:
        FileError: the folder cannot be written to or the disk is full.
    """
    encoded = io.BytesIO()
    soundfile.write(encoded, samples.T, rate, format="FLAC", subtype="PCM_24")
    write_atomically(path, encoded.getbuffer())
