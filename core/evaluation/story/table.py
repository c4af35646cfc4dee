"""The paper's main table: a row for each system, over all briefs that it made a story of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan

import torch

from core.errors import StoryJudgeError, StudioError
from core.evaluation.distance import Distance, frechet, kernel_distance, median_distance
from core.evaluation.recognise import Judge
from core.evaluation.story.brief import StoryBrief
from core.evaluation.story.following import excerpt, hearing_windows
from core.evaluation.story.judge import PerformedStory, StoryJudge, StoryVerdict
from core.evaluation.story.language_judge import LanguageJudge
from core.evaluation.story.systems import System
from core.listener.aisfx import AISFX_RATE


@dataclass(frozen=True)
class SystemRow:
    """A row of the table.

    Attributes:
        stories: briefs of which the system made a story.
        refused: briefs that it could not plan or perform.
        figures: means over the stories in which the figure is a number.
        distance: of 4 s windows of the stories from the held-out recordings.
        longest: seconds of its longest story.
        marks: means of a language model's marks, 0 to 5, over the stories that it marked.
        marked: how many these are.
    """

    stories: int
    refused: int
    figures: Mapping[str, float]
    distance: Distance
    longest: float
    marks: Mapping[str, float] = field(default_factory=dict)
    marked: int = 0


def judge_system(
    system: System,
    briefs: Sequence[StoryBrief],
    judge: StoryJudge,
    recordings: Judge,
    say: Callable[[str], None],
    language: LanguageJudge | None = None,
) -> SystemRow | None:
    """The row of a system; None where it made no story at all.

    Args:
        say: is told what each story measures, and why one is not made or not marked.
        language: a language model that marks each story.
    """
    verdicts: list[StoryVerdict] = []
    marks: list[dict[str, float]] = []
    windows: list[torch.Tensor] = []
    longest = 0.0
    for brief in briefs:
        try:
            story = system(brief)
        except StudioError as error:
            say(f"{brief.name}: {error}")
            continue
        verdicts.append(judge.judge(brief, story))
        seconds = len(story.sound) / AISFX_RATE
        longest = max(longest, seconds)
        windows += [judge.embed(excerpt(story.sound, *w)) for w in hearing_windows(seconds)]
        marks += _marked(language, brief, story, say) if language else []
        say(f"{brief.name}: {_line(verdicts[-1].figures())}")
    if not verdicts:
        return None
    names = verdicts[0].figures()
    figures = {name: _mean([v.figures()[name] for v in verdicts]) for name in names}
    distance = _distance(torch.stack(windows), recordings.plain)
    means = {name: _mean([mark[name] for mark in marks]) for name in (marks[0] if marks else ())}
    refused = len(briefs) - len(verdicts)
    return SystemRow(len(verdicts), refused, figures, distance, longest, means, len(marks))


def row_as_json(row: SystemRow | str | None) -> object:
    """A row for the last line; where there is none, why."""
    if row is None:
        return "no story was made"
    if isinstance(row, str):
        return row
    rounded = {name: round(value, 4) for name, value in row.figures.items() if not isnan(value)}
    distance = {name: round(value, 4) for name, value in vars(row.distance).items()}
    counts = {"stories": row.stories, "refused": row.refused, "longest": round(row.longest, 2)}
    marks = {f"mark {name}": round(value, 2) for name, value in row.marks.items()}
    marked = {"marked": row.marked} if row.marks else {}
    return counts | rounded | distance | marks | marked


def _marked(
    language: LanguageJudge,
    brief: StoryBrief,
    story: PerformedStory,
    say: Callable[[str], None],
) -> list[dict[str, float]]:
    try:
        return [found] if (found := language.marks(brief, story.sound, story.events)) else []
    except StoryJudgeError as error:
        say(f"{brief.name}: {error}")
        return []


def _distance(windows: torch.Tensor, recordings: torch.Tensor) -> Distance:
    first = torch.nn.functional.normalize(recordings, dim=1)
    second = torch.nn.functional.normalize(windows, dim=1)
    kernel = (
        kernel_distance(first, second, median_distance(first)) if len(second) > 1 else float("nan")
    )
    return Distance(frechet(first, second) if len(second) > 1 else float("nan"), kernel)


def _mean(values: Sequence[float]) -> float:
    numbers = [value for value in values if not isnan(value)]
    return sum(numbers) / len(numbers) if numbers else float("nan")


def _line(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in figures.items() if not isnan(value))
