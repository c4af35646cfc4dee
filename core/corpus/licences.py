"""Licences of recordings: which ask for nothing but a name, and the notice of all that was used.

    python -m core.corpus.licences --root CORPUS

writes assets/training/NOTICE.md: authors and licence of every recording that the shipped weights
learned from, or that they were tested on, as the packages' copyright files name them.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from core.corpus.corpus import ManifestClip, read_corpus
from core.corpus.packages import Licences, Package, audio_packages
from core.files import write_atomically
from core.profile import ASSETS

NOTICE = ASSETS / "training" / "NOTICE.md"
_HEAD = """# Notice of recordings

Written by `python -m core.corpus.licences`; do not edit. The shipped performer, codec and listener
learned from these recordings, or were tested with them. The repository holds none of them. Authors
are those that a package's copyright file names for the file.
"""


def notice(clips: Iterable[ManifestClip], authors: dict[tuple[str, str], str]) -> str:
    """The notice as Markdown: packages in order, in each its licences and authors with their files.

    Args:
        authors: of each package and file; one that is missing is said to be unnamed.
    """
    by_package: dict[str, dict[tuple[str, str], list[str]]] = defaultdict(lambda: defaultdict(list))
    for clip in clips:
        if clip.kind == "recorded":
            holders = authors.get((clip.source, clip.file)) or "not named"
            by_package[clip.source][clip.licence, holders].append(clip.file)
    lines = [_HEAD]
    for package in sorted(by_package):
        lines.append(f"## {package}\n")
        for (licence, holders), files in sorted(by_package[package].items()):
            lines.append(f"{licence}, {holders}:\n")
            lines += [f"- {file}" for file in sorted(files)]
            lines.append("")
    return "\n".join(lines)


def authors_of(
    clips: Iterable[ManifestClip], sources: Sequence[Package], raw: Path
) -> dict[tuple[str, str], str]:
    """Authors of each package and file, from the packages unpacked in `raw`."""
    terms = {s.package: Licences(s, raw / s.package) for s in sources}
    return {
        (clip.source, clip.file): terms[clip.source].authors_of(clip.file)
        for clip in clips
        if clip.kind == "recorded"
    }


def shipped_recordings(clips: Iterable[ManifestClip]) -> list[ManifestClip]:
    """The recordings that today's weights know: those that packages.toml names, in its classes."""
    tables = {source.package: source for source in audio_packages()}
    return [
        clip
        for clip in clips
        if clip.kind == "recorded"
        and clip.source in tables
        and tables[clip.source].class_of(clip.file) == clip.class_name
    ]


def main() -> None:
    """Write the notice of a corpus."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--root", type=Path, required=True, help="folder of the corpus")
    root = parser.parse_args().root
    clips = shipped_recordings(read_corpus(root))
    authors = authors_of(clips, audio_packages(), root / "raw")
    write_atomically(NOTICE, notice(clips, authors).encode())


if __name__ == "__main__":
    main()
