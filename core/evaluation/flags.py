"""`python app.py evaluate flags`: are captions of unknown sounds flagged, and known ones not?

Judged on core/evaluation/flags.jsonl, captions in a sound designer's words of sounds that the
performer was trained on and of others; none of them had a part in the flag's calibration.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from core.bridge.known_sounds import load_known_sounds
from core.errors import WeightsError
from core.profile import load_profile

_CAPTIONS = Path(__file__).parent / "flags.jsonl"


def main(argv: Sequence[str]) -> None:
    """Print every caption that is judged wrongly; the last line is one JSON object."""
    parser = argparse.ArgumentParser(prog="app.py evaluate flags", description=__doc__)
    parser.add_argument("--profile", default="pocket")
    print(json.dumps(flag_rates(parser.parse_args(argv).profile)))


def flag_rates(profile: str) -> dict[str, float]:
    """Shares of the unknown and of the known captions that are flagged."""
    known_sounds = load_known_sounds(load_profile(profile))
    if known_sounds is None:
        raise WeightsError(f"{profile} ships no known captions; run `app.py train known`.")
    rows = [json.loads(line) for line in _CAPTIONS.read_text(encoding="utf-8").splitlines()]
    matches = known_sounds.match([row["caption"] for row in rows])
    flagged: dict[bool, list[bool]] = {True: [], False: []}
    for row, match in zip(rows, matches, strict=True):
        flagged[row["far"]].append(match.far)
        if row["far"] != match.far:
            print(f"{'missed' if row['far'] else 'wrong'}: {row['caption']} ~ {match.nearest[0]}")
    unknown, known = flagged[True], flagged[False]
    return {
        "unknown_flagged": round(sum(unknown) / len(unknown), 4),
        "known_flagged": round(sum(known) / len(known), 4),
        "unknown": len(unknown),
        "known": len(known),
    }
