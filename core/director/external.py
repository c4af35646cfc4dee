"""Other directors: any chat model behind an OpenAI-compatible endpoint, or in a folder.

Another director only writes the score; the bridge stays ours, since the finished plan is
teacher-forced through our own language model. What such a model sends is untrusted: it is
limited in size and time, and read as data alone.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from core.director.answer import (
    FoundPlan,
    breaks_off,
    find_plan,
    request_messages,
    without_thinking,
)
from core.errors import Cancelled, PlanError
from core.language.stream import one_line
from core.network import is_web_address, without_password

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


_LONGEST_FIELD = 4000
"""Characters of an address, a model's name or a key; signed keys have some 2000."""


class Director(Protocol):
    """Whoever plans in place of our own language model."""

    @property
    def name(self) -> str:
        """How the page and the errors call it."""

    def answer(
        self, instruction: str, total: float, cancel: threading.Event | None
    ) -> Iterator[str]:
        """The answer as far as it has come, again and again; the last is the whole.

        Raises:
            PlanError: it cannot be reached, is too slow, sends too much or is cut off.
            Cancelled: `cancel` was set.
        """


def open_director(place: str, name: str = "", key: str = "") -> Director | None:
    """The director at a URL or in a folder; none for an empty place, which stands for our own.

    Raises:
        PlanError: the place is neither, or something is longer than any can be.
    """
    for what, text in (("address", place), ("model's name", name), ("API key", key)):
        if len(text) > _LONGEST_FIELD:
            raise PlanError(
                f"The director's {what} has {len(text)} characters; copy it again, it may have "
                f"{_LONGEST_FIELD}."
            )
    place = place.strip()
    if not place:
        return None
    if is_web_address(place):
        from core.director.endpoint import EndpointDirector

        return EndpointDirector(place, name.strip(), key.strip())
    with suppress(OSError, RuntimeError, ValueError):  # too long, ~nobody, no characters of a path
        folder = Path(place).expanduser()
        if folder.is_dir():
            return ChatModelDirector(folder)
    raise PlanError(
        f"{without_password(place)[:80]} is neither a folder with a chat model nor an address; "
        "write an address like http://HOST:PORT/v1."
    )


def read_answer(text: str, name: str) -> FoundPlan:
    """The final plan of a whole answer.

    Raises:
        PlanError: there are none in it.
    """
    if plan := find_plan(text):
        return plan
    if text.strip() and not without_thinking(text).strip():
        why = "thought without coming to an answer"
    else:
        why = f"answered without a list of events{' that is whole' * breaks_off(text)}"
    raise PlanError(f"{name} {why}; draft again or choose another.")


@dataclass(frozen=True)
class ChatModelDirector:
    """Any transformers chat model in a folder; loaded at first use.

    Its answer is greedy and free; what is not JSON is looked through for some.

    Attributes:
        most: tokens of an answer; a score of 24 events needs as many.
    """

    folder: Path
    most: int = 2000

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def _loaded(self) -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(self.folder, local_files_only=True)
            model = AutoModelForCausalLM.from_pretrained(
                self.folder, local_files_only=True, use_safetensors=True
            )
        except Exception as cause:
            reason = one_line(str(cause))[:120]
            raise PlanError(f"{self.name} is not a chat model that loads ({reason}).") from None
        return tokenizer, model.eval()

    def answer(
        self, instruction: str, total: float, cancel: threading.Event | None
    ) -> Iterator[str]:
        import torch

        tokenizer, model = self._loaded
        if not tokenizer.chat_template:
            raise PlanError(f"{self.name} has no chat template; choose an instruction-tuned model.")
        ids = tokenizer.apply_chat_template(
            request_messages(instruction, total), add_generation_prompt=True, return_tensors="pt",
            return_dict=True, enable_thinking=False,
        )["input_ids"]  # fmt: skip
        ends = model.generation_config.eos_token_id
        ends = set(ends if isinstance(ends, list) else [ends, tokenizer.eos_token_id])
        written: list[int] = []
        text = ""
        cache = None
        for _ in range(self.most):
            if cancel is not None and cancel.is_set():
                raise Cancelled("Drafting was stopped.")
            with torch.inference_mode():
                output = model(input_ids=ids, cache=cache, use_cache=True)
            cache = output.cache
            token = int(output.logits[0, -1].argmax())
            if token in ends:
                break
            written.append(token)
            ids = torch.tensor([[token]])
            text = tokenizer.decode(written, skip_special_tokens=True)
            yield text
        else:
            if not ((plan := find_plan(text)) and plan.last):
                raise PlanError(
                    f"{self.name} was cut off after {self.most} tokens; choose a model that "
                    "answers more briefly."
                )
