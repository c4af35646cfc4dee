"""The corpus: recordings from open packages and synthesised clips, as FLAC with a manifest.

Build it, or go on where an earlier run stopped:

    python -m core.corpus.corpus --root corpus

Under the root: `deb/` and `raw/` (packages, unpacked), `clips/<class>/<stem>.flac` (44.1 kHz,
mono, 16 bit, peak 0.9), `manifest.jsonl` (one clip a line) and two journals of finished work;
delete `synthesised.jsonl` to synthesise again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from core.corpus.downloads import extract, fetch
from core.corpus.holdout import choose_held_out, group_takes
from core.corpus.learnable import LEARNABLE
from core.corpus.packages import (
    AUDIO,
    NOT_FREE,
    Licences,
    Package,
    attributes_of,
    audio_packages,
    candidate_packages,
    is_permissive,
)
from core.corpus.recordings import SAMPLE_RATE, decode, write_clip
from core.corpus.vocabulary import BY_NAME
from core.errors import AudioFileError

_Kind = Literal["recorded", "synthesised"]
FULL_BAND = 16_000
"""Recordings of a lower rate, Hz, sound dull: they are taken where a class has few others."""
FEW = 10


@dataclass(frozen=True)
class ManifestClip:
    """One line of the manifest.

    Attributes:
        path: FLAC file, relative to the root.
        class_name: sound class; "class" in the manifest.
        kind: recorded or synthesised.
        source: package, or the synthesis module.
        file: path inside the package, or class and index.
        licence: short name.
        seconds: length of the FLAC.
        sample_rate: of the original, Hz.
        attributes: strength, distance, tempo, surface, count, where they are known.
        split: train or test; synthesised clips are always train.
    """

    path: str
    class_name: str
    kind: _Kind
    source: str
    file: str
    licence: str
    seconds: float
    sample_rate: int
    attributes: dict[str, str] = field(default_factory=dict)
    split: Literal["train", "test"] = "train"

    def to_json(self) -> dict[str, Any]:
        row = asdict(self)
        return {"path": row.pop("path"), "class": row.pop("class_name"), **row}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> ManifestClip:
        return cls(class_name=row["class"], **{k: v for k, v in row.items() if k != "class"})


@dataclass(frozen=True)
class Candidate:
    """A file of a package that has a class. `raw` is where it lies unpacked."""

    raw: Path
    source: str
    file: str
    class_name: str
    licence: str

    @property
    def path(self) -> str:
        """Where its clip goes, relative to the root; names stay unique by a short hash."""
        mark = hashlib.sha256(f"{self.source}/{self.file}".encode()).hexdigest()[:6]
        name = re.sub(r"\W+", "-", Path(self.file).stem).strip("-")
        return f"clips/{self.class_name}/{self.source}_{name}_{mark}.flac"


def candidates(source: Package, folder: Path) -> Iterator[Candidate]:
    """The files of an unpacked package that have a class and a free licence, in order."""
    licences = Licences(source, folder)
    for raw in sorted(p for p in folder.rglob("*") if p.suffix.lower() in AUDIO):
        path = raw.relative_to(folder).as_posix()
        if class_name := source.class_of(path):
            licence = licences.of(path)
            if not NOT_FREE.search(licence):
                yield Candidate(raw, source.package, path, class_name, licence)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON-lines file; none if there is no file. A torn last line is dropped."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return rows


def read_corpus(root: Path) -> list[ManifestClip]:
    """The clips of a corpus in the manifest's order."""
    return [ManifestClip.from_json(row) for row in read_rows(root / "manifest.jsonl")]


def _journalled(
    journal: Path, work: Iterable[Any], do: Callable[[Any], dict[str, Any]], workers: int
) -> None:
    """Do what is left, in processes, and add each result to the journal as it comes."""
    with ProcessPoolExecutor(workers) as pool, journal.open("a", encoding="utf-8") as out:
        for row in pool.map(do, work, chunksize=4):
            out.write(json.dumps(row) + "\n")
            out.flush()


