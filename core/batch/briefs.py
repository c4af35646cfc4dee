"""A table of briefs: many instructions, one story each, as CSV or JSON lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import FileError
from core.schema import parse_json, read_dataclass
from core.story.limits import check_seed
from core.story.titles import safe_title

JSON_LINES = (".jsonl", ".ndjson")
CSV = (".csv", ".tsv")
MOST_TABLE_BYTES = 64 << 20
"""Of a table; a brief has a few hundred."""
MOST_BRIEFS = 10_000
_DIGITS = 4
"""Of a brief's number in its story's title: as many as the last one's, so that a table that grows
keeps the titles it had."""


@dataclass(frozen=True)
class _Row:
    """A row as the table holds it."""

    instruction: str
    duration: float | None = None
    seed: int = 0
    title: str = ""


@dataclass(frozen=True)
class TableBrief:
    """What one story of many should be.

    Attributes:
        number: its place in the table, from 1.
        seconds: in all; None: what the instruction says, or the usual length.
        title: of its story's folder; no two briefs of a table have the same.
    """

    number: int
    instruction: str
    seconds: float | None
    seed: int
    title: str


def read_table(path: Path) -> list[TableBrief]:
    """The briefs of a table, which names `instruction` and, if it likes, `duration` (seconds),
    `seed` and `title`.

    Raises:
        FileError: it cannot be read, or a row does not fit; the sentence names the row.
    """
    kind = path.suffix.lower()
    if kind not in (*JSON_LINES, *CSV):
        raise FileError(f"{path.name} should end in .csv, .tsv or .jsonl; name another table.")
    try:
        if path.stat().st_size > MOST_TABLE_BYTES:
            raise FileError(f"{path.name} is larger than {MOST_TABLE_BYTES >> 20} MB; divide it.")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError):
        raise FileError(f"{path.name} cannot be read; it should be text in UTF-8.") from None
    rows = _json_rows(text) if kind in JSON_LINES else _csv_rows(text, kind)
    briefs = []
    for number, data in enumerate(rows, 1):
        if number > MOST_BRIEFS:
            raise FileError(f"{path.name} has more than {MOST_BRIEFS} rows; divide it.")
        briefs.append(_brief(number, data))
    if not briefs:
        raise FileError(f"{path.name} holds no briefs; it needs a column `instruction`.")
    return briefs


def _brief(number: int, data: object) -> TableBrief:
    row = read_dataclass(_Row, data, f"row {number}", FileError)
    check_seed(row.seed)
    title = safe_title(f"{number:0{_DIGITS}d} {row.title or row.instruction}")
    return TableBrief(number, row.instruction, row.duration, row.seed, title)


def _json_rows(text: str) -> Iterator[object]:
    for line in text.splitlines():
        if line.strip():
            try:
                yield parse_json(line)
            except ValueError:
                raise FileError(f"A line is no JSON: {line.strip()[:60]!r}; mend it.") from None


def _csv_rows(text: str, kind: str) -> Iterator[Mapping[str, Any]]:
    """Rows with numbers as numbers; empty cells are left out."""
    reader = csv.DictReader(io.StringIO(text), delimiter="\t" if kind == ".tsv" else ",")
    try:
        for row in reader:
            if None in row:
                raise FileError(f"Line {reader.line_num} has more cells than columns; mend it.")
            yield {name: _value(name, cell) for name, cell in row.items() if cell}
    except csv.Error as cause:
        raise FileError(f"Line {reader.line_num} cannot be read ({cause}); mend it.") from None


def _value(name: str, cell: str) -> object:
    """A cell as a number where its column holds numbers, and it is one."""
    for column, read in (("duration", float), ("seed", int)):
        if name == column:
            try:
                return read(cell)
            except ValueError:
                break
    return cell
