"""Edits of one page in the order in which they were made.

Gradio works on several requests of a page at the same time, and starts them in any order. So the
page sends an edit when the one before has been answered, and shows their answers in their order:
assets/studio/edits.js keeps the line, and what waits in the timeline goes as one request.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

AFTER_EDITS: dict[str, Any] = {"js": "(...given) => studioEdits.settled().then(() => given)"}
"""Of what uses the story as it is after the edits that were made before."""
_IN_TURN = "(...given) => studioEdits.turn().then(() => given)"
_ROWS = "(rows) => studioEdits.rows(rows)"
_OVER = "() => studioEdits.over()"


def in_turn(add: Callable[..., Any], *listener: Any, **settings: Any) -> Any:
    """Add a listener, as `add` does, that waits for its turn among the edits."""
    return ending_turn(add(*listener, **settings, js=_IN_TURN))


def table_in_turn(add: Callable[..., Any], *listener: Any, **settings: Any) -> Any:
    """The same of the table's: its inputs are the rows and the number of the view of them."""
    return ending_turn(add(*listener, **settings, js=_ROWS))


def ending_turn(change: Any) -> Any:
    """A listener that took its turn on the page, and ends it when it is answered."""
    change.then(None, js=_OVER)
    return change
