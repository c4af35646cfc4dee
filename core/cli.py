"""The command line: every sub-command, and the one place where errors are printed.

Without a sub-command the studio is served.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from core.audiostory import AudioStory, load_audiostory
from core.director import plan
from core.errors import StoryError, StudioError
from core.export import command as exporting
from core.export.provenance import comment
from core.export.sound import write_sound
from core.export.wave import Inside
from core.mix import ArraySource, MixSettings, Source, mix_blocks, story_frames
from core.performer import RenderSettings
from core.profile import load_profile
from core.render import RenderProgress, render_events
from core.story import MAX_SEED, Story

Serve = Callable[[argparse.Namespace], None]

DESCRIPTION = "Draft, edit and render long narrative audio from one instruction."


def parser() -> argparse.ArgumentParser:
    """The parser with all sub-commands; `serve` holds when none is named."""
    root = argparse.ArgumentParser(prog="app.py", description=DESCRIPTION)
    commands = root.add_subparsers(dest="command")
    _add_serve(commands.add_parser("serve", help="serve the studio (the default)"))
    planning = commands.add_parser("plan", help="write the plan of an instruction as story.json")
    _add_story_arguments(planning)
    rendering = commands.add_parser("render", help="plan, render and mix a story to a sound file")
    _add_story_arguments(rendering)
    rendering.add_argument("--from", dest="source", type=Path, help="render this story.json")
    rendering.add_argument("--out", type=Path, required=True, help="sound file to write (.wav)")
    rendering.add_argument("--steps", type=int, help="sampler steps (default: the profile's)")
    rendering.add_argument("--guidance", type=float, help="guidance scale (default: the profile's)")
    exporting.add_arguments(commands.add_parser("export", help="export a story's folder"))
    for name, text in (
        ("train", "train the pocket model"),
        ("evaluate", "measure the model"),
        ("bench", "measure speed"),
    ):
        commands.add_parser(name, help=text, add_help=False)
    return root


def _add_serve(serving: argparse.ArgumentParser) -> None:
    serving.add_argument("--profile", default="pocket")
    serving.add_argument("--host", default="127.0.0.1")
    serving.add_argument("--port", type=int, default=7860)
    serving.add_argument("--stories", type=Path, default=Path.home() / "AudioStories")
    serving.add_argument("--no-browser", action="store_true", help="do not open the page")


def _add_story_arguments(adding: argparse.ArgumentParser) -> None:
    adding.add_argument("instruction", nargs="?", help="what should be heard")
    adding.add_argument("--duration", type=float, default=20.0, help="seconds in all")
    adding.add_argument("--seed", type=int, default=0)
    adding.add_argument("--profile", default="pocket")
    adding.add_argument("--story", type=Path, help="write the story as JSON to this file")


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
    else:
        named = not name.startswith("-") or name in ("-h", "--help")
        arguments = parser().parse_args(argv if argv and named else ["serve", *argv])
        if arguments.command == "serve":
            serve(arguments)
        else:
            COMMANDS[arguments.command](arguments)


def load_model(profile: str) -> AudioStory:
    if profile == "tiny":
        raise StoryError("The profile tiny is for tests only; choose pocket.")
    return load_audiostory(load_profile(profile))


def write_plan(arguments: argparse.Namespace) -> None:
    """The sub-command `plan`: the story without sound, to a file or to standard output."""
    story = planned(load_model(arguments.profile), arguments)
    if arguments.story is None:
        print(story.to_json(), end="")
    else:
        story.save(arguments.story)


def planned(model: AudioStory, arguments: argparse.Namespace) -> Story:
    """Plan the instruction, showing the reasoning on the error stream as it is written."""
    if arguments.instruction is None:
        raise StoryError("There is no instruction; say in quotes what should be heard.")
    if not 0 <= arguments.seed <= MAX_SEED:
        raise StoryError(f"A seed is a whole number from 0 to {MAX_SEED}; choose another.")
    shown = 0
    for progress in plan(model, arguments.instruction, arguments.duration, arguments.seed):
        print(progress.reasoning[shown:], end="", file=sys.stderr, flush=True)
        shown = max(shown, len(progress.reasoning))
    print(file=sys.stderr)
    assert progress.story is not None
    return progress.story


def render(arguments: argparse.Namespace) -> None:
    """Plan (or read) a story, render every event, mix, and write the files."""
    if arguments.out.suffix.lower() != ".wav":
        raise StoryError("--out should end in .wav; `app.py export` writes the other formats.")
    given = Story.load(arguments.source) if arguments.source else None
    model = load_model(given.profile if given else arguments.profile)
    story = given or planned(model, arguments)
    final = model.profile.final
    settings = RenderSettings(arguments.steps or final.steps, arguments.guidance or final.guidance)
    story, sources = perform(model, story, settings)
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
    sources: dict[str, Source] = {}

    def show(progress: RenderProgress) -> None:
        print(
            f"\revent {progress.event}/{progress.events}, step {progress.step}/{progress.steps} ",
            end="",
            file=sys.stderr,
            flush=True,
        )

    ids = [event.id for event in story.events]
    for rendered in render_events(model, story, ids, settings, on_progress=show):
        event = story.event(rendered.event_id)
        others = tuple(take for take in event.takes if take.key != rendered.take.key)
        event = dataclasses.replace(event, takes=(*others, rendered.take), chosen=rendered.take.key)
        story = story.replace_event(event)
        sources[event.id] = ArraySource(rendered.samples)
    print(file=sys.stderr)
    return story, sources


COMMANDS: dict[str, Callable[[argparse.Namespace], object]] = {
    "plan": write_plan,
    "render": render,
    "export": exporting.run,
}
