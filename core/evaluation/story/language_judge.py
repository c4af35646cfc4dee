"""A language model as judge of whole stories (paper, section 4.2), behind any endpoint.

Off unless its address is given. A model that hears gets the sound; one that reads gets the events
that the system played, with their times, so that it judges the plan and not the sound.
"""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import soundfile
import soxr
from torch import Tensor

from core.errors import StoryJudgeError
from core.evaluation.story.brief import StoryBrief
from core.listener.aisfx import AISFX_RATE
from core.network import Bounds, Connection, read_address, read_json, shown_address

_SENT_RATE = 24_000
"""Hz of the sound that is sent: a story of 150 s is 10 MB then."""
_HIGHEST = 5.0
"""The best mark, as in the paper."""
_BOUNDS = Bounds(size=1_000_000, connect=10.0, silent=300.0, longest=300.0)
"""A judge answers in one short piece; one that thinks may be silent for long before."""
MARKED_ASPECTS = {
    "instruction": "Are the wanted sounds there, in their order and at their times, and no other?",
    "reasoning": "Are there the sounds that the scene needs and does not name, where they belong?",
    "consistency": "Is what returns the same source, and the scene one place throughout?",
    "coherence": "Does each sound lead over to the next, in level, colour and mood?",
}
"""What is marked, as the judge is asked."""
_QUESTION = (
    "You judge the audio of a story. Mark each of these from 0 (not at all) to 5 (wholly):\n"
    + "\n".join(f"- {name}: {question}" for name, question in MARKED_ASPECTS.items())
    + "\nAnswer with one JSON object alone, like "
    + json.dumps(dict.fromkeys(MARKED_ASPECTS, 3))
    + "."
)


@dataclass(frozen=True)
class LanguageJudge:
    """A model behind an OpenAI-compatible endpoint.

    Attributes:
        url: up to the version, like http://127.0.0.1:8080/v1.
        model: its name at the server.
        hears: it takes sound.
        key: bearer token; empty: none.
    """

    url: str
    model: str
    hears: bool = False
    key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Raises StoryJudgeError: the address cannot be one."""
        read_address(self.url, StoryJudgeError)

    def marks(
        self, brief: StoryBrief, sound: Tensor, events: tuple[str, ...] | None
    ) -> dict[str, float]:
        """Marks from 0 to 5 by the names of `MARKED_ASPECTS`; none where it has nothing to judge.

        Args:
            sound: mono (N,) at 44.1 kHz.
            events: the system's events, a line each; None: it does not say.

        Raises:
            StoryJudgeError: the server gave no marks.
        """
        if not self.hears and events is None:
            return {}
        asked = f"The instruction ({brief.seconds:g} s): {brief.text}"
        if not self.hears:
            asked += "\nThe events that are played:\n" + "\n".join(events or ())
        content: Any = f"{_QUESTION}\n\n{asked}"
        if self.hears:
            audio = {"data": _encoded(sound), "format": "wav"}
            content = [
                {"type": "text", "text": content},
                {"type": "input_audio", "input_audio": audio},
            ]
        return self._read(self._answer(content))

    def _answer(self, content: Any) -> str:
        address = read_address(self.url, StoryJudgeError)
        name = f"The judge at {shown_address(address)}"
        place = address.path.rstrip("/") + "/chat/completions"
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": content}],
            "temperature": 0.0,
        }
        with (
            Connection(name, StoryJudgeError, _BOUNDS, headers=self._authorization) as connection,
            connection.request("POST", address.copy_with(path=place), body) as reply,
        ):
            data = reply.body(_BOUNDS.size)
            if reply.status != httpx.codes.OK:
                raise StoryJudgeError(
                    f"{name} refused ({reply.status}); check its address, model and key "
                    "(AUDIOSTORY_JUDGE_KEY), and whether it takes sound."
                )
        try:
            return str(read_json(data)["choices"][0]["message"]["content"])
        except (ValueError, LookupError, TypeError) as error:
            raise StoryJudgeError(
                f"{name} sent no chat completion; such addresses mostly end in /v1."
            ) from error

    def _read(self, answer: str) -> dict[str, float]:
        """The last JSON object of an answer, whatever was thought before it."""
        for found in reversed(re.findall(r"\{[^{}]*\}", answer)):
            try:
                read = json.loads(found)
            except ValueError:
                continue
            if all(_is_mark(read, name) for name in MARKED_ASPECTS):
                return {name: float(read[name]) for name in MARKED_ASPECTS}
        raise StoryJudgeError(f"{self.model} gave no marks; choose another judge.")

    @property
    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}


def _is_mark(read: Mapping[str, Any], name: str) -> bool:
    mark = read.get(name)
    return isinstance(mark, int | float) and 0 <= mark <= _HIGHEST


def _encoded(sound: Tensor) -> str:
    samples = soxr.resample(sound.numpy(), AISFX_RATE, _SENT_RATE)
    file = io.BytesIO()
    soundfile.write(file, samples, _SENT_RATE, format="WAV", subtype="PCM_16")
    return base64.b64encode(file.getvalue()).decode()
