"""One export from beginning to end: the mix, its stems, lists, projects, bundle and sidecar.

Every file appears whole under its name or not at all; an export that is cancelled or fails leaves
those that were already done.
"""

from __future__ import annotations

import contextlib
import math
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from core.errors import Cancelled
from core.export import editorial
from core.export.bundle import SUFFIX, write_bundle
from core.export.folder import OpenStory, takes_there
from core.export.markers import Marker, audacity_labels, marker_csv, marker_json, story_markers
from core.export.naming import Names, file_name, longest_name, safe_name
from core.export.provenance import comment, recordings_used, sidecar
from core.export.reaper import reaper_project
from core.export.settings import FORMATS, ExportSettings, MarkerKind
from core.export.sound import copy_as_wave, find_encoder, write_sound
from core.export.stems import (
    Stem,
    can_loop,
    event_stem,
    loop_stem,
    one_shot_stem,
    story_stem,
)
from core.export.wave import Inside
from core.files import atomic_path, half_written, unwritable, write_atomically
from core.mix.crossfade import Samples
from core.mix.limiter import limit_blocks
from core.mix.loudness import Loudness
from core.mix.master import MAX_GAIN_DB, Master, shortfall
from core.mix.mix import PlacedEvent, place_events, story_frames, sum_blocks
from core.mix.resampling import resampled
from core.ownership import remove_abandoned

_Progress = Callable[[float, str], None]

_LISTS: dict[MarkerKind, tuple[str, Callable[[tuple[Marker, ...], int], str]]] = {
    "audacity": (".txt", audacity_labels),
    "csv": (".csv", marker_csv),
    "json": (".markers.json", marker_json),
}


@dataclass(frozen=True)
class Delivery:
    """What an export made.

    Attributes:
        files: the mix first, the sidecar last.
        loudness: of the mix as written.
        notes: sentences about what could not be met, such as a loudness out of reach.
    """

    files: tuple[Path, ...]
    loudness: Loudness
    notes: tuple[str, ...]


def export(
    opened: OpenStory,
    folder: Path,
    settings: ExportSettings,
    *,
    title: str | None = None,
    created: datetime | None = None,
    categories: Mapping[str, str] = MappingProxyType({}),
    on_progress: _Progress = lambda done, what: None,
    cancel: threading.Event | None = None,
) -> Delivery:
    """Export a story into `folder`.

    Args:
        title: used in names and metadata; the story folder's name if None.
        created: time stamped into the files; without it equal stories give equal bytes.
        categories: CatIDs of the Universal Category System by the events' ids, for names of stems.
        on_progress: called with the part done, 0 to 1, and what is being made; not always from
            the same thread, but never twice at once.
        cancel: set it to stop; what is half-done disappears.

    Raises:
        FileError: a file cannot be written; the message says why and what to do.
        RenderError: a take holds damaged samples.
        Cancelled: `cancel` was set.
    """
    name = title or opened.title
    job = _Export(opened, folder, settings, name, created, categories, on_progress, cancel)
    return job.run()


_MARK = " (placeholders)"
"""What is added to the names of an export in which a sound stands for another."""


