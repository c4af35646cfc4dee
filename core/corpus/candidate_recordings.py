"""Recordings of the candidates' kinds from open packages: which there are, and their clips.

`candidate_packages.toml` says which files of which packages are recordings of which kind, today's
included; `candidate_recordings.jsonl` lists what was found there, with licence, authors and length.
They stand apart from packages.toml: no performer was trained on them.

    python -m core.corpus.candidate_recordings
    python -m core.corpus.candidate_recordings --root DIR

prints how many there are of each kind; with `--root` the packages are fetched, the clips written to
DIR/clips/<kind>/ and the list renewed.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from core.corpus.candidates import read_candidates
from core.corpus.corpus import read_rows, recorded
from core.corpus.packages import Licences, Package, candidate_packages
from core.files import write_atomically

RECORDINGS = Path(__file__).with_name("candidate_recordings.jsonl")


@dataclass(frozen=True)
class KindRecording:
    """One recording of a kind.

    Attributes:
        package: name in its registry.
        file: path inside the package, inner archives as folders.
        kind: a candidate's name, or a class of the vocabulary.
        licence: short name.
        authors: who holds the copyright, as the package says; empty where it names nobody.
        seconds: length of its clip.
        sample_rate: of the original, Hz.
    """

    package: str
    file: str
    kind: str
    licence: str
    authors: str
    seconds: float
    sample_rate: int


def read_recordings(path: Path = RECORDINGS) -> tuple[KindRecording, ...]:
    """The recordings that were found, by package and file."""
    return tuple(KindRecording(**row) for row in read_rows(path))


def recordings_by_kind(recordings: Iterable[KindRecording]) -> dict[str, list[KindRecording]]:
    """The recordings of each kind that has one."""
    found = defaultdict(list)
    for recording in recordings:
        found[recording.kind].append(recording)
    return dict(found)


def find_recordings(
    root: Path, sources: Sequence[Package], debs: Path, workers: int = 1
) -> list[KindRecording]:
    """Fetch, unpack and decode; each distinct recording once, its clip in `root`/clips/<kind>/.

    Raises:
        AudioFileError: a package can be neither found nor downloaded, or is damaged.
    """
    root.mkdir(parents=True, exist_ok=True)
    clips = recorded(root, sources, debs, workers)
    terms = {s.package: Licences(s, root / "raw" / s.package) for s in sources}
    return [
        KindRecording(
            clip.source,
            clip.file,
            clip.class_name,
            clip.licence,
            terms[clip.source].authors_of(clip.file),
            clip.seconds,
            clip.sample_rate,
        )
        for clip in clips
    ]


def _table(recordings: Sequence[KindRecording]) -> str:
    """Recordings, seconds and packages of each kind, and the candidates that have none."""
    found = recordings_by_kind(recordings)
    lines = []
    for name, own in sorted(found.items()):
        seconds = sum(recording.seconds for recording in own)
        packages = ", ".join(sorted({recording.package for recording in own}))
        lines.append(f"{name:<20}{len(own):>4} {seconds:8.1f} s  {packages}")
    lacking = [kind.name for kind in read_candidates() if kind.name not in found]
    return "\n".join([*lines, f"none of {len(lacking)} candidates: {', '.join(lacking)}"])


def main() -> None:
    """Print a line a kind, after finding the recordings where a folder is given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, help="find them anew, with their clips in this folder")
    parser.add_argument("--debs", type=Path, help="folder of packages (default: ROOT/deb)")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    if args.root:
        debs = args.debs or args.root / "deb"
        found = find_recordings(args.root, candidate_packages(), debs, args.workers)
        rows = "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in found)
        write_atomically(RECORDINGS, rows.encode())
    print(_table(read_recordings()))


if __name__ == "__main__":
    main()
