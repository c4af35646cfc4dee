"""The sub-command `render`: a story from an instruction, a plan or a folder to a sound file.

python app.py render "rain, then thunder" --out storm.wav
python app.py render --from ~/AudioStories/Storm --out storm.wav
python app.py render --from ~/AudioStories/Storm --out storm.wav --on local:4
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands import farm_option, plan
from core.errors import StoryError
from core.export.mixdown import write_mixdown
from core.profile import AUTO, DEFAULT_PROFILE, OWN
from core.story.folders import StoryFolder
from core.story.library import Library
from core.story.story import Story

if TYPE_CHECKING:
    from core.farm.state import FarmState
    from core.render.performers import Performers
    from core.render.render import RenderProgress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says which story to render, how, and where to write it."""
    plan.add_arguments(parser)
    parser.add_argument(
        "--from",
        dest="source",
        type=Path,
        help="story.json to render, or a story's folder: then only what changed, kept there",
    )
    parser.add_argument("--out", type=Path, required=True, help="sound file to write (.wav)")
    parser.add_argument("--steps", type=int, help="sampler steps (default: the profile's)")
    parser.add_argument("--guidance", type=float, help="guidance scale (default: the profile's)")
    parser.add_argument(
        "--sampler",
        choices=("full", "fast"),
        help="fast: distilled, its guidance learned (default: the profile's)",
    )
    parser.add_argument("--draft", action="store_true", help="the profile's draft quality")
    parser.add_argument(
        "--placeholders",
        action="store_true",
        help="perform unknown sounds as what is nearest, marked as placeholders; otherwise they "
        "are left out",
    )
    parser.add_argument(
        "--performer",
        help="who performs the events that do not say: own, auto (whoever knows the sound), or "
        "one that `app.py performer list` lists (default: the story's)",
    )
    farm_option.add_on(parser)
    add_exact_options(parser)


def add_exact_options(parser: argparse.ArgumentParser) -> None:
    """Add `--exact` and what it alone knows; what is not given of that is left out."""
    group = parser.add_argument_group(
        "exact run",
        "as the published command does it, with its habits (imported models only); --seed is of "
        "the noise, which is always 0 there, and --duration is 50 unless it is given",
        argument_default=argparse.SUPPRESS,
    )
    group.add_argument("--exact", action="store_true", default=False)
    group.add_argument(
        "--total-seconds-as-float",
        action="store_true",
        help='ask for "50.0 seconds" where --duration is 50; the published command does so',
    )
    group.add_argument(
        "--phrase-seed",
        type=int,
        metavar="SEED",
        help="put a phrase before the instruction, drawn as the published command's --seed does",
    )
    group.add_argument(
        "--phrases",
        type=Path,
        metavar="FILE",
        help="where the phrases are: the release's evaluate/inference.py, or one a line",
    )
    group.add_argument(
        "--crossfade-sec", type=float, metavar="S", help="seconds between clips (default: 3)"
    )
    group.add_argument("--target-sr", type=int, metavar="HZ", help="sample rate (default: 32000)")
    group.add_argument(
        "--max-new-tokens", type=int, metavar="N", help="of the director (default: 1600)"
    )


EXACT_OPTIONS = (
    "total_seconds_as_float",
    "phrase_seed",
    "phrases",
    "crossfade_sec",
    "target_sr",
    "max_new_tokens",
)


def run(arguments: argparse.Namespace) -> None:
    """Plan or read a story, render it, and write its mix.

    Raises:
        StudioError: in one sentence what is wrong and what to do.
    """
    if arguments.out.suffix.lower() != ".wav":
        raise StoryError("--out should end in .wav; `app.py export` writes the other formats.")
    if arguments.exact:
        if arguments.on:
            raise StoryError("An exact run is made in one piece; leave out --on, or --exact.")
        from core.release.command import read_exact_run, run_exactly

        asked = read_exact_run(arguments)
        run_exactly(plan.load_model(arguments.profile or DEFAULT_PROFILE), asked, arguments)
        return
    for name in EXACT_OPTIONS:
        if name in arguments:
            raise StoryError(f"--{name.replace('_', '-')} is of an exact run; add --exact.")
    address = farm_option.read_on(arguments.on)
    from core.performers import performers_here
    from core.render.render import render_events
    from core.render.story import render_folder, render_story

    folder = _folder(arguments.source)
    given = folder.story if folder else Story.load(arguments.source) if arguments.source else None
    model = plan.load_model(arguments.profile or (given.profile if given else DEFAULT_PROFILE))
    quality = model.profile.draft if arguments.draft else model.profile.final
    settings = quality.with_changes(arguments.steps, arguments.guidance, arguments.sampler)
    story = folder.story if folder else given or plan.plan_story(model, arguments)
    performers = performers_here(model.profile)
    story = _as_asked(folder, story, performers, arguments)
    plan.say_unknown(model, story, performers)
    with farm_option.farm_on(address, model) as farm:
        render = (
            farm.renderer(farm_option.this_user(), on_state=_show_farm) if farm else render_events
        )
        if folder is not None:
            story, sources = render_folder(
                model, folder, settings, _show, render, performers=performers
            )
        else:
            story, sources = render_story(model, story, settings, _show, render, performers)
    print(file=sys.stderr)
    if folder is not None and (notice := folder.take_notice()):
        print(notice, file=sys.stderr)
    write_mixdown(arguments.out, story, sources, model.sample_rate)
    if arguments.story:
        story.save(arguments.story)
    print(f"{arguments.out}: {story.total:g} s, {len(sources)} events", file=sys.stderr)


def _as_asked(
    folder: StoryFolder | None,
    story: Story,
    performers: Performers,
    arguments: argparse.Namespace,
) -> Story:
    """The story with the performer and the placeholders that are asked for, in its folder too.

    Raises:
        RenderError: the performer is not here.
    """
    from core.render.unknown import unknown_sounds, with_placeholders

    name = arguments.performer
    if name is not None and name not in (OWN, AUTO):
        performers.named(name)

    def asked(now: Story) -> Story:
        now = now if name is None else dataclasses.replace(now, performer=name)
        if not arguments.placeholders:
            return now
        return with_placeholders(now, unknown_sounds(performers.profile, now, performers))

    if asked(story) == story:
        return story
    return folder.edit("performer", asked, "render") if folder else asked(story)


def _folder(source: Path | None) -> StoryFolder | None:
    """The story's folder, where --from names one."""
    if source is None or not source.is_dir():
        return None
    path = source.resolve()
    return Library(path.parent).open(path.name)


def _show_farm(state: FarmState) -> None:
    print(f"\r{state}  ", end="", file=sys.stderr, flush=True)


def _show(progress: RenderProgress) -> None:
    print(
        f"\revent {progress.event}/{progress.events}, step {progress.step}/{progress.steps} ",
        end="",
        file=sys.stderr,
        flush=True,
    )
