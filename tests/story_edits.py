"""Every edit of a story, drawn at random: its kind, which event, and how far."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from core.story import timeline
from core.story.story import Event, Story

EDIT: dict[str, Callable[[Story, Event, int, float], Story]] = {
    "stretch": lambda s, e, n, x: timeline.stretch(s, e.id, 0.05 + x * 12),
    "roll": lambda s, e, n, x: timeline.roll(s, e.id, e.start + x * 2 * e.duration),
    "move": lambda s, e, n, x: timeline.move(s, e.id, x * s.total),
    "reorder": lambda s, e, n, x: timeline.reorder(s, e.id, n),
    "lift": lambda s, e, n, x: timeline.set_layer(s, e.id, n % 3),
    "add": lambda s, e, n, x: timeline.add(s, "added", 0.1 + x * 5, position=n % 9)[0],
    "over": lambda s, e, n, x: timeline.lay_over(s, "over", x * s.total, 0.1 + x * 30)[0],
    "split": lambda s, e, n, x: timeline.split(s, e.id, e.start + x * e.duration)[0],
    "join": lambda s, e, n, x: timeline.join(s, e.id),
    "duplicate": lambda s, e, n, x: timeline.duplicate(s, e.id)[0],
    "delete": lambda s, e, n, x: timeline.delete(s, e.id),
    "fit": lambda s, e, n, x: timeline.fit(s, 0.5 + x * 120),
    "lock": lambda s, e, n, x: timeline.lock(s, e.id, x > 0.5),
    "gain": lambda s, e, n, x: timeline.change(s, e.id, gain_db=-60 * x),
}
EDITS = st.tuples(st.sampled_from(sorted(EDIT)), st.integers(0, 30), st.floats(0.0, 1.0))
