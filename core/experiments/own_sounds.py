"""`python app.py evaluate own-sounds`: are sounds of one's own recognised once they were learned?

Ten kinds of sound that the performer has never heard, the first of each of ten families of
core/corpus/candidates, stand for ten persons' own. Of each there are clips, made by its recipe or,
with `--recordings DIR`, recorded ones in DIR/<kind>; two thirds are learned from, the others are
held out. Judged is by the nearest centroid among the known classes' held-out recordings and all the
own sounds' held-out clips (core/evaluation/recognise.py).

- Clips: the held-out clips themselves, each left out of its centroid.
- Before: renders by the model that was told the kind's plain caption and knows no such sound.
- Final, draft: renders by the learned sound, which is called "my <kind>".
- Known: renders of known classes, one each, beside the own sounds; equal to those without them, by
  their bytes, and how many are recognised among known and own.
- Reading: how many known captions of the development sets ask for an own sound.
- Seconds: what learning took on this machine, with its threads.

With `--run DIR` what was made stays there, and a stopped evaluation goes on.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

import soundfile
import torch
from torch import Tensor

from core.audiostory import AudioStory, load_audiostory
from core.corpus.candidates import CandidateKind, read_candidates
from core.corpus.vocabulary import BY_NAME
from core.errors import AudioFileError, PlanError
from core.evaluation.candidate_sounds import candidate_clips
from core.evaluation.flags import FLAG_SETS
from core.evaluation.recognise import Judge
from core.evaluation.renders import Embeddings, Renderer, Request, single_event_story
from core.files import write_atomically
from core.listener.aisfx import AISFX_RATE, SoundEmbedder
from core.listener.nearest import (
    JUDGED_SECONDS,
    SHORTEST_RENDER,
    Centroids,
    centroids,
    centroids_without,
    nearest_classes,
)
from core.own_sounds.store import OwnSounds
from core.performer.event_performer import EventRequest
from core.performer.naming import OWN_SOUND
from core.places import temporary_folder
from core.profile import ASSETS, RenderSettings, load_profile
from core.render.performers import Performers
from core.story.story import Event, Story
from core.training.sound_lessons import SoundToLearn, begin_lesson, finish_lesson

_CLIPS = 24
"""That are made of a kind."""
LEARNED_FROM = 2 / 3
"""Share of a kind's clips that are learned from."""
FAMILIES = 10
RENDERS = 10
"""Of each own sound, for each way."""
_LICENCE = "Apache-2.0"


@dataclass(frozen=True)
class OwnClass:
    """Figures of one own sound.

    Attributes:
        learned, held_out: clips.
        clips, before, final, draft: shares that were recognised, among known and own.
        seconds: that learning took.
        instead: what most of its renders are heard as that are not recognised.
    """

    name: str
    learned: int
    held_out: int
    clips: float
    before: float
    final: float
    draft: float
    seconds: float
    instead: str