def _decode(job: tuple[Path, Candidate]) -> dict[str, Any]:
    """Journal row of one recording: written with its length, or left out with the reason."""
    root, candidate = job
    try:
        samples, rate, mark = decode(candidate.raw)
    except AudioFileError as error:
        return {"path": candidate.path, "dropped": str(error)}
    write_clip(root / candidate.path, samples)
    seconds = round(len(samples) / SAMPLE_RATE, 3)
    return {"path": candidate.path, "seconds": seconds, "sample_rate": rate, "digest": mark}


def recorded(
    root: Path,
    sources: Iterable[Package],
    debs: Path,
    workers: int,
    permissive: bool = False,
) -> list[ManifestClip]:
    """Fetch, unpack and decode; each distinct recording appears once, without its split.

    Args:
        permissive: leave out what is under a share-alike licence or a copyleft.
    """
    found: list[Candidate] = []
    for source in sources:
        folder = root / "raw" / source.package
        if not folder.is_dir():
            folder = extract(source, fetch(source, debs), root / "raw")
        free = candidates(source, folder)
        found += (c for c in free if is_permissive(c.licence)) if permissive else free
    journal = root / "recorded.jsonl"
    done = {row["path"] for row in read_rows(journal) if _stands(root, row)}
    left = [(root, candidate) for candidate in found if candidate.path not in done]
    _journalled(journal, left, _decode, workers)
    rows = {row["path"]: row for row in read_rows(journal)}
    clips: dict[str, ManifestClip] = {}
    for c in found:
        row = rows[c.path]
        if "digest" in row and row["digest"] not in clips:
            clips[row["digest"]] = ManifestClip(
                c.path,
                c.class_name,
                "recorded",
                c.source,
                c.file,
                c.licence,
                row["seconds"],
                row["sample_rate"],
                attributes_of(c.file),
            )
    return without_dull(list(clips.values()))


def without_dull(clips: list[ManifestClip]) -> list[ManifestClip]:
    """Without low-rate recordings in the classes that have at least FEW of full band."""
    full = Counter(c.class_name for c in clips if c.sample_rate >= FULL_BAND)
    return [c for c in clips if c.sample_rate >= FULL_BAND or full[c.class_name] < FEW]


def _stands(root: Path, row: dict[str, Any]) -> bool:
    return "dropped" in row or (root / row["path"]).is_file()


def _split_class(paths: list[Path]) -> set[Path]:
    return choose_held_out(group_takes(paths))


def with_splits(root: Path, clips: list[ManifestClip], workers: int) -> list[ManifestClip]:
    """The clips with held-out recordings marked as test, class by class."""
    by_class = [[root / c.path for c in clips if c.class_name == name] for name in LEARNABLE]
    with ProcessPoolExecutor(workers) as pool:
        test = set().union(*pool.map(_split_class, by_class))
    return [replace(c, split="test") if root / c.path in test else c for c in clips]


def _synthesise(job: tuple[Path, str, int]) -> dict[str, Any]:
    """One synthesised clip, the same for the same class and index."""
    from core.corpus.synthesis import SHORTEST_SECONDS, synthesise_clip

    root, class_name, index = job
    seed = hashlib.sha256(f"{class_name}/{index}".encode()).digest()[:8]
    rng = np.random.default_rng(int.from_bytes(seed, "big"))
    shortest, longest = LEARNABLE[class_name].seconds
    low = max(SHORTEST_SECONDS, shortest, min(4.0, longest / 2))
    seconds = float(rng.uniform(low, max(low, min(10.0, longest))))
    made = synthesise_clip(class_name, seconds, rng)
    path = f"clips/{class_name}/synthesised_{index:05d}.flac"
    write_clip(root / path, made.samples)
    clip = ManifestClip(
        path,
        class_name,
        "synthesised",
        "core.corpus.synthesis",
        f"{class_name}/{index}",
        "Apache-2.0",
        round(len(made.samples) / SAMPLE_RATE, 3),
        SAMPLE_RATE,
        made.attributes,
    )
    return clip.to_json()


