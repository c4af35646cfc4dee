"""Where the studio renders: with its own model, one job after the other, or on a farm.

A farm gives people their turns itself, so rendering there holds up no draft here. A process can be
on one Ray cluster at a time: whoever asks for another farm waits until nobody renders on this one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from core.detached import detached_result
from core.errors import FarmError, StudioError
from core.farm.address import FarmAddress, read_farm_address
from core.farm.tasks import Priority
from studio.jobs.job import Job
from studio.jobs.model_service import ModelService

if TYPE_CHECKING:
    from core.audiostory import AudioStory
    from core.farm.farm import Farm
    from core.render.render import EventRenderer


class RenderPlace:
    """Args:
    usual: address of the farm that renders where nobody chose; None: the studio itself.
    """

    def __init__(self, usual: FarmAddress | None = None) -> None:
        self.usual = usual
        self._guard = threading.Lock()
        self._joined: tuple[FarmAddress, Farm] | None = None
        self._jobs = 0
        self._open = ExitStack()

    def of(self, chosen: str | None) -> FarmAddress | None:
        """The farm that a text names, None for the studio itself, which an empty text names.

        Args:
            chosen: None: nobody chose.

        Raises:
            FarmError: it names no farm.
        """
        if chosen is None:
            return self.usual
        return read_farm_address(chosen) if chosen else None

    def warm_up(self, service: ModelService) -> None:
        """Begin to load the model and to reach the usual farm, if there is one to be reached."""
        if self.usual is not None:
            how = (service, self.usual, threading.Event())
            threading.Thread(target=self._reach_quietly, args=how, daemon=True).start()

    @contextmanager
    def turn(
        self,
        service: ModelService,
        job: Job,
        seconds: float,
        send: Callable[[Any], None],
        events: int,
        on: FarmAddress | None,
    ) -> Iterator[EventRenderer]:
        """What renders a job as long as the block lasts, once it is its turn.

        Args:
            seconds: as `JobQueue.turn`.
            send: told how long the job waits, or what the farm is doing.
            events: how many are rendered; one alone is what somebody looks at and waits for.
            on: where; None: here.

        Raises:
            StoryError, Cancelled: as `JobQueue.turn`.
            FarmError: the farm cannot be reached.
        """
        if on is None:
            with service.queue.turn(job, seconds, send):
                service.model_unless(job.cancel)
                from core.render.render import render_events

                yield render_events
            return
        farm = self.reach(service, on, job.cancel)
        priority = Priority.WAITED_FOR if events == 1 else Priority.STORY
        with self._used(farm):
            send(farm.state)
            yield farm.renderer(job.person, priority, send)

    def reach(self, service: ModelService, on: FarmAddress, cancel: threading.Event) -> Farm:
        """The farm at an address, joined where it was not yet.

        Raises:
            FarmError: it cannot be reached, or somebody renders on another one.
            Cancelled: `cancel` was set before that.
        """
        model = service.model_unless(cancel)
        return detached_result(lambda: self._join(model, on), cancel)

    def close(self) -> None:
        """Leave the farm."""
        self._open.close()

    def _join(self, model: AudioStory, on: FarmAddress) -> Farm:
        from core.farm.farm import reached

        with self._guard:
            if self._joined is not None and self._joined[0] == on:
                return self._joined[1]
            if self._joined is not None and self._jobs:
                raise FarmError(
                    f"The studio is rendering on {self._joined[0]}; wait until that is done, or "
                    "render there too."
                )
            self._joined = None
            if not self._jobs:
                self._open.close()
            self._joined = on, self._open.enter_context(reached(model, on))
            return self._joined[1]

    @contextmanager
    def _used(self, farm: Farm) -> Iterator[None]:
        """Keep to a farm as long as the block lasts; after it was lost, the next job looks for it
        anew."""
        with self._guard:
            if self._joined is None or self._joined[1] is not farm:
                raise FarmError("The studio has left this farm just now; render again.")
            self._jobs += 1
        try:
            yield
        except FarmError:
            with self._guard:
                self._joined = None
            raise
        finally:
            with self._guard:
                self._jobs -= 1

    def _reach_quietly(
        self, service: ModelService, on: FarmAddress, cancel: threading.Event
    ) -> None:
        with suppress(StudioError):  # the first job to render says it
            self.reach(service, on, cancel)
