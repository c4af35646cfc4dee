"""OpenTimelineIO timelines (.otio), and AAF through its adapter where that is installed.

Times count in frames of the takes' sample rate, so that they are exact. Each layer is an audio
track; events of one layer that overlap by more than their cross-fade take a further track, and so
does a stroke that starts whole over the tail before it. What clips and tracks go through on their
way into the mix stands in their metadata.
Links are told as URLs: relative ones in .otio, whole ones in an AAF.
AAF: `.venv/bin/pip install -e '.[aaf]'`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import opentimelineio as otio
import soundfile

from core.errors import FileError
from core.export.markers import Marker
from core.files import atomic_path
from core.mix.mix import PlacedEvent
from core.mix.sources import Source
from core.story.shape import Role
from core.story.story import Event, Story
from core.story.strip import Lane

Time = otio.opentime.RationalTime


def _span(start: int, frames: int, rate: int) -> otio.opentime.TimeRange:
    return otio.opentime.TimeRange(Time(start, rate), Time(frames, rate))


def _clip(
    event: Event,
    role: Role,
    first: int,
    frames: int,
    available: int,
    media: Mapping[str, str],
    rate: int,
) -> otio.schema.Clip:
    take = event.take
    target = media[take.key] if take else ""
    reference = otio.schema.ExternalReference(
        target_url=quote(target), available_range=_span(0, available, rate)
    )
    about = {
        "caption": event.caption,
        "placeholder": event.placeholder,
        "mood": event.mood,
        "gain_db": event.gain_db,
        "pan": event.pan,
        "width": event.width,
        "fade_in": event.fade_in,
        "fade_out": event.fade_out,
        "role": role,
        "shape": event.shape,
        "points": [list(point) for point in event.level_points],
        "count": event.count,
        "every": event.every,
        "at": list(event.at),
        "source": event.source,
        "seed": take.seed if take else None,
        "loop": event.loop,
        **strip_data(event),
    }
    return otio.schema.Clip(
        name=event.label,
        media_reference=reference,
        source_range=_span(first, frames, rate),
        metadata={"audiostory": about},
    )


def _stretches(placement: PlacedEvent, frames: int) -> Iterator[tuple[int, int]]:
    """First frame and length of each clip of an event: one, but where its take comes again and
    again."""
    first = placement.offset
    while placement.loop is not None and frames > 0:
        first %= placement.loop.period
        count = min(frames, placement.loop.period - first)
        yield first, count
        first, frames = first + count, frames - count
    if placement.loop is None:
        yield first, frames


def strip_data(strip: Event | Lane) -> dict[str, Any]:
    """What the format has no form of its own for: curves, envelopes, and what a sound goes
    through. Curves of fades that are not chosen are null."""
    return {
        "fade_in_curve": strip.fade_in_curve,
        "fade_out_curve": strip.fade_out_curve,
        "gain_envelope": [list(point) for point in strip.gain_envelope],
        "pan_envelope": [list(point) for point in strip.pan_envelope],
        "distance": strip.distance,
        "equaliser": dataclasses.asdict(strip.equaliser) if strip.equaliser else None,
        "room": dataclasses.asdict(strip.room) if strip.room else None,
    }


def _lanes(placements: Sequence[PlacedEvent], ends: Mapping[str, int]) -> list[list[PlacedEvent]]:
    """Placements of one layer on as few tracks as hold them without overlap before their tails."""
    lanes: list[list[PlacedEvent]] = []
    for placement in placements:
        for lane in lanes:
            if ends[lane[-1].event_id] <= placement.start:
                lane.append(placement)
                break
        else:
            lanes.append([placement])
    return lanes


def _track(
    name: str,
    lane: Sequence[PlacedEvent],
    ends: Mapping[str, int],
    story: Story,
    sources: Mapping[str, Source],
    media: Mapping[str, str],
    rate: int,
) -> otio.schema.Track:
    track = otio.schema.Track(name=name, kind=otio.schema.TrackKind.Audio)
    strip = story.lane(lane[0].layer)
    track.metadata["audiostory"] = {
        "gain_db": strip.gain_db,
        "pan": strip.pan,
        "muted": strip.muted,
        "soloed": strip.soloed,
        "fade_in": strip.fade_in,
        "fade_out": strip.fade_out,
        **strip_data(strip),
    }
    clock = 0
    for index, placement in enumerate(lane):
        if placement.start > clock:
            track.append(otio.schema.Gap(source_range=_span(0, placement.start - clock, rate)))
        clock = ends[placement.event_id]
        event = story.event(placement.event_id)
        role, frames = story.role_of(event), sources[event.id].frames
        for first, count in _stretches(placement, clock - placement.start):
            track.append(_clip(event, role, first, count, frames, media, rate))
        tail = placement.end - clock
        if tail > 0 and index + 1 < len(lane) and lane[index + 1].start == clock:
            track.append(
                otio.schema.Transition(
                    transition_type=otio.schema.TransitionTypes.SMPTE_Dissolve,
                    in_offset=Time(0, rate),
                    out_offset=Time(tail, rate),
                )
            )
    return track


def timeline(
    story: Story,
    title: str,
    placements: Sequence[PlacedEvent],
    sources: Mapping[str, Source],
    media: Mapping[str, str],
    markers: Sequence[Marker],
    rate: int,
) -> otio.schema.Timeline:
    """The story as a timeline that refers to `media` (file by take key, relative)."""
    result = otio.schema.Timeline(name=title)
    result.metadata["audiostory"] = {
        "instruction": story.instruction,
        "master_db": story.master_db,
    }
    ends = {marker.id: marker.end for marker in markers}
    ends = {
        p.event_id: min(p.end, ends[p.event_id])
        if any(r.crossfade for r in p.falls)
        else (p.end if p.loop else min(p.end, p.start + sources[p.event_id].frames - p.offset))
        for p in placements
    }
    for layer in sorted({placement.layer for placement in placements}):
        inside = [placement for placement in placements if placement.layer == layer]
        for number, lane in enumerate(_lanes(inside, ends)):
            name = "Story" if layer == 0 else f"Layer {layer}"
            name += f" ({number + 1})" if number else ""
            result.tracks.append(_track(name, lane, ends, story, sources, media, rate))
    for marker in markers:
        result.tracks.markers.append(
            otio.schema.Marker(
                name=marker.label,
                marked_range=_span(marker.start, marker.end - marker.start, rate),
                color=otio.schema.MarkerColor.RED
                if marker.is_moment
                else otio.schema.MarkerColor.GREEN,
            )
        )
    return result


def write_otio(path: Path, described: otio.schema.Timeline) -> None:
    """Write the timeline as .otio JSON."""
    with atomic_path(path) as temporary:
        otio.adapters.write_to_file(described, str(temporary))


def write_aaf(path: Path, described: otio.schema.Timeline) -> None:
    """Write the timeline as an AAF that links to the takes' PCM files, without its cross-fades.

    The adapter asks for Avid's own parameters in every transition, so clips meet by cuts; the
    takes reach beyond the cuts and can be faded again.

    Raises:
        FileError: the adapter is not installed, or does not accept the timeline.
    """
    if "AAF" not in otio.adapters.available_adapter_names():
        raise FileError(
            "AAF needs a package that is not installed; run: .venv/bin/pip install -e '.[aaf]'"
        )
    plain = described.deepcopy()
    for track in plain.tracks:
        for index in reversed(range(len(track))):
            if isinstance(track[index], otio.schema.Transition):
                del track[index]
    for clip in plain.find_clips():
        reference = clip.media_reference
        target = path.parent.resolve() / unquote(reference.target_url)
        reference.target_url = target.as_uri()
        reference.metadata["AAF"] = {"EssenceDescription": _essence(target)}
    with atomic_path(path) as temporary:
        try:
            otio.adapters.write_to_file(
                plain, str(temporary), adapter_name="AAF", use_empty_mob_ids=True
            )
        except OSError:
            raise
        except Exception as cause:  # whatever the adapter and the library below it may raise
            raise FileError(f"The AAF could not be written ({cause}); use OTIO.") from None


def _essence(path: Path) -> dict[str, int]:
    """What an AAF says of a PCM file: rates in Hz, length in frames."""
    info = soundfile.info(str(path))
    bits = int(info.subtype.removeprefix("PCM_"))
    align = info.channels * bits // 8
    return {
        "SampleRate": info.samplerate,
        "AudioSamplingRate": info.samplerate,
        "Channels": info.channels,
        "QuantizationBits": bits,
        "BlockAlign": align,
        "AverageBPS": align * info.samplerate,
        "Length": info.frames,
    }
