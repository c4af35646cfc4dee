"""What the page or a program hands to a handler, checked before the handler sees it.

Handlers say in their annotations what they take; anything else is refused here in a sentence, for
all of them. Gradio's own components read what comes in before that and fail in many ways.
"""

from __future__ import annotations

import inspect
import logging
import typing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import gradio as gr

from core.errors import StoryError, StudioError
from core.schema import read_value

_SENT: tuple[tuple[type[Any], Any], ...] = (
    (gr.Textbox, str | None),
    (gr.Number, float | None),
    (gr.Slider, float),
    (gr.Dropdown, str | None),
    (gr.Radio, str | None),
    (gr.Checkbox, bool | None),
    (gr.CheckboxGroup, list[str] | None),
)
"""What each kind of component is sent; those of files and tables check it themselves."""
_LONGEST = 100_000
"""Characters of one text, and values of one list, that a handler is given."""


class CheckedBlocks(gr.Blocks):
    """A page that refuses in a sentence what its components cannot read."""

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *others: Any) -> Any:
        """The inputs as the components read them.

        Raises:
            gr.Error: they are too few, or one of them is nothing that its component can hold.
        """
        where = "What was sent"
        with errors_shown("A component", _refused):
            plain = read_value(list[Any], inputs, where, StoryError)
            check_size(plain, where)
            if len(plain) < len(block_fn.inputs):
                raise StoryError(f"{where} lacks an argument; send {len(block_fn.inputs)} of them.")
            for block, value in zip(block_fn.inputs, plain, strict=False):
                check_component(block, value)
            return await super().preprocess_data(block_fn, plain, *others)

    async def call_function(self, *given: Any, **named: Any) -> Any:
        """Call a handler, with what Gradio itself makes of an event; raises gr.Error."""
        with errors_shown("A component", _refused):
            return await super().call_function(*given, **named)


@contextmanager
def errors_shown(name: str, sentence: Callable[[Exception], str]) -> Iterator[None]:
    """Raise as gr.Error what is raised inside: our own errors as they are, others by a sentence.

    Args:
        name: of what is called, for the log of the others.
    """
    try:
        yield
    except gr.Error:
        raise
    except StudioError as error:
        raise gr.Error(str(error), print_exception=False) from None
    except Exception as error:
        logging.exception("%s failed", name)
        raise gr.Error(sentence(error), print_exception=False) from None


def _refused(_: Exception) -> str:
    """Handlers turn their own errors into messages: others come of what was sent to them."""
    return (
        "What was sent is not of the kind that is wanted there; load the page again, or read "
        "at /?view=api what the endpoint takes."
    )


def check_component(block: Any, value: Any) -> None:
    """Refuse what a component would turn into something else without a word: 5 into the title "5".

    Raises:
        StoryError: in a sentence with the component's label.
    """
    for kind, hint in _SENT:
        if isinstance(block, kind):
            read_value(hint, value, f"“{block.label or 'Value'}”", StoryError)


def check_size(data: object, where: str) -> None:
    """Refuse plain data with texts or lists of a size that nothing here has; raises StoryError."""
    inner: Sequence[object] = ()
    if isinstance(data, dict):
        inner = tuple(data.values())
    elif isinstance(data, list):
        inner = data
    if len(inner) > _LONGEST or (isinstance(data, str) and len(data) > _LONGEST):
        raise StoryError(f"{where} is far too long; send less than {_LONGEST} of it.")
    for each in inner:
        check_size(each, where)


def argument_reader(handler: Callable[..., Any]) -> Callable[[Sequence[Any]], list[Any]]:
    """What reads the arguments of a handler as its annotations say.

    It raises StoryError where one of them is of another type; the sentence names it.
    """
    hints = _hints(handler)

    def read(given: Sequence[Any]) -> list[Any]:
        arguments = list(given)
        for place, (name, hint) in enumerate(hints[: len(given)]):
            if not _is_gradios(hint):
                title = f"The {name.replace('_', ' ').strip()}"
                arguments[place] = read_value(hint, given[place], title, StoryError)
        return arguments

    return read


def event_value(event: gr.EventData, name: str, hint: Any) -> Any:
    """A value that came with an event; raises StoryError where it is of another type."""
    data = event._data if isinstance(event._data, dict) else {}
    read = read_value(hint, data.get(name), f"The event's {name}", StoryError)
    check_size(read, f"The event's {name}")
    return read


def _hints(handler: Callable[..., Any]) -> list[tuple[str, Any]]:
    """Names and types of the positional parameters."""
    hints = typing.get_type_hints(handler)
    return [
        (name, hints.get(name, Any))
        for name, parameter in inspect.signature(handler).parameters.items()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]


def _is_gradios(hint: Any) -> bool:
    """Whether an argument is handed in by Gradio itself."""
    return inspect.isclass(hint) and issubclass(hint, gr.Request | gr.EventData | gr.Progress)