def main(argv: Sequence[str]) -> None:
    """Print a line a kind; the last line is one JSON object."""
    parser = argparse.ArgumentParser(
        prog="app.py evaluate own-sounds",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--profile", default="pocket")
    parser.add_argument("--classes", nargs="+", help="these candidates (default: ten)")
    parser.add_argument("--recordings", type=Path, help="folder of recorded clips by kind")
    parser.add_argument("--run", type=Path, help="keep all here, and go on")
    parser.add_argument("--renders", type=int, default=RENDERS, help="of each kind, for each way")
    parser.add_argument("--steps", type=int, help="of the training (default: the studio's)")
    parser.add_argument("--known", type=int, help="known classes to render (default: all)")
    given = parser.parse_args(argv)
    kinds = chosen_kinds(given.classes)
    with temporary_folder() as scratch:
        evaluation = _OwnSoundsEvaluation(given, given.run or scratch)
        print(json.dumps(evaluation.figures(kinds)))


def chosen_kinds(names: Sequence[str] | None = None) -> list[CandidateKind]:
    """The candidates of these names, or the first of each of the first ten families.

    Raises:
        PlanError: there is no candidate of a name.
    """
    candidates = read_candidates()
    if names is None:
        first: dict[str, CandidateKind] = {}
        for kind in candidates:
            first.setdefault(kind.family, kind)
        return list(first.values())[:FAMILIES]
    by_name = {kind.name: kind for kind in candidates}
    for name in names:
        if name not in by_name:
            raise PlanError(f"There is no candidate {name!r}; `python -m core.corpus.candidates`.")
    return [by_name[name] for name in names]


def _say(line: str) -> None:
    print(line, flush=True)


class _OwnSoundsEvaluation:
    """The model, the judge, and what was made so far."""

    def __init__(self, given: argparse.Namespace, run: Path) -> None:
        self.given, self.run = given, run
        self.profile = load_profile(given.profile)
        self.model: AudioStory = load_audiostory(self.profile)
        self.embeddings = Embeddings(SoundEmbedder(), run / "embeddings.jsonl")
        self.known = Judge.load(ASSETS / "evaluation" / "held_out.safetensors", SoundEmbedder())
        self.sounds = run / "sounds"

    def figures(self, kinds: Sequence[CandidateKind]) -> dict[str, object]:
        for kind in kinds:
            self.learn(kind)
        held_out = {kind.name: self.held_out(kind) for kind in kinds}
        labels = [*self.known.labels, *(n for n, rows in held_out.items() for _ in rows)]
        every = torch.cat([self.known.plain, *held_out.values()])
        classes = centroids(every, labels)
        own = Performers(self.profile, OwnSounds(self.sounds, self.profile))
        rows = []
        for kind in kinds:
            rows.append(self.judged(kind, own, classes, every, labels))
            _say(_line(rows[-1]))
        means = {
            name: round(fmean(getattr(row, name) for row in rows), 4)
            for name in ("clips", "before", "final", "draft")
        }
        return {
            "classes": [asdict(row) for row in rows],
            "judged_among": len(classes),
            **means,
            "longest_seconds": max(row.seconds for row in rows),
            "threads": torch.get_num_threads(),
            "known": self.known_renders(own, classes, kinds),
            "reading": read_as_own(own),
        }

    def clips(self, kind: CandidateKind) -> tuple[list[Path], list[Path]]:
        """Sound files to learn from, and held out."""
        if self.given.recordings is not None:
            found = sorted((self.given.recordings / kind.name).glob("*.flac"))
            if not found:
                raise AudioFileError(f"{self.given.recordings} holds no {kind.name}; name another.")
        else:
            folder = self.run / "clips" / kind.name
            found = [folder / f"{number:02d}.wav" for number in range(_CLIPS)]
            if not found[-1].is_file():
                folder.mkdir(parents=True, exist_ok=True)
                made, _ = candidate_clips(kind, _CLIPS)
                for path, samples in zip(found, made, strict=True):
                    soundfile.write(path, samples, AISFX_RATE, subtype="FLOAT")
        learned = [path for number, path in enumerate(found) if number % 3 != 2]
        return learned, [path for number, path in enumerate(found) if number % 3 == 2]

    def learn(self, kind: CandidateKind) -> None:
        """Learn a kind as a person's own, unless it was."""
        if f"{OWN_SOUND}{own_name(kind)}" in OwnSounds(self.sounds, self.profile):
            return
        learned, _ = self.clips(kind)
        wanted = SoundToLearn(own_name(kind), _LICENCE, consent=True)
        began = time.monotonic()
        begin_lesson(self.profile, self.sounds, wanted, learned, steps=self.given.steps)
        finish_lesson(self.profile, self.sounds, wanted.name)
        seconds = {**self.seconds(), kind.name: round(time.monotonic() - began, 1)}
        write_atomically(self.run / "seconds.json", json.dumps(seconds).encode())
        _say(f"{wanted.name}: learned in {seconds[kind.name]:.0f} s")

    def seconds(self) -> dict[str, float]:
        path = self.run / "seconds.json"
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}

    def held_out(self, kind: CandidateKind) -> Tensor:
        """Embeddings (N, 512) of the held-out clips."""
        rows = []
        for path in self.clips(kind)[1]:
            about: dict[str, str | float] = {"clip": f"{kind.name} {path.name}"}
            rows.append(self.embeddings.of_sound(about, functools.partial(_read, path)))
        return torch.stack(rows)

    def judged(
        self,
        kind: CandidateKind,
        own: Performers,
        classes: Centroids,
        every: Tensor,
        labels: Sequence[str],
    ) -> OwnClass:
        learned, held_out = self.clips(kind)
        rows = [row for row, label in enumerate(labels) if label == kind.name]
        clips = [
            nearest_classes(every[row], centroids_without(every, labels, [row]))[0] for row in rows
        ]
        lengths = [max(SHORTEST_RENDER, min(JUDGED_SECONDS, _seconds(p))) for p in held_out]
        asked = [lengths[number % len(lengths)] for number in range(self.given.renders)]
        renderer = Renderer(self.model, self.profile.final)
        heard: dict[str, list[str]] = {"clips": clips, "before": [], "final": [], "draft": []}
        by = own.named(f"{OWN_SOUND}{own_name(kind)}")
        ways = {"final": by.description.final, "draft": by.description.draft}
        for seed, seconds in enumerate(asked):
            request = Request(kind.caption, seconds, seed)
            embedding = self.embeddings.of(renderer, request)
            heard["before"].append(nearest_classes(embedding, classes)[0])
            for way, settings in ways.items():
                embedding = self._own_render(own, kind, request, settings)
                heard[way].append(nearest_classes(embedding, classes)[0])
        wrong = [name for name in heard["final"] if name != kind.name]
        shares = {way: heard[way].count(kind.name) / len(heard[way]) for way in heard}
        return OwnClass(
            kind.name,
            len(learned),
            len(held_out),
            **{way: round(share, 4) for way, share in shares.items()},
            seconds=self.seconds().get(kind.name, float("nan")),
            instead=max(set(wrong), key=wrong.count, default=""),
        )

    def _own_render(
        self, own: Performers, kind: CandidateKind, request: Request, settings: RenderSettings
    ) -> Tensor:
        """The embedding (512,) of a render by a learned sound, asked for by its name."""
        caption = own_name(kind)
        story = single_event_story(Request(caption, request.seconds, request.seed), "own")
        by = own.named(own.asked(story)[story.events[0].id])
        about: dict[str, str | float] = {
            "renderer": f"{by.description.weights} {settings}",
            **asdict(request),
        }

        def make() -> Tensor:
            asked = EventRequest(caption, request.seconds, request.seed)
            samples = by.perform(asked, settings).samples
            frames = round(request.seconds * by.description.sample_rate)
            return torch.from_numpy(samples).mean(0)[:frames]

        return self.embeddings.of_sound(about, make)

    def known_renders(
        self, own: Performers, classes: Centroids, kinds: Sequence[CandidateKind]
    ) -> dict[str, float]:
        """Renders of known classes without and with own sounds that were just at work."""
        renderer = Renderer(self.model, self.profile.final)
        names = sorted(self.known.classes)[: self.given.known]
        equal, alone, beside = 0, 0, 0
        for number, name in enumerate(names):
            request = Request(BY_NAME[name].caption, self.known.lengths(name)[0], 0)
            story = single_event_story(request, self.profile.name)
            asked = own.asked(story)[story.events[0].id]
            before = renderer(request)
            working = own.named(f"{OWN_SOUND}{own_name(kinds[number % len(kinds)])}")
            working.perform(EventRequest("x", SHORTEST_RENDER, 0), RenderSettings(1))
            after = renderer(request)
            equal += _digest(before) == _digest(after) and not asked.startswith(OWN_SOUND)
            about: dict[str, str | float] = {"renderer": renderer.name, **asdict(request)}
            embedding = self.embeddings.of_sound(about, functools.partial(_same, after))
            alone += nearest_classes(embedding, self.known.classes)[0] == name
            beside += nearest_classes(embedding, classes)[0] == name
        count = max(1, len(names))
        return {
            "renders": len(names),
            "equal": equal / count,
            "top_1_among_known": round(alone / count, 4),
            "top_1_among_known_and_own": round(beside / count, 4),
        }


