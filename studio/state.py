"""What all handlers of a running studio share."""

from __future__ import annotations

from dataclasses import dataclass

from studio.jobs.model_service import Engine
from studio.sessions.registry import Sessions
from studio.sound.peaks import PeakCache


@dataclass(frozen=True)
class Studio:
    """What all handlers share."""

    engine: Engine
    sessions: Sessions
    cache: PeakCache
