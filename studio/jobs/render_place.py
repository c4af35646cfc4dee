"""Where the studio renders: with its own model, one job after the other, or on a farm.

A farm gives people their turns itself, so rendering there holds up no draft here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from core.errors import FarmError, StudioError
from core.farm.address import FarmAddress
from core.farm.tasks import Priority
from studio.jobs.job import Job
from studio.jobs.model_service import ModelService

if TYPE_CHECKING:
    from core.farm.farm import Farm
    from core.render.render import EventRenderer


class RenderPlace:
    """Args:
    address: of a farm; None: the studio renders itself.
    """

    def __init__(self, address: FarmAddress | None = None) -> None:
        self._address = address
        self._guard = threading.Lock()
        self._farm: Farm | None = None
        self._open = ExitStack()

    @property
    def is_farm(self) -> bool:
        return self._address is not None

    def warm_up(self, service: ModelService) -> None:
        """Begin to load the model and to reach the farm, if there is one to be reached."""
        if self.is_farm:
            threading.Thread(target=self._reach_quietly, args=(service,), daemon=True).start()

    @contextmanager
    def turn(
        self,
        service: ModelService,
        job: Job,
        seconds: float,
        send: Callable[[Any], None],
        events: int,
    ) -> Iterator[EventRenderer]:
        """What renders a job as long as the block lasts, once it is its turn.

        Args:
            seconds: as `JobQueue.turn`.
            send: told how long the job waits, or what the farm is doing.
            events: how many are rendered; one alone is what somebody looks at and waits for.

        Raises:
            StoryError, Cancelled: as `JobQueue.turn`.
            FarmError: the farm cannot be reached.
        """
        if not self.is_farm:
            with service.queue.turn(job, seconds, send):
                service.model_unless(job.cancel)
                from core.render.render import render_events

                yield render_events
            return
        farm = self._reach(service, job.cancel)
        priority = Priority.WAITED_FOR if events == 1 else Priority.STORY
        try:
            yield farm.renderer(job.person, priority, send)
        except FarmError:
            with self._guard:
                self._farm = None  # the next job looks for it anew
            raise

    def close(self) -> None:
        """Leave the farm."""
        self._open.close()

    def _reach(self, service: ModelService, cancel: threading.Event) -> Farm:
        model = service.model_unless(cancel)
        from core.farm.farm import reached

        with self._guard:
            if self._farm is None:
                assert self._address is not None
                self._farm = self._open.enter_context(reached(model, self._address))
            return self._farm

    def _reach_quietly(self, service: ModelService) -> None:
        with suppress(StudioError):  # the first job to render says it
            self._reach(service, threading.Event())
