"""A person's library as a performer: for each caption the recording that is nearest to it.

It knows a sound as far as it has one. A seed chooses among the recordings that are about as near as
the nearest, and among the spans of each.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from core.errors import FileError, RenderError, raise_if_cancelled
from core.library.excerpt import LIBRARY, VARIATIONS, read_excerpt
from core.performer.event_performer import EventRequest, PerformedEvent, PerformerDescription
from core.profile import RenderSettings
from core.story.limits import MAX_TOTAL

if TYPE_CHECKING:
    from core.library.search import LibraryHit, LibrarySearch

LIBRARY_RATE = 44_100
"""Hz to which recordings are brought."""
SAME_WORTH = 0.85
"""Of the best score, from which a recording is as good."""
SURELY, NOT_AT_ALL = 0.75, 0.35
"""Cosines of what is said of a recording, or heard in it, and a caption: between them it is known
ever better. Paraphrases of one sound have 0.5 to 0.8, other sounds 0.1 to 0.4."""
_EXAMINED = 8
_ONE_STEP = RenderSettings(steps=1, guidance=1.0)


class LibraryPerformer:
    """Performs events by recordings; see `core.performer.event_performer.EventPerformer`.

    Args:
        search: opens the catalogue when it is first needed.
    """

    description = PerformerDescription(
        LIBRARY,
        "Your library",
        "recording",
        MAX_TOTAL,
        LIBRARY_RATE,
        _ONE_STEP,
        _ONE_STEP,
        LIBRARY,
        source="recordings of your own",
    )

    def __init__(self, search: Callable[[], LibrarySearch]) -> None:
        self._search = search

    def knows(self, captions: Sequence[str]) -> Sequence[float]:
        """How near the nearest recording is to each caption, 0 to 1."""
        try:
            return [_share(self._search().search(caption, 1)) for caption in captions]
        except FileError:  # no library is here
            return [0.0] * len(captions)

    def steps(self, request: EventRequest, settings: RenderSettings) -> int:
        return 1

    def perform(
        self,
        request: EventRequest,
        settings: RenderSettings,
        *,
        on_step: Callable[[int], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> PerformedEvent:
        """An excerpt of a recording, as long as the event.

        Raises:
            Cancelled: `cancel` was set.
            RenderError: no recording that fits can be read.
        """
        raise_if_cancelled(cancel, "Reading the library")
        if on_step is not None:
            on_step(0)
        try:
            hits = self._search().search(request.caption, _EXAMINED)
        except FileError as cause:
            raise RenderError(str(cause)) from None
        near = [hit for hit in hits if hit.score >= SAME_WORTH * hits[0].score]
        first, variation = request.seed % max(1, len(near)), request.seed // max(1, len(near))
        refusal = "Your library holds no recording; add a folder with `app.py library add`."
        for hit in [*near[first:], *near[:first], *hits[len(near) :]]:
            try:
                excerpt = read_excerpt(
                    hit.recording,
                    request.seconds,
                    0.0,
                    LIBRARY_RATE,
                    variation % VARIATIONS,
                    cancel,
                )
            except FileError as cause:
                refusal = str(cause)
                continue
            source = excerpt.source
            return PerformedEvent(excerpt.samples, source=str(source), licence=source.licence)
        raise RenderError(refusal)

    def unload(self) -> None:
        """The vectors stay: they are what a search needs at once."""


def _share(hits: Sequence[LibraryHit]) -> float:
    if not hits:
        return 0.0
    nearness = max(hits[0].said, hits[0].heard)
    return min(1.0, max(0.0, (nearness - NOT_AT_ALL) / (SURELY - NOT_AT_ALL)))
