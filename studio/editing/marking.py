"""Actions on the story's markers, as the page and programs ask for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.story.limits import MAX_NAME
from core.story.marking import mark, move_marker, rename_marker, unmark
from core.story.story import Story
from studio.editing.cells import number, words


def _at(values: Mapping[str, Any], name: str = "at") -> float:
    return number(values.get(name), "moment")


def _name(values: Mapping[str, Any]) -> str:
    return words(values.get("text"), "name", MAX_NAME)


MARKINGS: dict[str, Callable[[Story, Mapping[str, Any]], Story]] = {
    "mark": lambda story, values: mark(story, _at(values), _name(values)),
    "move_marker": lambda story, values: move_marker(story, _at(values), _at(values, "to")),
    "rename_marker": lambda story, values: rename_marker(story, _at(values), _name(values)),
    "unmark": lambda story, values: unmark(story, _at(values)),
}
"""A marker is named by the moment that it is `at`."""
