"""What all handlers of a running studio share."""

from __future__ import annotations

from dataclasses import dataclass

from studio.jobs.model_service import ModelService
from studio.sessions.registry import Sessions
from studio.sound.peaks import PeakCache


@dataclass(frozen=True)
class Studio:
    """What all handlers share."""

    service: ModelService
    sessions: Sessions
    cache: PeakCache