def own_name(kind: CandidateKind) -> str:
    """What a person calls a sound of the kind."""
    return f"my {kind.name.replace('_', ' ')}"


def read_as_own(own: Performers, files: Sequence[Path] = FLAG_SETS) -> dict[str, float]:
    """How many known captions of the development sets ask for an own sound."""
    rows = [
        json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()
    ]
    captions = [str(row["caption"]) for row in rows if row["label"] == "known"]
    events = tuple(
        Event(f"e{number}", caption, 0.0, 1.0) for number, caption in enumerate(captions)
    )
    asked = [
        own.asked_by(Story("x", 1.0, 0, own.profile.name, "", (event,)), event) for event in events
    ]
    wrong = sum(name.startswith(OWN_SOUND) for name in asked)
    return {"captions": len(captions), "asked_for_own": wrong / max(1, len(captions))}


def _line(row: OwnClass) -> str:
    return (
        f"{row.name:<18}{row.learned:>3} learned, {row.held_out:>3} held out; "
        f"clips {row.clips:4.0%}, before {row.before:4.0%}, final {row.final:4.0%}, "
        f"draft {row.draft:4.0%}, "
        f"{row.seconds:5.0f} s  {row.instead}"
    )


def _read(path: Path) -> Tensor:
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    if rate != AISFX_RATE:
        raise AudioFileError(f"{path} is at {rate} Hz: clips must be stored at {AISFX_RATE} Hz.")
    return torch.from_numpy(samples[: round(JUDGED_SECONDS * rate)]).mean(1)


def _seconds(path: Path) -> float:
    return float(soundfile.info(path).duration)


def _same(sound: Tensor) -> Tensor:
    return sound


def _digest(sound: Tensor) -> str:
    return hashlib.sha256(sound.contiguous().numpy().tobytes()).hexdigest()
