"""What a recording of a library may be at most."""

from __future__ import annotations

from core.audio.decode import Limits
from core.story.limits import RATE_RANGE
from core.story.recording import MAX_CHANNELS, MAX_RECORDING_BYTES, MAX_SAMPLES, MAX_SECONDS

LIBRARY_LIMITS = Limits(MAX_SECONDS, MAX_CHANNELS, MAX_SAMPLES, MAX_RECORDING_BYTES, RATE_RANGE)
"""Of what is read at once; WAV, AIFF and FLAC may hold more (`core.audio.decode.decode_span`)."""
LONGEST_SECONDS = 6 * 3600.0
"""Of a recording; what a header says beyond it is a lie."""