def synthesised(
    root: Path, per_class: int, workers: int, names: Iterable[str] = BY_NAME
) -> list[ManifestClip]:
    """The first `per_class` synthesised clips of every class among `names` that has a recipe."""
    from core.corpus.synthesis import RECIPES
    from core.corpus.synthesis.candidates import CANDIDATE_RECIPES

    recipes = RECIPES.keys() | CANDIDATE_RECIPES.keys()
    wanted = [(name, i) for name in names if name in recipes for i in range(per_class)]
    journal = root / "synthesised.jsonl"
    done = {row["file"] for row in read_rows(journal) if _stands(root, row)}
    left = [(root, name, i) for name, i in wanted if f"{name}/{i}" not in done]
    _journalled(journal, left, _synthesise, workers)
    rows = {row["file"]: row for row in read_rows(journal)}
    return [ManifestClip.from_json(rows[f"{name}/{i}"]) for name, i in wanted]


def write_manifest(root: Path, clips: list[ManifestClip]) -> None:
    """Replace the manifest whole."""
    partial = root / "manifest.partial"
    partial.write_text(
        "".join(json.dumps(clip.to_json()) + "\n" for clip in clips), encoding="utf-8", newline="\n"
    )
    os.replace(partial, root / "manifest.jsonl")


def prune(root: Path) -> None:
    """Remove the clips that the manifest no longer names; not while a training reads them."""
    named = {root / clip.path for clip in read_corpus(root)}
    for path in (root / "clips").rglob("*.flac"):
        if path not in named:
            path.unlink()


def build_corpus(
    root: Path,
    sources: Iterable[Package] | None = None,
    debs: Path | None = None,
    per_class: int = 40,
    workers: int = 2,
    names: Iterable[str] = BY_NAME,
    permissive: bool = False,
) -> list[ManifestClip]:
    """Build or complete the corpus under `root`.

    Args:
        root: folder of the corpus.
        sources: packages to take; all of `packages.toml` if None.
        debs: folder of the packages' files, filled as needed; `root`/deb if None.
        per_class: synthesised clips of each class; 0 for recordings only.
        workers: processes.
        names: kinds to synthesise.
        permissive: without share-alike and copyleft sources.

    Returns the clips of the manifest. Raises AudioFileError when a package can be neither
    found nor downloaded, or is damaged.
    """
    root.mkdir(parents=True, exist_ok=True)
    chosen = audio_packages() if sources is None else sources
    found = recorded(root, chosen, debs or root / "deb", workers, permissive)
    clips = with_splits(root, found, workers)
    if per_class:
        clips += synthesised(root, per_class, workers, names)
    write_manifest(root, clips)
    return clips


def build_wide_corpus(
    root: Path,
    sources: Iterable[Package] | None = None,
    debs: Path | None = None,
    per_class: int = 40,
    workers: int = 2,
    permissive: bool = False,
) -> list[ManifestClip]:
    """`build_corpus` with the candidates' kinds and packages too."""
    chosen = audio_packages() + candidate_packages() if sources is None else sources
    return build_corpus(root, chosen, debs, per_class, workers, LEARNABLE, permissive)


def _table(clips: list[ManifestClip]) -> str:
    """Recorded train and test files and minutes, and synthesised minutes, of each class."""
    lines = [f"{'class':18s} {'train':>6s} {'test':>5s} {'rec min':>8s} {'syn min':>8s}"]
    for known in LEARNABLE.values():
        mine = [c for c in clips if c.class_name == known.name]
        if not mine:
            continue
        real = [c for c in mine if c.kind == "recorded"]
        test = sum(c.split == "test" for c in real)
        minutes = [sum(c.seconds for c in mine if c.kind == k) / 60 for k in get_args(_Kind)]
        lines.append(
            f"{known.name:18s} {len(real) - test:6d} {test:5d} {minutes[0]:8.1f} {minutes[1]:8.1f}"
        )
    return "\n".join(lines)


def main() -> None:
    """Build the corpus from the command line and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--debs", type=Path, help="folder of packages (default: ROOT/deb)")
    parser.add_argument("--synthesised", type=int, default=40, help="clips of each class")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--prune", action="store_true", help="remove clips no longer named")
    parser.add_argument("--candidates", action="store_true", help="with the candidates' kinds")
    parser.add_argument("--licences", choices=("free", "permissive"), default="free")
    args = parser.parse_args()
    build = build_wide_corpus if args.candidates else build_corpus
    made = build(
        args.root,
        None,
        args.debs,
        args.synthesised,
        args.workers,
        permissive=args.licences == "permissive",
    )
    print(_table(made))
    if args.prune:
        prune(args.root)


if __name__ == "__main__":
    main()
