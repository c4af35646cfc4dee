"""`python app.py evaluate wishes`: does the director change what a wish names, and no more?

Judged on the stories and wishes of wishes.jsonl, whose author saw neither the training forms nor
code. Each has the edits that it comes to (`edits`; several answers where more than one is right),
none where it is no change of a story.

- Done: the share of wishes whose story is changed as one of the answers changes it, in every field
  of every event.
- Refused: the share of wishes that are no change and are said not to be understood.
- Not understood: the share of changes that are.
- Changed something else: the share of all wishes that end in another change than was wished for.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.audiostory import AudioStory, load_audiostory
from core.director.replan import PLANNING
from core.director.wishes import with_description, write_edits
from core.errors import StoryError
from core.profile import load_profile
from core.story.edits import Edit, apply_edits, edit_slots, read_edit
from core.story.story import Event, Story

DEVELOPMENT_WISHES = Path(__file__).parent / "wishes.jsonl"
_LENGTH = 3.0
"""Seconds of an added sound; it is the same in both stories that are compared."""


@dataclass(frozen=True)
class WishExample:
    """A wish, and the answers that are right; an answer without edits: it is no change."""

    story: Story
    wish: str
    answers: tuple[tuple[Edit, ...], ...]


def wish_examples(path: Path = DEVELOPMENT_WISHES) -> list[WishExample]:
    """The wishes in the order of the file."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        events = tuple(
            Event(f"e{n}", caption, start, seconds, layer=layer)
            for n, (caption, start, seconds, layer) in enumerate(row["events"], 1)
        )
        total = max(event.end for event in events if not event.layer)
        answers = tuple(tuple(read_edit(slots) for slots in answer) for answer in row["answers"])
        found.append(WishExample(Story("", total, 0, "", "", events), row["wish"], answers))
    return found


def outcome(story: Story, edits: Sequence[Edit]) -> object:
    """What edits make of a story: its events, and what is to be planned anew; None: nothing."""
    if not edits or any(edit.operation == "unknown" for edit in edits):
        return None
    plain = [edit for edit in edits if edit.operation not in PLANNING]
    planned = [edit for edit in edits if edit.operation in PLANNING]
    try:
        changed, _ = apply_edits(story, plain, with_description, lambda caption: _LENGTH)
    except StoryError as error:
        return str(error)
    fields = sorted(
        (e.caption.lower(), e.start, e.duration, e.layer, e.gain_db) for e in changed.events
    )
    return fields, planned


def main(argv: Sequence[str]) -> None:
    """Print each wish that went wrong; the last line is one JSON object."""
    parser = argparse.ArgumentParser(prog="app.py evaluate wishes", description=__doc__)
    parser.add_argument("--profile", default="pocket")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--wishes", type=Path, default=DEVELOPMENT_WISHES, help="another such file")
    arguments = parser.parse_args(argv)
    model = load_audiostory(load_profile(arguments.profile), performs=False)
    examples = wish_examples(arguments.wishes)[: arguments.limit]
    print(json.dumps(figures(model, examples)))


def figures(model: AudioStory, examples: Sequence[WishExample]) -> dict[str, float]:
    """The shares, in per cent; see the module's docstring."""
    done = refused = missed = other = changes = 0
    for example in examples:
        written = write_edits(model, example.story, example.wish)
        got = outcome(example.story, written.edits) if written.understood else None
        right = [outcome(example.story, answer) for answer in example.answers]
        changes += None not in right
        if got in right:
            done += got is not None
            refused += got is None
            continue
        other += got is not None
        missed += got is None
        edits = " | ".join("".join(edit_slots(edit)).strip() for edit in written.edits)
        print(f"{example.wish!r} ({written.sureness:.2f}): {edits}", flush=True)
    return {
        "wishes": len(examples),
        "done": round(100 * done / max(1, changes), 1),
        "refused": round(100 * refused / max(1, len(examples) - changes), 1),
        "not_understood": round(100 * missed / max(1, changes), 1),
        "changed_otherwise": round(100 * other / max(1, len(examples)), 1),
    }
