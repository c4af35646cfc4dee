"""The command line: every sub-command, and the one place where errors are printed.

Without a sub-command the studio is served; what needs the model imports it only then, so that the
studio's page is there at once.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import StoryError, StudioError
from core.export import command as exporting
from core.export.bundle import open_bundle
from core.export.provenance import comment
from core.export.sound import write_sound
from core.export.wave import Inside
from core.mix.mix import ArraySource, FileSource, MixSettings, Source, mix_blocks, story_frames
from core.profile import RenderSettings, load_profile
from core.render.takes import due, resumed
from core.story.folders import DEFAULT_ROOT, Library, StoryFolder
from core.story.limits import MAX_SEED
from core.story.story import Story

if TYPE_CHECKING:
    from core.audiostory import AudioStory
    from core.render.render import RenderProgress

Serve = Callable[[argparse.Namespace], None]

PROFILE = "pocket"
DESCRIPTION = "Draft, edit and render long narrative audio from one instruction."


def _parser() -> argparse.ArgumentParser:
    """The parser with all sub-commands; `serve` holds when none is named."""
    root = argparse.ArgumentParser(prog="app.py", description=DESCRIPTION)
    commands = root.add_subparsers(dest="command")
    _add_serve(commands.add_parser("serve", help="serve the studio (the default)"))
    planning = commands.add_parser("plan", help="write the plan of an instruction as story.json")
    _add_story_arguments(planning)
    rendering = commands.add_parser("render", help="plan, render and mix a story to a sound file")
    _add_story_arguments(rendering)
    rendering.add_argument(
        "--from",
        dest="source",
        type=Path,
        help="story.json to render, or a story's folder: then only what changed, kept there",
    )
    rendering.add_argument("--out", type=Path, required=True, help="sound file to write (.wav)")
    rendering.add_argument("--steps", type=int, help="sampler steps (default: the profile's)")
    rendering.add_argument("--guidance", type=float, help="guidance scale (default: the profile's)")
    rendering.add_argument(
        "--sampler",
        choices=("full", "fast"),
        help="fast: distilled, its guidance learned (default: the profile's)",
    )
    rendering.add_argument("--draft", action="store_true", help="the profile's draft quality")
    rendering.add_argument(
        "--exact", action="store_true", help="as the published code does it (imported models only)"
    )
    exporting.add_arguments(commands.add_parser("export", help="export a story's folder"))
    opening = commands.add_parser("open", help="open a story that was exported with --zip")
    opening.add_argument("file", type=Path, help="NAME.story.zip")
    opening.add_argument("--stories", type=Path, default=DEFAULT_ROOT)
    describing = commands.add_parser("describe", help="say what is heard in a sound file")
    describing.add_argument("file", type=Path)
    describing.add_argument("--question", help="what to ask about it (default: what is heard)")
    describing.add_argument("--profile", default=PROFILE)
    for name, text in (
        ("train", "train the pocket model"),
        ("evaluate", "measure the model"),
        ("bench", "measure speed"),
        ("card", "write the model card's figures and all tables"),
        ("import", "make a profile of the published AudioStory-3B"),
        ("doctor", "say what works on this machine"),
    ):
        commands.add_parser(name, help=text, add_help=False)
    return root


def _add_serve(serving: argparse.ArgumentParser) -> None:
    serving.add_argument("--profile", default=PROFILE)
    serving.add_argument("--host", default="127.0.0.1")
    serving.add_argument("--port", type=int, default=7860)
    serving.add_argument("--stories", type=Path, default=DEFAULT_ROOT)
    serving.add_argument("--no-browser", action="store_true", help="do not open the page")
    serving.add_argument("--mcp", action="store_true", help="offer draft, render, export as tools")


def _add_story_arguments(adding: argparse.ArgumentParser) -> None:
    adding.add_argument("instruction", nargs="?", help="what should be heard")
    adding.add_argument("--duration", type=float, default=20.0, help="seconds in all")
    adding.add_argument("--seed", type=int, default=0)
    adding.add_argument("--profile", help=f"model (default: the story's, or {PROFILE})")
    adding.add_argument("--story", type=Path, help="write the story as JSON to this file")
    adding.add_argument("--director", default="", help="who plans: URL or folder (default: ours)")
    adding.add_argument("--director-model", default="", help="its name at that URL")


def main(argv: Sequence[str], serve: Serve) -> int:
    """Run one command; a mistake of the user's prints one sentence and returns 1.

    Args:
        serve: opens the studio; handed in, since core/ knows nothing of the page.
    """
    try:
        _dispatch(list(argv), serve)
    except StudioError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    return 0


def _dispatch(argv: list[str], serve: Serve) -> None:
    """Training, evaluation and benches parse their own arguments: their imports are heavy."""
    name, rest = (argv[0], argv[1:]) if argv else ("serve", [])
    if name == "train":
        from core.training.command import main as train

        train(rest)
    elif name == "evaluate":
        from core.evaluation.command import main as evaluate

        evaluate(rest)
    elif name == "bench":
        from core.evaluation.bench import main as bench

        bench(rest)
    elif name == "card":
        from core.experiments.card import main as card

        card(rest)
    elif name == "import":
        from core.release.command import main as bring_in

        bring_in(rest)
    elif name == "doctor":
        from core.doctor import main as doctor

        doctor(rest)
    else:
        named = not name.startswith("-") or name in ("-h", "--help")
        arguments = _parser().parse_args(argv if argv and named else ["serve", *argv])
        if arguments.command == "serve":
            serve(arguments)
        else:
            COMMANDS[arguments.command](arguments)


def load_model(profile: str) -> AudioStory:
    from core.audiostory import load_audiostory

    if profile == "tiny":
        raise StoryError("The profile tiny is for tests only; choose pocket.")
    return load_audiostory(load_profile(profile))


def say_what_is_heard(arguments: argparse.Namespace) -> None:
    """The sub-command `describe`: one line about a sound file."""
    from core.director.describe import QUESTION, describe

    model = load_model(arguments.profile)
    print(describe(model, arguments.file, arguments.question or QUESTION))


def write_plan(arguments: argparse.Namespace) -> None:
    """The sub-command `plan`: the story without sound, to a file or to standard output."""
    story = _planned(load_model(arguments.profile or PROFILE), arguments)
    if arguments.story is None:
        print(story.to_json(), end="")
    else:
        story.save(arguments.story)


def _planned(model: AudioStory, arguments: argparse.Namespace) -> Story:
    """Plan the instruction, showing the reasoning on the error stream as it is written."""
    from core.director.external import open_director
    from core.director.plan import plan

    if arguments.instruction is None:
        raise StoryError("There is no instruction; say in quotes what should be heard.")
    if not 0 <= arguments.seed <= MAX_SEED:
        raise StoryError(f"A seed is a whole number from 0 to {MAX_SEED}; choose another.")
    key = os.environ.get("AUDIOSTORY_DIRECTOR_KEY", "")
    director = open_director(arguments.director, arguments.director_model, key)
    shown = ""
    for progress in plan(
        model, arguments.instruction, arguments.duration, arguments.seed, director=director
    ):
        taken_back = not progress.reasoning.startswith(shown)
        new = progress.reasoning if taken_back else progress.reasoning[len(shown) :]
        print("\n" * taken_back + new, end="", file=sys.stderr, flush=True)
        shown = progress.reasoning
    print(file=sys.stderr)
    assert progress.story is not None
    return progress.story


def _render(arguments: argparse.Namespace) -> None:
    """Plan (or read) a story, render every event, mix, and write the files."""
    if arguments.out.suffix.lower() != ".wav":
        raise StoryError("--out should end in .wav; `app.py export` writes the other formats.")
    if arguments.exact:
        from core.release.command import render_exactly

        render_exactly(load_model(arguments.profile or PROFILE), arguments)
        return
    folder = _folder(arguments.source)
    given = folder.story if folder else Story.load(arguments.source) if arguments.source else None
    model = load_model(arguments.profile or (given.profile if given else PROFILE))
    quality = model.profile.draft if arguments.draft else model.profile.final
    settings = quality.with_changes(arguments.steps, arguments.guidance, arguments.sampler)
    if folder is not None:
        story, sources = perform_in(model, folder, settings)
    else:
        story, sources = perform(model, given or _planned(model, arguments), settings)
    mixing = MixSettings(rate=model.sample_rate)
    frames = story_frames(story, mixing.rate)
    inside = Inside(story.instruction, comment(story.instruction))
    blocks = mix_blocks(story, sources, mixing)
    write_sound(arguments.out, blocks, mixing.rate, frames, "wav24", inside)
    if arguments.story:
        story.save(arguments.story)
    print(f"{arguments.out}: {story.total:g} s, {len(story.events)} events", file=sys.stderr)


def perform(
    model: AudioStory, story: Story, settings: RenderSettings
) -> tuple[Story, dict[str, Source]]:
    """Render every event; returns the story with its takes, and their sound."""
    from core.render.render import render_events

    sources: dict[str, Source] = {}
    ids = [event.id for event in story.events]
    for rendered in render_events(model, story, ids, settings, on_progress=_show):
        event = story.event(rendered.event_id)
        others = tuple(take for take in event.takes if take.key != rendered.take.key)
        event = dataclasses.replace(event, takes=(*others, rendered.take), chosen=rendered.take.key)
        story = story.replace_event(event)
        sources[event.id] = ArraySource(rendered.samples)
    print(file=sys.stderr)
    return story, sources


def perform_in(
    model: AudioStory, folder: StoryFolder, settings: RenderSettings
) -> tuple[Story, dict[str, Source]]:
    """Render what a crash left, then what changed; the takes are kept in the folder."""
    from core.render.render import perform

    left, wanted = resumed(folder) or ((), settings)
    list(perform(model, folder, left, wanted, group="render", on_progress=_show))
    asked = due(folder, settings, model.profile.crossfade)
    list(perform(model, folder, asked, settings, group="render", on_progress=_show))
    print(file=sys.stderr)
    takes = {event.id: event.take for event in folder.story.events}
    rate = model.sample_rate
    return folder.story, {i: FileSource(folder.take_file(t), rate) for i, t in takes.items() if t}


def open_zip(arguments: argparse.Namespace) -> None:
    """The sub-command `open`: unpack a bundle among the stories and print its folder."""
    print(open_bundle(arguments.file, Library(arguments.stories)))


def _show(progress: RenderProgress) -> None:
    print(
        f"\revent {progress.event}/{progress.events}, step {progress.step}/{progress.steps} ",
        end="",
        file=sys.stderr,
        flush=True,
    )


def _folder(source: Path | None) -> StoryFolder | None:
    """The story's folder, where --from names one."""
    if source is None or not source.is_dir():
        return None
    path = source.resolve()
    return Library(path.parent).open(path.name)


COMMANDS: dict[str, Callable[[argparse.Namespace], object]] = {
    "plan": write_plan,
    "describe": say_what_is_heard,
    "render": _render,
    "export": exporting.run,
    "open": open_zip,
}
