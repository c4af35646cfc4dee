"""From a folder of recordings and a name to an own sound that is in place: the whole way.

A lesson has a folder of its own beside the sounds until it is done, so that one that was cut short
is gone on with by its name.
"""

from __future__ import annotations

import dataclasses
import datetime
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from core.bridge.known_sounds import load_known_sounds
from core.codec.kinds import load_codec
from core.errors import StudioError, WeightsError
from core.own_sounds.own_sound import CONSENT, OwnSound, sound_file_name, write_learned
from core.own_sounds.recordings import read_recordings_of
from core.own_sounds.store import LESSONS_FOLDER, check_free, stopped_lessons
from core.performer.naming import names_in
from core.profile import Profile
from core.training.own_sound import (
    LessonPlan,
    OnLesson,
    learn_sound,
    prepare_lesson,
)


@dataclass(frozen=True)
class SoundToLearn:
    """What a person asks for.

    Attributes:
        name, wordings, licence, recorded_by: as in `OwnSound`.
        consent: they agreed to `core.own_sounds.own_sound.CONSENT`.
    """

    name: str
    licence: str
    consent: bool
    wordings: tuple[str, ...] = ()
    recorded_by: str = ""


def lesson_folder(sounds: Path, name: str) -> Path:
    """Where the lesson of a sound is."""
    return sounds / LESSONS_FOLDER / Path(sound_file_name(name)).stem


def lessons_left(sounds: Path) -> dict[str, Path]:
    """Lessons that were cut short, by the sound's name."""
    return {name: lesson_folder(sounds, name) for name in stopped_lessons(sounds)}


def check_wanted(profile: Profile, sounds: Path, wanted: SoundToLearn) -> OwnSound:
    """What will be said of the sound, before anything is read.

    Raises:
        WeightsError: there is no consent or no licence, a name is taken, or the model knows a sound
            by it, which captions could not name any more.
    """
    if not wanted.consent:
        raise WeightsError(
            f"To learn a sound takes consent; read and agree to this: \u201c{CONSENT}\u201d"
        )
    about = OwnSound(
        name=wanted.name,
        licence=wanted.licence,
        consent=CONSENT,
        learned=datetime.datetime.now(datetime.UTC).date().isoformat(),
        recordings=0,
        shortest=0.0,
        longest=0.0,
        profile=profile.title,
        base="",
        wordings=wanted.wordings,
        recorded_by=wanted.recorded_by,
    )
    check_free(sounds, about.names)
    known = load_known_sounds(profile)
    for name in about.names:
        taken = next((c for c in known.captions if names_in(c, [name])), None) if known else None
        if taken is not None:
            raise WeightsError(
                f"{name!r} stands in captions that the model knows, such as {taken!r}; give your "
                f"sound a name of its own, like {f'my {name}'!r}."
            )
    return about


def begin_lesson(
    profile: Profile,
    sounds: Path,
    wanted: SoundToLearn,
    recordings: Sequence[Path],
    cancel: threading.Event | None = None,
    steps: int | None = None,
) -> Path:
    """Check all and make the lesson's folder.

    Args:
        steps: of the training; None: as many as it takes, and fit in ten minutes.

    Raises:
        WeightsError: see `check_wanted`.
        AudioFileError: see `read_recordings_of`.
        Cancelled: `cancel` was set.
    """
    about = check_wanted(profile, sounds, wanted)
    codec = load_codec(profile.codec)
    read = read_recordings_of(recordings, codec.sample_rate, codec.audio_channels, cancel)
    lengths = [recording.samples.shape[1] / codec.sample_rate for recording in read]
    about = dataclasses.replace(
        about,
        recordings=len(read),
        shortest=round(min(lengths), 2),
        longest=round(max(lengths), 2),
    )
    folder = lesson_folder(sounds, wanted.name)
    with _alone(folder):
        prepare_lesson(folder, LessonPlan(about, steps), read, codec, cancel)
    return folder


def finish_lesson(
    profile: Profile,
    sounds: Path,
    name: str,
    on_step: OnLesson = lambda progress: None,
    cancel: threading.Event | None = None,
) -> OwnSound:
    """Learn what a lesson holds, put the sound in its place, and clear the lesson away.

    Raises:
        Cancelled: `cancel` was set; the lesson stays, to be gone on with.
        StudioError: there is no lesson of this name, or another program is at it.
        WeightsError, FileError: see `learn_sound`, `write_learned`.
    """
    folder = lesson_folder(sounds, name)
    with _alone(folder):
        learned = learn_sound(profile, folder, on_step, cancel)
        write_learned(sounds / sound_file_name(learned.about.name), learned)
        shutil.rmtree(folder, ignore_errors=True)
    return learned.about


def drop_lesson(sounds: Path, name: str) -> None:
    """Clear away a lesson that nobody wants any more; what is being learned goes on."""
    folder = lesson_folder(sounds, name)
    with _alone(folder):
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One program at a lesson at a time; raises StudioError where another one is."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.parent / f".{folder.name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise StudioError(
            f"{folder.name!r} is being learned already; wait for that, or stop it."
        ) from None
    try:
        yield
    finally:
        lock.release()
