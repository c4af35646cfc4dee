"""`python app.py card`: what MODEL_CARD.md counts, and the tables and records that it links to.

    python app.py card [--manifest DIR/manifest.jsonl]

| written | from |
|---|---|
| MODEL_CARD.md, between its comments | the headline figures, and the corpus by source |
| assets/evaluation/TABLES.md | every evaluation kept as JSON in assets/evaluation/ |
| assets/training/RUNS.md | every run kept as CSV in assets/training/, with its curves |
| assets/training/DATA.md | the manifest: clips and minutes by source and licence |

The prose of the card is left alone. Without a manifest what is said of the corpus stays as it is.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import FileError
from core.files import write_atomically
from core.profile import ASSETS

CARD = Path("MODEL_CARD.md")
TABLES = Path("assets/evaluation/TABLES.md")
RUNS = Path("assets/training/RUNS.md")
DATA = Path("assets/training/DATA.md")

_WRITTEN = "Written by `python app.py card`; do not edit."

Rows = Sequence[Sequence[str]]
Figure = float | str


@dataclass(frozen=True)
class Headline:
    """A line of the card: what was measured, and the figures that are shown of it.

    Attributes:
        file: the evaluation, a JSON file in assets/evaluation/ without its ending.
        names: dotted names of the figures in it.
        shown: how they are written, a format with a place for each.
    """

    what: str
    file: str
    names: tuple[str, ...]
    shown: str


def _recognised(what: str, file: str, part: str) -> Headline:
    names = (f"{part}.total.top_1", f"{part}.total.top_5")
    return Headline(what, file, names, "{:.1%}, {:.1%}")


HEADLINES = (
    _recognised("44 classes: 264 held-out recordings", "recognise", "recordings"),
    _recognised("the same through the codec", "recognise", "through the codec"),
    _recognised("264 renders, unseen paraphrases, full sampler", "recognise", "renders"),
    _recognised("the same by the fast sampler", "recognise-fast", "renders"),
    _recognised("24 classes: 148 held-out recordings", "recognise-24-classes", "recordings"),
    _recognised("148 renders, plain captions, full sampler", "recognise-24-classes", "renders"),
    _recognised("the same by the fast sampler", "recognise-24-classes-fast", "renders"),
    Headline(
        "Fréchet and kernel distance of renders, as multiples of the recordings' own (codec)",
        "fidelity",
        (
            "over_halves_and_codec.final, 10 steps.frechet",
            "over_halves_and_codec.final, 10 steps.kernel",
        ),
        "{:.2f}, {:.2f}",
    ),
    Headline(
        "two sounds in one caption: both among five, 40 renders and 40 mixed recordings (tagger)",
        "combine",
        ("renders, tagged.both", "mixed recordings, tagged.both"),
        "{:.1%}, {:.1%}",
    ),
    Headline(
        "“in the distance” softer than “nearby”, 79 classes: share, difference",
        "modifiers",
        ("distance.seen.level.right", "distance.seen.level.difference"),
        "{:.1%}, {:.1f} dB",
    ),
    Headline(
        "“softly” softer than “loudly”, 79 classes: share, difference",
        "modifiers",
        ("strength.seen.level.right", "strength.seen.level.difference"),
        "{:.1%}, {:.1f} dB",
    ),
    Headline(
        "“slowly” with fewer onsets than “quickly”, 16 classes",
        "modifiers",
        ("tempo.seen.onsets.right",),
        "{:.1%}",
    ),
    Headline(
        "director, 132 development instructions: events found, plans without an invented event",
        "direct",
        ("all.recall", "all.nothing_invented"),
        "{:.1%}, {:.1%}",
    ),
    Headline(
        "120 wishes for changes of a story: changes done as wished, other changes done",
        "wishes",
        ("done", "changed_otherwise"),
        "{:.1f} %, {:.1f} %",
    ),
    Headline(
        "captions flagged as unknown: 236 of unknown sounds, 183 of known ones",
        "flags",
        ("unknown_flagged", "known_flagged"),
        "{:.1%}, {:.1%}",
    ),
    Headline(
        "listener, 264 held-out recordings: answers nearest to the right class",
        "describe",
        ("answers.total.top_1",),
        "{:.1%}",
    ),
    Headline(
        "listener: “is it this or that?” right, “is this heard?” right (chance: 50 %)",
        "describe",
        ("questions.either_or", "questions.yes_no"),
        "{:.1%}, {:.1%}",
    ),
)
"""The figures of the card, in its order; all others are in the tables."""


def main(argv: Sequence[str]) -> None:
    """Write the card's counted parts and all tables."""
    parser = argparse.ArgumentParser(prog="app.py card", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--manifest", type=Path, help="the corpus; without it its part stays")
    manifest = parser.parse_args(argv).manifest
    write_all(ASSETS.parent, read_manifest(manifest) if manifest else None)


def write_all(
    root: Path,
    clips: Sequence[Mapping[str, Any]] | None,
    wanted: Sequence[Headline] = HEADLINES,
) -> None:
    """Write everything that is counted in a repository.

    Args:
        clips: the corpus; None leaves what is said of it as it is.
    """
    parts = {"figures": headlines(root / TABLES.parent, wanted)}
    if clips is not None:
        parts["data"] = sources(clips)
        _write(root / DATA, data(clips))
    write_card(root / CARD, parts)
    _write(root / TABLES, tables(root / TABLES.parent))
    _write(root / RUNS, runs(root / RUNS.parent))


def _write(file: Path, text: str) -> None:
    write_atomically(file, text.encode())


def _table(head: Sequence[str], rows: Rows) -> str:
    """A Markdown table."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def read_manifest(manifest: Path) -> list[dict[str, Any]]:
    """The clips of a corpus.

    Raises:
        FileError: the manifest cannot be read.
    """
    try:
        lines = manifest.read_text(encoding="utf-8").splitlines()
    except OSError:
        raise FileError(f"{manifest} cannot be read; build the corpus first.") from None
    return [json.loads(line) for line in lines if line.strip()]


def sources(clips: Sequence[Mapping[str, Any]]) -> str:
    """The corpus in short: totals, then every source with its clips by licence."""
    counts = Counter((str(clip["source"]), str(clip["licence"])) for clip in clips)
    licences: dict[str, list[str]] = defaultdict(list)
    for source, licence in sorted(counts):
        licences[source].append(f"{licence} ({counts[source, licence]})")
    rows = [(source, ", ".join(found)) for source, found in licences.items()]
    return f"{_totals(clips)}\n\n{_table(('source', 'licences (clips)'), rows)}"


def _totals(clips: Sequence[Mapping[str, Any]]) -> str:
    def part(kind: str, split: str) -> str:
        found = [c for c in clips if c["kind"] == kind and c["split"] == split]
        return f"{len(found)} ({sum(c['seconds'] for c in found) / 60:.0f} min)"

    classes = len({c["class"] for c in clips})
    kinds = [
        (kind, part(kind, "train"), part(kind, "test")) for kind in ("recorded", "synthesised")
    ]
    return f"{classes} sound classes.\n\n" + _table(("clips", "training", "held out"), kinds)


def data(clips: Sequence[Mapping[str, Any]]) -> str:
    """Clips and minutes by source and licence, as a file of its own."""
    counts: Counter[tuple[str, str]] = Counter()
    seconds: dict[tuple[str, str], float] = defaultdict(float)
    for clip in clips:
        key = (str(clip["source"]), str(clip["licence"]))
        counts[key] += 1
        seconds[key] += float(clip["seconds"])
    rows = [(*key, str(counts[key]), f"{seconds[key] / 60:.1f}") for key in sorted(counts)]
    table = _table(("source", "licence", "clips", "minutes"), rows)
    return f"# The corpus by source and licence\n\n{_WRITTEN}\n\n{table}\n"


def runs(folder: Path) -> str:
    """The training runs: steps, hours, first and last losses, and the curves beside the file."""
    found = sorted(folder.glob("*.csv"))
    head = ("run", "steps", "hours", "losses, first to last")
    table = _table(head, [(path.stem, *_run(path)) for path in found])
    curves = [path.with_suffix(".png") for path in found if path.with_suffix(".png").exists()]
    pictures = "\n".join(f"![losses of {curve.stem}]({curve.name})" for curve in curves)
    return f"# Training runs\n\n{_WRITTEN}\n\n{table}\n\n{pictures}\n"


def _run(path: Path) -> tuple[str, str, str]:
    """Steps, hours over all sittings (each counts from zero), and losses."""
    steps, hours, sitting = 0, 0.0, 0.0
    losses: dict[str, list[float]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for step, seconds, term, value in csv.reader(file):
            if float(seconds) < sitting:
                hours += sitting / 3600
            steps, sitting = int(step), float(seconds)
            losses.setdefault(term, []).append(float(value))
    terms = ", ".join(f"{name} {v[0]:.3g} to {v[-1]:.3g}" for name, v in losses.items())
    return str(steps), f"{hours + sitting / 3600:.2f}", terms


def headlines(folder: Path, wanted: Sequence[Headline] = HEADLINES) -> str:
    """The figures that the card shows.

    Raises:
        FileError: an evaluation or a figure in it is missing.
    """
    rows = []
    for headline in wanted:
        file = folder / f"{headline.file}.json"
        try:
            known = dict(flattened(json.loads(file.read_text(encoding="utf-8"))))
            values = [known[name] for name in headline.names]
        except OSError:
            raise FileError(f"{file} cannot be read; keep that evaluation's last line.") from None
        except KeyError as missing:
            raise FileError(f"{file} has no figure {missing}; evaluate anew.") from None
        shown = headline.shown.format(*values).replace("%", " %")
        rows.append((headline.what, shown, f"`{headline.file}`"))
    return _table(("what", "figures", "evaluation"), rows)


def tables(folder: Path) -> str:
    """The evaluations whose last lines are kept: all figures, and by class, family or event."""
    parts = [f"# All figures\n\n{_WRITTEN} Shares are between 0 and 1."]
    for path in sorted(folder.glob("*.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        parts.append(f"## {path.stem}")
        if figures := [(name, _number(value)) for name, value in flattened(found)]:
            parts.append(_table(("figure", "value"), figures))
        parts += [f"{title}:\n\n{_rows(rows)}" for title, rows in _lists(found) if rows]
    return "\n\n".join(parts) + "\n"


def flattened(found: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Figure]]:
    """Nested figures with dotted names; lists are left out (`_lists`)."""
    for name, value in found.items():
        if isinstance(value, Mapping):
            yield from flattened(value, f"{prefix}{name}.")
        elif isinstance(value, float | int | str) and name not in ("name", "title"):
            yield prefix + name, value


def _lists(
    found: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Nested lists of rows with dotted names."""
    for name, value in found.items():
        if isinstance(value, Mapping):
            yield from _lists(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield prefix + name, value


def _rows(rows: Sequence[Mapping[str, Any]]) -> str:
    return _table(list(rows[0]), [[_number(value) for value in row.values()] for row in rows])


def _number(value: Figure) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


def write_card(card: Path, parts: Mapping[str, str]) -> None:
    """Replace the parts of the card, each between `<!-- name -->` and `<!-- /name -->`.

    Raises:
        FileError: there is no card, or it lacks the comments of a part.
    """
    try:
        text = card.read_text(encoding="utf-8")
    except OSError:
        raise FileError(f"{card} cannot be read; work in the whole repository.") from None
    for name, part in parts.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise FileError(f"{card.name} has no place for the {name}: put {begin} {end} there.")
        text = f"{before}{begin}\n{part}\n{end}{after}"
    _write(card, text)
