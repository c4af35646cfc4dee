"""The model behind the page: loaded in the background, used by one job at a time.

Loading starts when the first page has been painted, or when a job needs the model: importing and
loading need all of a processor, and a page that is being painted should not wait for them.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.allocator import collection_paused, give_back_free_memory
from core.detached import GLANCE
from core.errors import Cancelled
from core.performer.event_performer import EventPerformer
from core.profile import NO_GUIDANCE, Profile, RenderSettings, load_profile
from core.render.performers import NONE_BESIDE, Performers
from studio.jobs.queue import JobQueue
from studio.jobs.speed import Speed

if TYPE_CHECKING:
    from core.audiostory import AudioStory
    from core.bridge.known_sounds import KnownSounds
    from core.bridge.lexicon import Lexicon
    from core.story.story import Story

FIRST_ESTIMATES = {"draft": 8.0, "render": 0.04, "describe": 3.0}
"""Seconds that a draft, one sampler step over a second of sound, and a description take before any
was measured."""


class ModelService:
    """A profile and its model.

    Args:
        others: performers beside the model's own.

    Attributes:
        performers: who can perform an event.
        queue: whose first job uses the model.
        speed: how fast this machine did the jobs before.
        known_sounds: the sounds that the model learned; None until it is there.
        lexicon: paraphrases of captions; None until then, and where the profile has none.
    """

    def __init__(
        self,
        profile_name: str,
        speed: Speed | None = None,
        others: Mapping[str, EventPerformer] = NONE_BESIDE,
    ) -> None:
        self.profile: Profile = load_profile(profile_name)
        self.performers = Performers(self.profile, others)
        self.queue = JobQueue()
        self.speed = speed or Speed()
        self.known_sounds: KnownSounds | None = None
        self.lexicon: Lexicon | None = None
        self._guard = threading.Lock()
        self._loading: Future[AudioStory] | None = None
        self._matching: threading.Thread | None = None

    def warm_up(self, after: float = 0.0) -> None:
        """Start loading the model, unless that was done before.

        Args:
            after: seconds to leave to the page first.
        """
        with self._guard:
            if self._loading is None:
                self._loading = Future()
                threading.Thread(target=self._load, args=(after,), name="load", daemon=True).start()

    @property
    def ready(self) -> bool:
        return self._loading is not None and self._loading.done()

    def wait(self) -> None:
        """Wait until the model that `warm_up` began to load is there; raises what kept it."""
        if self._loading is not None:
            self._loading.result()

    @property
    def model(self) -> AudioStory:
        """The loaded model; waits for it, and raises WeightsError when it cannot be loaded."""
        self.warm_up()
        assert self._loading is not None
        return self._loading.result()

    def model_unless(self, cancel: threading.Event) -> AudioStory:
        """The loaded model, like `model`; Cancelled, at once, when `cancel` is set before that."""
        self.warm_up()
        assert self._loading is not None
        while not wait_for([self._loading], GLANCE).done:
            if cancel.is_set():
                raise Cancelled("Stopped while the model was loading.")
        return self._loading.result()

    def has_matched(self, story: Story) -> bool:
        """Whether `core.render.unknown.unknown_sounds` tells at once of a story's events.

        A story from elsewhere may have hundreds of captions that were never looked up: that is
        begun here, beside the page, and what it finds is shown when the page is drawn next.
        """
        known = self.known_sounds
        if known is None:
            return False
        missing = known.unmatched([event.caption for event in story.events])
        if len(missing) <= MATCHED_AT_ONCE:
            return True
        with self._guard:
            if self._matching is None or not self._matching.is_alive():
                self._matching = threading.Thread(
                    target=_match_slowly, args=(known, missing), name="match", daemon=True
                )
                self._matching.start()
        return False

    def estimate(
        self, kind: str, amount: float = 1.0, settings: RenderSettings | None = None
    ) -> float:
        """Seconds that a job will take on this machine, measured or not.

        Args:
            kind: one of `FIRST_ESTIMATES`.
            amount: of rendering, sampler steps over seconds of sound.
            settings: of rendering, since a step of each sampler takes its own time.
        """
        pace = self.pace(kind, settings)
        return (FIRST_ESTIMATES[kind] if pace is None else pace) * amount

    def pace(self, kind: str, settings: RenderSettings | None = None) -> float | None:
        """Seconds for a unit of such work; None where none was done on this machine yet."""
        return self.speed.pace(self._measured_as(kind, settings))

    def record_duration(
        self,
        kind: str,
        seconds: float,
        amount: float = 1.0,
        settings: RenderSettings | None = None,
    ) -> None:
        """Learn from what a job took."""
        self.speed.record(self._measured_as(kind, settings), seconds, amount)

    def _measured_as(self, kind: str, settings: RenderSettings | None) -> str:
        guided = "" if settings is None or settings.guidance == NO_GUIDANCE else " guided"
        sampler = "" if settings is None else f" {settings.sampler}{guided}"
        return f"{self.profile.name} {kind}{sampler}"

    def _load(self, after: float) -> None:
        time.sleep(after)
        assert self._loading is not None
        try:
            with short_thread_turns(), collection_paused():
                from core.audiostory import load_audiostory
                from core.bridge.known_sounds import load_known_sounds

                model = load_audiostory(self.profile)
                self.known_sounds = load_known_sounds(self.profile)
                self.lexicon = model.lexicon
            give_back_free_memory()  # 345 MB of what loading needed
            self._loading.set_result(model)
        except BaseException as error:
            self._loading.set_exception(error)


MATCHED_AT_ONCE = 24
"""New captions that a page waits for, a second or so: as many as a plan has at most."""


def _match_slowly(known: KnownSounds, captions: Sequence[str]) -> None:
    for begin in range(0, len(captions), MATCHED_AT_ONCE):
        known.match(captions[begin : begin + MATCHED_AT_ONCE])


@contextmanager
def short_thread_turns() -> Iterator[None]:
    """Threads take turns ten times as often, so that the page answers while the model loads.

    Opening a long story then takes 1.0 s, otherwise 2.3 s.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 10)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)
