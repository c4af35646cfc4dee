"""The model behind the page: loaded once in the background, used by one job at a time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from core.audiostory import AudioStory, load_audiostory
from core.profile import Profile, load_profile


class Engine:
    """A profile and its model.

    Attributes:
        turn: held by the job that uses the model.
    """

    def __init__(self, profile_name: str) -> None:
        self.profile: Profile = load_profile(profile_name)
        self.turn = threading.Lock()
        self._loading = ThreadPoolExecutor(1, "load").submit(load_audiostory, self.profile)

    @property
    def ready(self) -> bool:
        return self._loading.done()

    @property
    def model(self) -> AudioStory:
        """The loaded model; waits for it, and raises WeightsError when it cannot be loaded."""
        return self._loading.result()
