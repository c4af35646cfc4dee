"""A farm as its callers see it: it renders as `core.render.render.render_events` does.

What is asked goes to the farm's scheduler as data, takes come back as samples and latents; no disk
is shared. Whoever keeps the takes (`core.render.perform.perform`) does so in the story's folder
here, as ever.
"""

from __future__ import annotations

import dataclasses
import math
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.detached import GLANCE
from core.errors import FarmError, raise_if_cancelled
from core.farm.address import FarmAddress
from core.farm.cluster import NAMESPACE, connected
from core.farm.scheduler import Scheduler
from core.farm.shipping import code_version, ship
from core.farm.state import FarmState
from core.farm.tasks import (
    Done,
    Job,
    JobKind,
    Prepared,
    Priority,
    Refused,
    Rendered,
    ShippedModel,
    Stepped,
)
from core.farm.worker import AskedPlan, AskedRender
from core.render.beginnings import Beginning
from core.render.render import OnProgress, OnWork, RenderProgress
from core.render.rendered_take import RenderedTake
from core.render.takes import contexts, narrative_order
from core.story.story import Story

if TYPE_CHECKING:
    from core.audiostory import AudioStory
    from core.profile import RenderSettings

READY_WITHIN = 300.0
"""Seconds until a worker has to be ready: a large model comes over the network."""
ANSWERED_WITHIN = 120.0
"""Seconds after which a scheduler that does not answer is taken for lost; it says at least every
`core.farm.scheduler.NEWS_WITHIN` seconds that there is nothing new."""
OnState = Callable[[FarmState], None]


@dataclass(frozen=True)
class Farm:
    """A farm that was reached.

    Attributes:
        ray: the module, connected.
        scheduler: handle of the actor.
        weights: hash of the model that its workers hold (`AudioStory.weights`).
    """

    ray: Any
    scheduler: Any
    weights: str

    @property
    def state(self) -> FarmState:
        """What it is doing now."""
        state: FarmState = self._asked(self.scheduler.state.remote())
        return state

    def grow(self, workers: int, ready: int | None = None) -> None:
        """Have so many workers at least.

        Args:
            ready: how many of them are waited for; None: all.

        Raises:
            FarmError: they cannot be had.
        """
        self._asked(self.scheduler.grow.remote(workers))
        waited_for = workers if ready is None else ready
        reference = self.scheduler.ready.remote(waited_for, READY_WITHIN)
        if problem := self._asked(reference, READY_WITHIN + ANSWERED_WITHIN):
            raise FarmError(f"The farm cannot render. {problem}")

    def renderer(
        self,
        owner: str = "",
        priority: Priority = Priority.STORY,
        on_state: OnState | None = None,
    ) -> FarmRenderer:
        """What renders on the farm, for this person.

        Args:
            on_state: told what the farm is doing whenever something is new.
        """
        return FarmRenderer(self, owner, priority, on_state)

    def plan(
        self,
        instruction: str,
        seconds: float,
        seed: int,
        *,
        owner: str = "",
        priority: Priority = Priority.TABLE,
        cancel: threading.Event | None = None,
    ) -> Story:
        """A story planned on the farm by the model's own director.

        Raises:
            Cancelled, PlanError: as `core.director.plan.plan`.
            FarmError: the farm is lost.
        """
        asked = AskedPlan(instruction, seconds, seed)
        for news in self.work("plan", asked, owner, priority, cancel, "Planning"):
            if isinstance(news, Done):
                return Story.from_json(news.result)
        raise AssertionError("unreachable")

    def work(
        self,
        kind: JobKind,
        content: object,
        owner: str,
        priority: Priority,
        cancel: threading.Event | None,
        what: str,
    ) -> Iterator[Any]:
        """What is new of a job, until nobody asks any more, which ends it."""
        job = Job(secrets.token_hex(8), kind, owner, priority)
        reference = self.ray.put(content)
        self._asked(self.scheduler.submit.remote(job, [reference]))
        try:
            while True:
                for news in self._waited_for(self.scheduler.news.remote(job.id), cancel, what):
                    if isinstance(news, Refused):
                        raise news.error
                    yield news
        finally:
            self.scheduler.drop.remote(job.id)

    def _waited_for(self, reference: Any, cancel: threading.Event | None, what: str) -> Any:
        """What a reference stands for, unless it is cancelled before that."""
        until = time.monotonic() + ANSWERED_WITHIN
        ready: list[Any] = []
        while not ready and time.monotonic() < until:
            raise_if_cancelled(cancel, what)
            ready, _ = self.ray.wait([reference], timeout=GLANCE)
        return self._asked(reference, ANSWERED_WITHIN if ready else 0.0)

    def _asked(self, reference: Any, seconds: float = ANSWERED_WITHIN) -> Any:
        try:
            return self.ray.get(reference, timeout=seconds)
        except self.ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except (ConnectionError, self.ray.exceptions.RayError):
            raise FarmError(
                "The farm's scheduler is lost; render again: finished takes are kept."
            ) from None

    def takes(self, rendered: Rendered) -> list[RenderedTake] | None:
        """The takes of a batch; None where they were lost with the machine that they lay on, and
        are rendered once more."""
        try:
            takes: list[RenderedTake] = self.ray.get(rendered.takes)
        except self.ray.exceptions.RayError:
            self.scheduler.lost.remote(rendered.task)
            return None
        return takes


