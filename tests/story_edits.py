"""Every edit of a story, drawn at random: its kind, which event, and how far."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from core.story import timeline
from core.story.ducking import Ducking, duck_event, duck_lane
from core.story.lanes import change_lane
from core.story.movement import approach, recede
from core.story.shape import LEVEL_SHAPES, Point
from core.story.story import Event, Story
from core.story.strip import FADE_CURVES, ROOM_NAMES, Equaliser, RoomSend


def _points(event: Event, count: int, share: float) -> tuple[Point, ...]:
    """So many points over an event, the later the lower."""
    times = [round(event.duration * (n + share) / count, 3) for n in range(count)]
    return tuple((time, -3.0 * n) for n, time in enumerate(times))


def _event(story: Story, share: float) -> Event:
    return story.events[round(share * (len(story.events) - 1))]


EDIT: dict[str, Callable[[Story, Event, int, float], Story]] = {
    "stretch": lambda s, e, n, x: timeline.stretch(s, e.id, 0.05 + x * 12, ripple=n % 2 > 0),
    "trim": lambda s, e, n, x: timeline.trim(s, e.id, x * s.total, ripple=n % 2 > 0),
    "begin": lambda s, e, n, x: timeline.begin_at(s, e.id, x * s.total, ripple=n % 2 > 0),
    "roll": lambda s, e, n, x: timeline.roll(s, e.id, e.start + x * 2 * e.duration),
    "move": lambda s, e, n, x: timeline.move(s, e.id, x * s.total, ripple=n % 2 > 0),
    "reorder": lambda s, e, n, x: timeline.reorder(s, e.id, n),
    "lift": lambda s, e, n, x: timeline.set_layer(s, e.id, n % 3, ripple=n % 2 > 0),
    "add": lambda s, e, n, x: timeline.add(s, "added", 0.1 + x * 5, position=n % 9)[0],
    "over": lambda s, e, n, x: timeline.lay_over(s, "over", x * s.total, 0.1 + x * 30)[0],
    "split": lambda s, e, n, x: timeline.split(s, e.id, e.start + x * e.duration)[0],
    "join": lambda s, e, n, x: timeline.join(s, e.id),
    "duplicate": lambda s, e, n, x: timeline.duplicate(s, e.id, ripple=n % 2 > 0)[0],
    "add at": lambda s, e, n, x: timeline.add_at_moment(s, "at", 3.0, x * 20, ripple=n % 2 > 0)[0],
    "delete": lambda s, e, n, x: timeline.delete(s, e.id, ripple=n % 2 > 0),
    "fit": lambda s, e, n, x: timeline.fit(s, 0.5 + x * 120),
    "lock": lambda s, e, n, x: timeline.lock(s, e.id, x > 0.5),
    "role": lambda s, e, n, x: timeline.change(s, e.id, role=(None, "bed", "spot")[n % 3]),
    "shape": lambda s, e, n, x: timeline.change(s, e.id, shape=LEVEL_SHAPES[n % 6]),
    "points": lambda s, e, n, x: timeline.change(s, e.id, points=_points(e, n % 5 + 1, x)),
    "count": lambda s, e, n, x: timeline.change(s, e.id, count=n % 7),
    "every": lambda s, e, n, x: timeline.change(s, e.id, every=6 * x),
    "at": lambda s, e, n, x: timeline.change(s, e.id, at=(0.0, e.duration * x)),
    "source": lambda s, e, n, x: timeline.share_source(s, e.id, _event(s, x).id),
    "own source": lambda s, e, n, x: timeline.share_source(s, e.id, None),
    "gain": lambda s, e, n, x: timeline.change(s, e.id, gain_db=-60 * x),
    "envelope": lambda s, e, n, x: timeline.change(s, e.id, gain_envelope=_points(e, n % 5, x)),
    "pan": lambda s, e, n, x: timeline.change(
        s, e.id, pan_envelope=tuple((t, n / 30 + v / 15) for t, v in _points(e, n % 5, x))
    ),
    "fade": lambda s, e, n, x: timeline.change(
        s, e.id, fade_in=x * e.duration, fade_in_curve=FADE_CURVES[n % 5]
    ),
    "equaliser": lambda s, e, n, x: timeline.change(
        s, e.id, equaliser=Equaliser(low_cut=20 + 100 * n, tilt_db=24 * x) if n else None
    ),
    "room": lambda s, e, n, x: timeline.change(
        s, e.id, room=RoomSend(ROOM_NAMES[n % 5], -60 * x), distance=1 + 900 * x
    ),
    "loop": lambda s, e, n, x: timeline.change(s, e.id, loop=n % 2 == 0),
    "approach": lambda s, e, n, x: (approach if n % 2 else recede)(s, e.id, 1.1 + 900 * x),
    "duck": lambda s, e, n, x: duck_event(s, e.id, Ducking(30 * x, 0.01 + x, 0.01 + n / 10)),
    "duck lane": lambda s, e, n, x: duck_lane(s, e.layer, Ducking(30 * x, 0.5, 0.01 + n / 10)),
    "lane": lambda s, e, n, x: change_lane(
        s, e.layer, gain_db=-x, muted=n % 2 == 1, fade_out=9 * x, room=RoomSend("hall")
    ),
    "lane pan": lambda s, e, n, x: change_lane(s, n % 16, pan_envelope=((x, x), (n + 2.0, -x))),
}
EDITS = st.tuples(st.sampled_from(sorted(EDIT)), st.integers(0, 30), st.floats(0.0, 1.0))
