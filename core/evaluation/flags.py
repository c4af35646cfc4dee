"""`python app.py evaluate flags`: are captions of unknown sounds flagged, and known ones not?

A caption is labelled known where every sound in it is one of the vocabulary's classes, unknown
where none is, partly where some are. Four sets; the border is fitted on none, but unknown.jsonl
was looked at while the rules around it were chosen, and is a development set by now:

- unknown.jsonl: of 200 captions in the manner of AudioCaps, of Clotho and of sound designers'
  briefs those with a label. One writer wrote them, and the 300 that core/corpus/calibration.jsonl
  is from, before reading the vocabulary or this code; the same person labelled them later, and left
  out what two people could label differently (33 of the 200, 57 of the 300).
- others.jsonl: of 240 captions in the same three manners, by one who saw neither list nor code, the
  171 that another one, with the list of kinds beside the captions, labelled without a doubt.
- writers.jsonl: of 300 captions by two who saw the list of kinds alone, half in the manner of
  AudioCaps and Clotho and half of what designers search for, the 276 that they labelled without a
  doubt and that nothing was trained on. Judged once, after all else was fixed.
- flags.jsonl: captions in a sound designer's words, by another writer, who knew the vocabulary.

`--captions` judges a file of one's own, JSON lines with `caption` and `label`. Shares come with
their 95 % interval (Wilson).
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path

from core.bridge.known_sounds import load_known_sounds
from core.errors import FileError, WeightsError
from core.profile import load_profile

_FOLDER = Path(__file__).parent
FLAG_SETS = tuple(_FOLDER / name for name in (
    "writers.jsonl", "others.jsonl", "unknown.jsonl", "flags.jsonl",
))  # fmt: skip
_LABELS = ("unknown", "partly", "known")
_NORMAL_95 = 1.96

Figures = dict[str, float]


def main(argv: Sequence[str]) -> None:
    """Print every caption that is judged wrongly; the last line is one JSON object."""
    parser = argparse.ArgumentParser(prog="app.py evaluate flags", description=__doc__)
    parser.add_argument("--profile", default="pocket")
    parser.add_argument("--captions", type=Path, nargs="+", help="files of one's own")
    arguments = parser.parse_args(argv)
    files = arguments.captions or FLAG_SETS
    print(json.dumps(flag_rates(arguments.profile, files)))


def flag_rates(profile: str, files: Sequence[Path] = FLAG_SETS) -> Figures:
    """Shares of the unknown, the partly known and the known captions that are flagged.

    Raises:
        FileError: a file cannot be read, or holds something else.
        WeightsError: the profile ships no known captions.
    """
    known_sounds = load_known_sounds(load_profile(profile))
    if known_sounds is None:
        raise WeightsError(f"{profile} ships no known captions; run `app.py train known`.")
    rows = [row for file in files for row in _read(file)]
    matches = known_sounds.match([caption for caption, _ in rows])
    flagged: dict[str, list[bool]] = {label: [] for label in _LABELS}
    for (caption, label), match in zip(rows, matches, strict=True):
        flagged[label].append(not match.known)
        if match.known != (label == "known"):
            what = "missed" if match.known else "wrong"
            print(f"{what} ({label}, {match.likelihood:.2f}): {caption} ~ {match.nearest[0]}")
    figures: Figures = {}
    for label, found in flagged.items():
        if found:
            figures[f"{label}_flagged"] = round(sum(found) / len(found), 4)
            low, high = wilson(sum(found), len(found))
            figures[f"{label}_low"], figures[f"{label}_high"] = round(low, 3), round(high, 3)
            figures[label] = len(found)
    return figures


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, 1927), which is sound for few and for extreme ones."""
    share, z = hits / count, _NORMAL_95
    middle = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return (middle - spread) / scale, (middle + spread) / scale


def _read(file: Path) -> list[tuple[str, str]]:
    try:
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        pairs = [(str(row["caption"]), str(row["label"])) for row in rows]
    except (OSError, ValueError, TypeError, KeyError):
        raise FileError(
            f"{file.name} holds no labelled captions; write a JSON object with caption and label "
            "on each line."
        ) from None
    if wrong := next((label for _, label in pairs if label not in _LABELS), ""):
        raise FileError(f"{wrong!r} in {file.name} is no label; use {', '.join(_LABELS)}.")
    return pairs
