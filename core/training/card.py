"""The parts of MODEL_CARD.md that are counted and not written: data, training records, figures.

    python app.py train card --manifest DIR/manifest.jsonl

Each part stands between two comments in the card and is replaced as a whole; the prose around them
is left alone. Records are the runs kept in assets/training/, figures the last lines of
`python app.py evaluate` kept in assets/evaluation/.
"""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import FileError
from core.files import write_atomically

Rows = Sequence[Sequence[str]]


def _table(head: Sequence[str], rows: Rows) -> str:
    """A Markdown table."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def data(manifest: Path) -> str:
    """What the corpus holds: totals, then clips and minutes by source and licence.

    Raises:
        FileError: the manifest cannot be read.
    """
    try:
        rows = [json.loads(line) for line in manifest.read_text().splitlines() if line.strip()]
    except OSError:
        raise FileError(f"{manifest} cannot be read; build the corpus first.") from None
    clips: Counter[tuple[str, str]] = Counter()
    seconds: dict[tuple[str, str], float] = defaultdict(float)
    for row in rows:
        key = (str(row["source"]), str(row["licence"]))
        clips[key] += 1
        seconds[key] += float(row["seconds"])
    sources = [
        (source, licence, str(clips[source, licence]), f"{seconds[source, licence] / 60:.1f}")
        for source, licence in sorted(clips)
    ]
    return f"{_totals(rows)}\n\n{_table(('source', 'licence', 'clips', 'minutes'), sources)}"


def _totals(rows: Sequence[Mapping[str, Any]]) -> str:
    def part(kind: str, split: str) -> str:
        found = [r for r in rows if r["kind"] == kind and r["split"] == split]
        return f"{len(found)} ({sum(r['seconds'] for r in found) / 60:.0f} min)"

    classes = len({r["class"] for r in rows})
    lines = [("recorded", part("recorded", "train"), part("recorded", "test"))]
    lines.append(("synthesised", part("synthesised", "train"), part("synthesised", "test")))
    return f"{classes} sound classes.\n\n" + _table(("clips", "training", "held out"), lines)


def records(folder: Path, card: Path) -> str:
    """The training runs: steps, hours, first and last losses, and the curves."""
    found = sorted(folder.glob("*.csv"))
    rows = [(path.stem, *_run(path)) for path in found]
    pictures = [
        f"![losses of {path.stem}]({path.with_suffix('.png').relative_to(card.parent).as_posix()})"
        for path in found
        if path.with_suffix(".png").exists()
    ]
    head = ("run", "steps", "hours", "losses, first to last")
    return "\n\n".join([_table(head, rows), "\n".join(pictures)])


def _run(path: Path) -> tuple[str, str, str]:
    """Steps, hours over all sittings (each counts from zero), and losses."""
    steps, hours, sitting = 0, 0.0, 0.0
    losses: dict[str, list[float]] = {}
    with path.open(newline="") as file:
        for step, seconds, term, value in csv.reader(file):
            if float(seconds) < sitting:
                hours += sitting / 3600
            steps, sitting = int(step), float(seconds)
            losses.setdefault(term, []).append(float(value))
    told = ", ".join(f"{name} {v[0]:.3g} to {v[-1]:.3g}" for name, v in losses.items())
    return str(steps), f"{hours + sitting / 3600:.2f}", told


def figures(folder: Path) -> str:
    """The evaluations whose last lines are kept, as tables."""
    parts = []
    for path in sorted(folder.glob("*.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        rows = [(name, _number(value)) for name, value in flattened(found)]
        parts.append(f"**{path.stem}**\n\n{_table(('figure', 'value'), rows)}")
    return "\n\n".join(parts) or "None kept yet."


def flattened(found: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, float | str]]:
    """Nested figures with dotted names; lists (the tables by class) stay with the JSON."""
    for name, value in found.items():
        if isinstance(value, Mapping):
            yield from flattened(value, f"{prefix}{name}.")
        elif isinstance(value, float | int | str) and name not in ("name", "title"):
            yield prefix + name, value


def _number(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


def write_card(card: Path, parts: Mapping[str, str]) -> None:
    """Replace the parts of the card, each between `<!-- name -->` and `<!-- /name -->`.

    Raises:
        FileError: the card lacks the comments of a part.
    """
    text = card.read_text(encoding="utf-8")
    for name, part in parts.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise FileError(f"{card.name} has no place for the {name}: put {begin} {end} there.")
        text = f"{before}{begin}\n{part}\n{end}{after}"
    write_atomically(card, text.encode())
