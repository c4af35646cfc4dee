"""What is in this clip? The director listens to a sound and answers in words.

python app.py describe FILE [--question "..."]
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from core.audiostory import AudioStory
from core.errors import PlanError, WeightsError, raise_if_cancelled
from core.language.architectures import DynamicCache
from core.language.stream import one_line
from core.listener.whisper import SECONDS
from core.story.recording import Recording, Tell, read_recording, tell_nobody

QUESTION = "What is heard in this sound?"
PLACE_OF_SOUND = "<file_sep>"
"""A token of the language model's own that no text contains; sound embeddings take its place."""
MAX_ANSWER = 40
MAX_QUESTION = 400


def question_text(question: str, tokens: int) -> str:
    """The chat turn that asks about a sound, with room for its embeddings."""
    return (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        f"<|im_start|>user\n{PLACE_OF_SOUND * tokens}\n{one_line(question)}<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def question_embeddings(
    model: AudioStory, question: str, sound: Tensor, answer: Sequence[int] = ()
) -> Tensor:
    """Embeddings (1, L, hidden) of a question about a sound, and of the answer where it is given.

    Args:
        sound: what `Listener.hear` gives, (tokens, hidden).
    """
    prompt = model.encode(question_text(question, len(sound)))
    (placeholder,) = model.encode(PLACE_OF_SOUND)
    return model.embedded(torch.tensor([*prompt, *answer]), placeholder, [sound])


@torch.inference_mode()
def embed_sound(model: AudioStory, waveform: Tensor, rate: int) -> Tensor:
    """Embeddings (tokens, hidden) of a sound (channels, N) at `rate` Hz.

    Raises:
        WeightsError: this model has not learned to hear.
    """
    if model.listener is None:
        raise WeightsError("This model cannot hear yet; train it with `app.py train stage2`.")
    model.ready("director")
    return model.listener.hear(waveform, rate)


@torch.inference_mode()
def answer(
    model: AudioStory,
    sound: Tensor,
    question: str = QUESTION,
    longest: int = MAX_ANSWER,
    cancel: threading.Event | None = None,
) -> str:
    """What the director says of a sound, decoded greedily, in `longest` tokens at most.

    Args:
        sound: what `embed_sound` gives, (tokens, hidden).
    """
    cache = DynamicCache()
    inputs = {"inputs_embeds": question_embeddings(model, question, sound)}
    ends = model.ids.turn_end
    candidates = torch.tensor(sorted(model.ids.free | {ends}))
    written: list[int] = []
    while len(written) < longest:
        raise_if_cancelled(cancel, "Describing")
        states = model.backbone(**inputs, cache=cache, use_cache=True).last_hidden_state
        logits = model.head(states[0, -1])
        token = int(candidates[logits[candidates].argmax()])
        if token == ends:
            break
        written.append(token)
        inputs = {"input_ids": torch.tensor([[token]], device=model.device)}
    return one_line(model.tokenizer.decode(written))


def describe(
    model: AudioStory, path: Path, question: str = QUESTION, tell: Tell = tell_nobody
) -> str:
    """What the director says of a sound file.

    Args:
        tell: called with each sentence on what of the file is not heard, before the answer.

    Raises:
        PlanError: the question is too long.
        AudioFileError: the file cannot be read, is silent, too short or too long.
        WeightsError: this model has not learned to hear.
    """
    if len(question) > MAX_QUESTION:
        raise PlanError(f"The question is longer than {MAX_QUESTION} characters; shorten it.")
    return describe_recording(model, beginning(read_recording(path)), question, tell)


def beginning(recording: Recording) -> Recording:
    """What the director hears of a recording, its first SECONDS, with a notice of that."""
    if recording.seconds <= SECONDS:
        return recording
    notice = f"Only the first {SECONDS:g} s of the recording's {recording.seconds:.1f} s are heard."
    return dataclasses.replace(
        recording,
        samples=recording.samples[:, : round(SECONDS * recording.rate)].copy(),
        notices=(*recording.notices, notice),
    )


def describe_recording(
    model: AudioStory,
    recording: Recording,
    question: str = QUESTION,
    tell: Tell = tell_nobody,
    cancel: threading.Event | None = None,
) -> str:
    """What the director says of the beginning of a recording; see `describe`.

    Raises:
        Cancelled: `cancel` was set, which is looked at before every word.
    """
    for notice in recording.notices:
        tell(notice)
    sound = embed_sound(model, torch.from_numpy(recording.samples), recording.rate)
    return answer(model, sound, question, cancel=cancel)