@dataclass(frozen=True)
class FarmRenderer:
    """Renders on a farm for one person; a `core.render.render.EventRenderer`."""

    farm: Farm
    owner: str
    priority: Priority
    on_state: OnState | None = None

    def __call__(
        self,
        model: AudioStory,
        story: Story,
        event_ids: Sequence[str],
        settings: RenderSettings,
        *,
        beginnings: Mapping[str, Beginning] | None = None,
        on_work: OnWork | None = None,
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
    ) -> Iterator[RenderedTake]:
        """As `core.render.render.render_events`, but takes come as they are done.

        Raises:
            Cancelled, RenderError: as there.
            FarmError: the farm has another model, or is lost.
        """
        if model.weights != self.farm.weights:
            raise FarmError("The farm holds another model; begin it again with this one.")
        texts, left = contexts(story), set(event_ids)
        bare = [dataclasses.replace(event, takes=(), chosen=None) for event in story.events]
        sent = dataclasses.replace(story, events=tuple(bare))
        asked = AskedRender(sent, tuple(event_ids), settings, dict(beginnings or {}))
        order = [event.id for event in narrative_order(story) if event.id in left]
        numbers = {event_id: number for number, event_id in enumerate(order, 1)}
        work = self.farm.work("prepare", asked, self.owner, self.priority, cancel, "Rendering")
        for news in work if left else ():
            if isinstance(news, FarmState) and self.on_state is not None:
                self.on_state(news)
            elif isinstance(news, Prepared) and on_work is not None:
                on_work(news.work)
            elif isinstance(news, Stepped) and on_progress is not None and news.event_id in left:
                place = (numbers[news.event_id], len(order))
                on_progress(RenderProgress(news.event_id, *place, news.step, news.steps))
            elif isinstance(news, Rendered) and left.issuperset(news.task.event_ids):
                for done in self.farm.takes(news) or ():
                    left.discard(done.event_id)
                    take = dataclasses.replace(done.take, context=texts[done.event_id])
                    yield dataclasses.replace(done, take=take)
            if not left:
                return


@contextmanager
def reached(model: AudioStory, address: FarmAddress) -> Iterator[Farm]:
    """A farm with this model, as long as the block lasts; one of a cluster goes on after it, so
    that the model stays loaded there.

    Raises:
        FarmError: Ray is not installed, no cluster answers, or no worker can be had.
        WeightsError: the model cannot be loaded once more, to be sent.
    """
    # A cluster may hold the model already; one that begins here needs it, and room for it.
    shipped = None if address.cluster else ship(model)
    with connected(address, shipped.size if shipped else 0) as ray:
        farm = join_farm(ray, model, address, shipped)
        del shipped
        try:
            yield farm
        finally:
            if not address.cluster:
                ray.kill(farm.scheduler)


def join_farm(
    ray: Any, model: AudioStory, address: FarmAddress, shipped: ShippedModel | None = None
) -> Farm:
    """The farm of a cluster that holds this model; it is begun where there is none.

    Args:
        shipped: the model as data, where it was made already.
    """
    resources = ray.cluster_resources()
    gpus = _share(address, resources.get("GPU", 0.0)) if address.gpus is None else address.gpus
    name = f"{model.profile.name} {model.weights} {code_version()} {address.threads} {gpus:g}"
    scheduler = _known(ray, name) if address.cluster else None
    if scheduler is None:
        named = {"name": name, "namespace": NAMESPACE, "lifetime": "detached"}
        lasting = {**named, "get_if_exists": True}
        options = {"num_cpus": 0} | (lasting if address.cluster else {})
        made_of = (ray.put(shipped or ship(model)), code_version(), address.threads, gpus)
        scheduler = ray.remote(**options)(Scheduler).remote(*made_of)
    farm = Farm(ray, scheduler, model.weights)
    farm.grow(address.workers or _room(resources, address.threads, gpus), ready=1)
    return farm


def _known(ray: Any, name: str) -> Any:
    try:
        return ray.get_actor(name, namespace=NAMESPACE)
    except ValueError:
        return None


def _share(address: FarmAddress, cards: float) -> float:
    """Of a graphics card for each worker, where nothing is said: a whole one, or less of it where
    there are more workers than cards."""
    if not cards:
        return 0.0
    return 1.0 / math.ceil(max(1.0, (address.workers or 1) / cards))


def _room(resources: Mapping[str, float], threads: int, gpus: float) -> int:
    """For how many workers a cluster has processors and cards; at least one."""
    room = resources.get("CPU", 0.0) / threads
    if gpus:
        cards = resources.get("GPU", 0.0)
        on_cards = cards * math.floor(1 / gpus) if gpus <= 1 else cards // gpus
        room = min(room, on_cards)
    return max(1, int(room))
