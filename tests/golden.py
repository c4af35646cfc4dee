"""Golden values: what the shipped model does today, kept in tests/golden/, renewed by one command.

    python -m tests.golden plans renders

Tests compare with them; renew them only where a change is meant to change what is heard, and read
the difference before it is committed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.audiostory import AudioStory, load_audiostory
from core.director.plan import plan
from core.profile import load_profile

GOLDEN = Path(__file__).parent / "golden"
PLANS = GOLDEN / "plans.json"

BRIEFS = (
    ("heavy rain with distant thunder", 12.0),
    ("Rain on a tin roof, then thunder rolls far away and the rain fades.", 20.0),
    ("A door creaks open, footsteps cross the floor, a clock ticks for 5 seconds.", 15.0),
    ("lonely lighthouse", 20.0),
    ("From 0 to 5 seconds crickets, then an owl hoots twice, then wind rises.", 20.0),
    ("sawing: 8 sec. chopping: 6 sec. whatever is left: birds", 20.0),
    ("Night falls on the farm. Rain begins, a dog barks and the farmer goes to bed.", 24.0),
    ("knock knock. nobody answers. knock knock knock, and the door slams.", 14.0),
    ("a knight draws his sword,\nhe fights,\nthe crowd cheers", 18.0),
)
"""Instructions and seconds: named sounds, clauses, scenes, times, repetitions and lists."""


def planned(model: AudioStory, instruction: str, seconds: float) -> dict[str, Any]:
    """The plan of a brief as plain data: caption, start, duration and mood of each event."""
    story = list(plan(model, instruction, seconds, seed=0))[-1].story
    assert story is not None
    events = [[e.caption, e.start, e.duration, e.mood] for e in story.events]
    return {"instruction": instruction, "seconds": seconds, "events": events}


def write_plans() -> None:
    """Plan every brief with the pocket model; one event a line."""
    model = load_audiostory(load_profile("pocket"))
    plans = ",\n".join(_lines(planned(model, *brief)) for brief in BRIEFS)
    PLANS.write_text(f"[\n{plans}\n]\n", encoding="utf-8")


def _lines(golden: dict[str, Any]) -> str:
    """JSON with a line for each event."""
    events = ",\n".join(f"  {json.dumps(event, ensure_ascii=False)}" for event in golden["events"])
    head = json.dumps(golden | {"events": []}, ensure_ascii=False)
    return head.removesuffix("]}") + f"\n{events}\n]}}"


def write_renders() -> None:
    """Render with the pocket model (tests/golden_renders.py)."""
    from tests.golden_renders import write_renders as write

    write()


RENEWED: dict[str, Callable[[], None]] = {"plans": write_plans, "renders": write_renders}


def main() -> None:
    """Renew the kinds that are named."""
    kinds = sys.argv[1:]
    if not kinds or not set(kinds) <= set(RENEWED):
        sys.exit(f"usage: python -m tests.golden {{{','.join(RENEWED)}}} …")
    for kind in kinds:
        RENEWED[kind]()


if __name__ == "__main__":
    main()
