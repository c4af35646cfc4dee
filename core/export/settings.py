"""What a person can ask of an export, and five presets for common ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.errors import FileError
from core.export.naming import check_pattern
from core.mix.crossfade import Curve
from core.mix.master import MasterSettings
from core.mix.mix import MixSettings

FormatName = Literal["wav16", "wav24", "wav32f", "flac", "mp3", "ogg", "opus", "m4a"]
MarkerKind = Literal["audacity", "csv", "json"]
Stems = Literal["none", "events", "layers", "both"]

RATES = (44_100, 48_000)
LOUDNESS_RANGE = (-40.0, -6.0)
CEILING_RANGE = (-20.0, 0.0)


@dataclass(frozen=True)
class Format:
    """A kind of sound file.

    Attributes:
        suffix: of the file's name, with the dot.
        title: how the studio names it.
        bits: of an integer format; None for floating point and for codecs that drop sound.
        lossless: nothing but the bits below `bits` is lost.
        container, subtype: libsndfile's names; empty where it does not write the format.
        rate: the only rate the codec knows, in Hz; None if it knows both.
    """

    suffix: str
    title: str
    bits: int | None
    lossless: bool
    container: str = ""
    subtype: str = ""
    rate: int | None = None


FORMATS: dict[FormatName, Format] = {
    "wav16": Format(".wav", "WAV, 16 bit", 16, True),
    "wav24": Format(".wav", "WAV, 24 bit", 24, True),
    "wav32f": Format(".wav", "WAV, 32 bit float", None, True),
    "flac": Format(".flac", "FLAC, 24 bit", 24, True, "FLAC", "PCM_24"),
    "mp3": Format(".mp3", "MP3", None, False, "MP3", "MPEG_LAYER_III"),
    "ogg": Format(".ogg", "Ogg Vorbis", None, False, "OGG", "VORBIS"),
    "opus": Format(".opus", "Opus", None, False, "OGG", "OPUS", 48_000),
    "m4a": Format(".m4a", "M4A (AAC)", 16, False),
}


@dataclass(frozen=True)
class ExportSettings:
    """One export.

    Attributes:
        format: of the mix.
        rate: Hz; None keeps the story's rate (Opus is always 48 kHz).
        loudness: integrated target in LUFS; None leaves the loudness alone.
        ceiling_db: true-peak ceiling in dBTP; None leaves peaks alone.
        remove_dc: take out what lies below hearing.
        curve: of cross-fades and fades.
        exact: join as the published release does, 3 s linear.
        stems: which stems are written beside the mix, all before the master.
        stem_format: theirs. In an integer format peaks above full scale are limited.
        stem_start: "story" begins each stem at zero, so that all line up; "event" begins it where
            the event begins, for one-shots and loops.
        loop: make event stems (with stem_start "event") of what goes on evenly seamless loops,
            with their loop points, and trim the silence around the others.
        markers: lists of the events beside the sound.
        reaper, otio, aaf: projects that refer to copies of the takes.
        bundle: a zip of story, takes, recordings and mix that `app.py open` opens again.
        name, stem_name: patterns, see `core.export.naming`.
    """

    format: FormatName = "wav24"
    rate: int | None = None
    loudness: float | None = None
    ceiling_db: float | None = -1.0
    remove_dc: bool = True
    curve: Curve = "equal-power"
    exact: bool = False
    stems: Stems = "none"
    stem_format: FormatName = "wav32f"
    stem_start: Literal["story", "event"] = "story"
    loop: bool = False
    markers: tuple[MarkerKind, ...] = ()
    reaper: bool = False
    otio: bool = False
    aaf: bool = False
    bundle: bool = False
    name: str = "{title}"
    stem_name: str = "{title} - {index} {caption}"

    def __post_init__(self) -> None:
        if self.rate is not None and self.rate not in RATES:
            raise FileError(f"A sound file has 44100 or 48000 Hz here, not {self.rate}.")
        _check_level("loudness", self.loudness, LOUDNESS_RANGE, "LUFS")
        _check_level("peak ceiling", self.ceiling_db, CEILING_RANGE, "dBTP")
        check_pattern(self.name)
        check_pattern(self.stem_name)

    def mixing(self, rate: int) -> MixSettings:
        """The mix before the master at the story's own rate."""
        if self.exact:
            return MixSettings.exact(rate)
        return MixSettings(rate=rate, curve=self.curve, ceiling_db=None)

    @property
    def mastering(self) -> MasterSettings:
        return MasterSettings(self.loudness, self.ceiling_db, self.remove_dc)

    def rate_for(self, format_name: FormatName, story_rate: int) -> int:
        """Hz of a file in this format."""
        return FORMATS[format_name].rate or self.rate or story_rate


def _check_level(name: str, level: float | None, limits: tuple[float, float], unit: str) -> None:
    if level is not None and not limits[0] <= level <= limits[1]:
        raise FileError(
            f"The {name} is {level:g} {unit}; choose between {limits[0]:g} and {limits[1]:g}."
        )


PRESETS: dict[str, ExportSettings] = {
    "raw stems": ExportSettings(
        format="wav32f", ceiling_db=None, remove_dc=False, stems="both", markers=("audacity",)
    ),
    "broadcast": ExportSettings(format="wav24", rate=48_000, loudness=-23.0),
    "web": ExportSettings(format="mp3", rate=44_100, loudness=-14.0),
    "game": ExportSettings(
        format="wav16",
        rate=48_000,
        loudness=-16.0,
        stems="events",
        stem_format="wav16",
        stem_start="event",
        loop=True,
        markers=("json",),
    ),
    "sound library": ExportSettings(
        format="wav24",
        rate=48_000,
        stems="events",
        stem_format="wav24",
        stem_start="event",
        stem_name="{ucs}_{caption} {index}_AudioStory_{title}",
    ),
}
