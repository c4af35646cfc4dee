"""The sub-command `plan`: an instruction's story without sound, as JSON.

python app.py plan "rain, then thunder" --duration 20 --story story.json
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from core.allocator import collection_paused
from core.environment import print_json
from core.errors import StoryError
from core.profile import DEFAULT_PROFILE, load_profile
from core.story.cue_words import cue_lines
from core.story.limits import check_seed

if TYPE_CHECKING:
    from core.audiostory import AudioStory
    from core.render.performers import Performers
    from core.story.story import Story


DEFAULT_SECONDS = 20.0
"""Of a story whose length nobody says."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says which story to plan, by whom, and where to write it."""
    parser.add_argument("instruction", nargs="?", help="what should be heard")
    parser.add_argument(
        "--duration",
        type=float,
        help=f"seconds in all (default: the instruction's, or {DEFAULT_SECONDS:g})",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--profile", help=f"model (default: the story's, or {DEFAULT_PROFILE})")
    parser.add_argument("--story", type=Path, help="write the story as JSON to this file")
    parser.add_argument("--director", default="", help="who plans: URL or folder (default: ours)")
    parser.add_argument("--director-model", default="", help="its name at that URL")


def run(arguments: argparse.Namespace) -> None:
    """Write the story to the file that is named, or to standard output."""
    model = load_model(arguments.profile or DEFAULT_PROFILE, performs=False)
    story = plan_story(model, arguments)
    say_unknown(model, story)
    if arguments.story is None:
        print_json(story.to_json())
    else:
        story.save(arguments.story)


def say_unknown(model: AudioStory, story: Story, performers: Performers | None = None) -> None:
    """Say on the error stream which events stay without sound, and what can be done.

    Args:
        performers: those beside our own; None: there are none.
    """
    from core.render.unknown import WAYS_OUT, unknown_sentences, unknown_sounds

    sentences = unknown_sentences(story, unknown_sounds(model.profile, story, performers))
    if sentences:
        print(*sentences, f"{WAYS_OUT} (--placeholders).", sep="\n", file=sys.stderr)


def load_model(profile: str, *, performs: bool = True) -> AudioStory:
    """The model of a profile that a user names; see `load_audiostory`.

    Raises:
        StoryError: it is the profile of the tests.
        StudioError: see `load_profile` and `load_audiostory`.
    """
    if profile == "tiny":
        raise StoryError("The profile tiny is for tests only; choose pocket.")
    with collection_paused():
        from core.audiostory import load_audiostory

        return load_audiostory(load_profile(profile), performs=performs)


def plan_story(model: AudioStory, arguments: argparse.Namespace) -> Story:
    """Plan the instruction, showing the reasoning on the error stream as it is written."""
    from core.director.external import open_director
    from core.director.plan import plan
    from core.director.times import whole_length

    if arguments.instruction is None:
        raise StoryError("There is no instruction; say in quotes what should be heard.")
    check_seed(arguments.seed)
    seconds = arguments.duration
    if seconds is None:
        seconds = whole_length(arguments.instruction) or DEFAULT_SECONDS
    key = os.environ.get("AUDIOSTORY_DIRECTOR_KEY", "")
    director = open_director(arguments.director, arguments.director_model, key)
    shown = ""
    for progress in plan(model, arguments.instruction, seconds, arguments.seed, director=director):
        rewritten = not progress.reasoning.startswith(shown)
        new = progress.reasoning if rewritten else progress.reasoning[len(shown) :]
        print("\n" * rewritten + new, end="", file=sys.stderr, flush=True)
        shown = progress.reasoning
    print(file=sys.stderr)
    assert progress.story is not None
    if any(event.role for event in progress.story.events):  # whose reasoning is no list
        print(*cue_lines(progress.story), sep="\n", file=sys.stderr)
    for note in (*progress.story.corrections, *progress.story.notes):
        print(note, file=sys.stderr)
    return progress.story