@dataclass
class _Export:
    """The state of one export: what goes in, and the files made so far."""

    opened: OpenStory
    folder: Path
    settings: ExportSettings
    title: str
    created: datetime | None
    categories: Mapping[str, str]
    on_progress: _Progress
    cancel: threading.Event | None
    names: Names = field(default_factory=Names)

    def __post_init__(self) -> None:
        self.rate = self.opened.rate
        self.mixing = self.settings.mixing(self.rate)
        self.placements = place_events(self.opened.story, self.opened.sources, self.mixing)
        self.total = story_frames(self.opened.story, self.rate)
        self.longest = longest_name(self.folder)
        self.placeholders = [e for e in self.opened.story.events if e.placeholder and e.take]
        name = file_name(self.settings.name, self._values(), self.longest - len(_MARK))
        self.name = self.names.unique(name + _MARK if self.placeholders else name)
        self.stopped = threading.Event()
        self.done = {"mix": 0.0, "stems": 0.0}
        self.lock = threading.Lock()

    def run(self) -> Delivery:
        self._check_encoders()
        make_folder(self.folder)
        loudness, files = self._write_sound()
        self.on_progress(0.95, "lists and projects")
        wanted = self.settings.rate_for(self.settings.format, self.rate)
        markers = story_markers(self.opened.story, wanted)
        for kind in self.settings.markers:
            suffix, written = _LISTS[kind]
            files.append(self._write_text(suffix, written(markers, wanted)))
        files += self._write_projects()
        if self.settings.bundle:
            write_bundle(self._path(SUFFIX), self.opened, files[0])
            files.append(self._path(SUFFIX))
        text = sidecar(self.opened.story, self.folder, files, loudness, self.created)
        files.append(self._write_text(".provenance.json", text))
        self.on_progress(1.0, "done")
        return Delivery(
            tuple(files),
            loudness,
            (*_notes(loudness, self.settings.loudness), *self._sound_notes()),
        )

    def _check_encoders(self) -> None:
        """Raises FileError before anything is mixed, where a format cannot be written here."""
        find_encoder(self.settings.format)
        if self.settings.stems != "none":
            find_encoder(self.settings.stem_format)

    def _sound_notes(self) -> Iterator[str]:
        """Which sounds stand for others, and which are not there."""
        if self.placeholders:
            names = ", ".join(repr(event.caption[:60]) for event in self.placeholders)
            yield f"Placeholders, performed as another sound: {names}."
        story = self.opened.story
        sources = self.opened.sources
        if recordings := recordings_used(story):
            names = ", ".join(f"{n!r} ({of or 'no licence stated'})" for n, of in recordings)
            yield f"Recordings: {names}."
        if missing := [e for e in story.events if e.id not in sources and not e.silent]:
            names = ", ".join(repr(event.caption[:60]) for event in missing)
            yield f"Not in the mix, for want of a sound: {names}."

    def _write_sound(self) -> tuple[Loudness, list[Path]]:
        """Mix and master on this thread, stems on another; the files, the mix first."""
        with ThreadPoolExecutor(max_workers=1) as pool:
            stems = pool.submit(self._write_stems)
            try:
                loudness, path = self._write_mix()
            except BaseException:
                self.stopped.set()
                raise
            return loudness, [path, *stems.result()]

    def _values(self) -> dict[str, str]:
        date = self.created.strftime("%Y-%m-%d") if self.created else ""
        return {"title": self.title, "seed": str(self.opened.story.seed), "date": date}

    def _path(self, suffix: str) -> Path:
        return self.folder / f"{self.name}{suffix}"

    def _write_text(self, suffix: str, text: str) -> Path:
        path = self._path(suffix)
        write_atomically(path, text.encode())
        return path

    def _stop_if_cancelled(self) -> None:
        if self.stopped.is_set() or (self.cancel is not None and self.cancel.is_set()):
            raise Cancelled("The export was cancelled; nothing half-done was left behind.")

    def _watched(
        self, blocks: Iterable[Samples], frames: int, what: str, begin: float, end: float
    ) -> Iterator[Samples]:
        """The same blocks, with progress of `what` from `begin` to `end`; stops when cancelled."""
        count = 0
        for block in blocks:
            self._stop_if_cancelled()
            yield block
            count += len(block)
            with self.lock:
                self.done[what] = begin + (end - begin) * min(1.0, count / frames)
                self.on_progress(0.6 * self.done["mix"] + 0.35 * self.done["stems"], what)

    def _write_mix(self) -> tuple[Loudness, Path]:
        story, settings = self.opened.story, self.settings
        wanted = settings.rate_for(settings.format, self.rate)
        frames = story_frames(story, wanted)
        mixed = sum_blocks(self.placements, self.opened.sources, 0, self.total, self.mixing.block)
        mixed = self._watched(mixed, self.total, "mix", 0.0, 0.5)
        path = self._path(FORMATS[settings.format].suffix)
        master = Master(
            resampled(mixed, self.rate, wanted, frames),
            wanted,
            settings.mastering,
            scratch=self.folder,
            cancel=self.cancel,
        )
        inside = Inside(
            self.title,
            comment(story.instruction),
            self.created,
            markers=story_markers(story, wanted),
        )
        with contextlib.closing(master):
            blocks = self._watched(master.blocks(), frames, "mix", 0.7, 1.0)
            write_sound(
                path,
                blocks,
                wanted,
                frames,
                settings.format,
                inside,
                loudness=lambda: master.result,
            )
        assert master.result is not None  # every block was read
        return master.result, path

    def _write_stems(self) -> list[Path]:
        """The stems' files, one stem at a time in memory."""
        total = max(1, len(self.placements) + len({p.layer for p in self.placements}))
        return [
            self._write_stem(*about, number / total, (number + 1) / total)
            for number, about in enumerate(self._stems())
        ]

    def _stems(self) -> Iterator[tuple[str, int, Stem, bool]]:
        """Name, first frame in the story, sound, and whether it loops, for each stem asked for."""
        settings, sources = self.settings, self.opened.sources
        wanted = settings.rate_for(settings.stem_format, self.rate)
        frames = story_frames(self.opened.story, wanted)
        whole = (sources, self.total, self.rate, frames, wanted, self.mixing.block)
        if settings.stems in ("layers", "both"):
            for layer in sorted({p.layer for p in self.placements}):
                inside = [p for p in self.placements if p.layer == layer]
                name = self.names.unique(f"{self.name} - layer {layer}")
                yield name, 0, story_stem(inside, *whole), False
        if settings.stems in ("events", "both"):
            for index, placement in enumerate(self.placements, start=1):
                name = self._stem_name(index, placement)
                if settings.stem_start == "story":
                    yield name, 0, story_stem([placement], *whole), False
                else:
                    stem, skipped, loops = self._single(placement, wanted)
                    position = round((placement.start + skipped) * wanted / self.rate)
                    yield name, position, stem, loops

    def _single(self, placement: PlacedEvent, wanted: int) -> tuple[Stem, int, bool]:
        """An event in a file of its own length, the frames of it that were left out before, and
        whether it loops: if asked for, what goes on evenly does, and the rest is trimmed."""
        sources = self.opened.sources
        if not self.settings.loop:
            return event_stem(placement, sources, self.rate, wanted, self.mixing.block), 0, False
        event = self.opened.story.event(placement.event_id)
        duration = min(placement.frames, round(event.duration * self.rate))
        about = (placement, duration, sources[event.id], self.mixing, wanted)
        if can_loop(placement, sources[event.id]):
            return loop_stem(*about), 0, True
        return *one_shot_stem(*about), False

    def _stem_name(self, index: int, placement: PlacedEvent) -> str:
        event = self.opened.story.event(placement.event_id)
        digits = max(2, len(str(len(self.placements))))
        values = self._values() | {
            "index": f"{index:0{digits}d}",
            "caption": event.label,
            "id": event.id,
            "layer": str(event.layer),
            "seed": str(event.take.seed if event.take else ""),
            "ucs": self.categories.get(event.id, ""),
        }
        return self.names.unique(file_name(self.settings.stem_name, values, self.longest))

    def _write_stem(
        self, name: str, position: int, stem: Stem, loop: bool, begin: float, end: float
    ) -> Path:
        kind = self.settings.stem_format
        rate = self.settings.rate_for(kind, self.rate)
        inside = Inside(
            name,
            comment(self.opened.story.instruction),
            self.created,
            loop=(0, stem.frames) if loop else None,
            position=position,
        )
        blocks = self._watched(stem.blocks, stem.frames, "stems", begin, end)
        if kind != "wav32f":
            blocks = limit_blocks(blocks, rate, 0.0)
        path = self.folder / f"{name}{FORMATS[kind].suffix}"
        write_sound(path, blocks, rate, stem.frames, kind, inside, lead=stem.lead)
        return path

    def _write_projects(self) -> list[Path]:
        """Projects for other programs and the copies of the takes that they refer to."""
        settings, opened = self.settings, self.opened
        if not (settings.reaper or settings.otio or settings.aaf):
            return []
        media = self._copy_takes()
        files = [self.folder / name for name in media.values()]
        markers = story_markers(opened.story, self.rate)
        if settings.reaper:
            text = reaper_project(opened.story, self.placements, media, markers, self.rate)
            files.append(self._write_text(".rpp", text))
        if settings.otio or settings.aaf:
            described = editorial.timeline(
                opened.story,
                self.title,
                self.placements,
                opened.sources,
                media,
                markers,
                self.rate,
            )
            if settings.otio:
                editorial.write_otio(self._path(".otio"), described)
                files.append(self._path(".otio"))
            if settings.aaf:
                editorial.write_aaf(self._path(".aaf"), described)
                files.append(self._path(".aaf"))
        return files

    def _copy_takes(self) -> dict[str, str]:
        """Copies of the takes for the projects; their paths, by take key, from the projects.

        An AAF needs PCM: what reads it knows no FLAC. All projects then refer to the same files.
        """
        folder = f"{self.name} takes"
        media: dict[str, str] = {}
        names = Names()
        for take, source in takes_there(self.opened.folder, self.opened.story):
            if take.key in media:
                continue
            self._stop_if_cancelled()
            suffix = ".wav" if self.settings.aaf else source.suffix
            name = names.unique(safe_name(source.stem)) + suffix
            with atomic_path(self.folder / folder / name) as temporary:
                if self.settings.aaf:
                    copy_as_wave(source, temporary)
                else:
                    shutil.copyfile(source, temporary)
            media[take.key] = f"{folder}/{name}"
        return media


def make_folder(folder: Path) -> None:
    """Make the export's folder.

    Raises:
        FileError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        what = f"The folder {folder.name} cannot be made"
        raise unwritable(folder, cause, what) from None
    remove_abandoned(half_written(folder, ("", "*/")))


def _notes(loudness: Loudness, target: float | None) -> tuple[str, ...]:
    if target is not None and not math.isfinite(loudness.integrated):
        return ("The story is silent, so its loudness was left alone.",)
    if abs(shortfall(loudness, target)) <= 0.1:
        return ()
    return (
        f"The loudness is {loudness.integrated:.1f} LUFS instead of {target:g}: more would need "
        f"more than {MAX_GAIN_DB:g} dB of gain or press the peaks too hard against the ceiling.",
    )
