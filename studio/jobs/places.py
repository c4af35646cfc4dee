"""Places for waits that take no turn of the model: those who wait there hold nobody up.

They are counted all the same, since each of them keeps one of the server's threads.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import StoryError


class Places:
    """So many at once; who comes when all are taken is refused.

    Args:
        refusal: the sentence for that.
    """

    def __init__(self, count: int, refusal: str) -> None:
        self._free = threading.Semaphore(count)
        self._refusal = refusal

    @contextmanager
    def place(self) -> Iterator[None]:
        """Have a place as long as the block lasts.

        Raises:
            StoryError: all are taken.
        """
        if not self._free.acquire(blocking=False):
            raise StoryError(self._refusal)
        try:
            yield
        finally:
            self._free.release()
