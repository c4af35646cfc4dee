"""The judge by AudioSet's classes, on a small network made here in the real file's layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from core.errors import WeightsError
from core.evaluation.audioset_tags import (
    HEARD_SAMPLES,
    TAG_RATE,
    AudioSetTagger,
    MonoSamples,
    heard_as,
)

LOW, HIGH = 100, 200
"""Whole periods in half a window: a tone is in phase with every window."""
RATE = 44_100


def hertz(periods: int) -> float:
    return periods * TAG_RATE / (HEARD_SAMPLES // 2)


def tone(periods: int, seconds: float, gain: float = 0.1) -> MonoSamples:
    """A cosine at `RATE`."""
    time = np.arange(round(seconds * RATE)) / RATE
    return (gain * np.cos(2 * np.pi * hertz(periods) * time)).astype(np.float32)


def tagger_file(path: Path, classes: int = 521) -> Path:
    """A network of two layers that hears `LOW` as the class 70 and `HIGH` as the class 337."""
    time = np.arange(HEARD_SAMPLES) / TAG_RATE
    hears = [2 * np.cos(2 * np.pi * hertz(n) * time) / HEARD_SAMPLES for n in (LOW, HIGH)]
    says = np.zeros((classes, 2))
    says[70, 0] = says[337, 1] = 1.0
    model = schema.ModelT()
    model.version = 3
    model.operatorCodes = [schema.OperatorCodeT()]
    for code in model.operatorCodes:
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.FULLY_CONNECTED
    model.buffers = [_buffer(None), _buffer(np.stack(hears)), _buffer(says)]
    graph = schema.SubGraphT()
    graph.tensors = [
        _tensor([HEARD_SAMPLES], 0),
        _tensor([2, HEARD_SAMPLES], 1),
        _tensor([1, 2], 0),
        _tensor([classes, 2], 2),
        _tensor([1, classes], 0),
    ]
    graph.inputs, graph.outputs = [0], [4]
    graph.operators = [_layer([0, 1, -1], 2), _layer([2, 3, -1], 4)]
    model.subgraphs = [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


def _buffer(values: Any) -> Any:
    buffer = schema.BufferT()
    if values is not None:
        buffer.data = list(np.ascontiguousarray(values, np.float32).tobytes())
    return buffer


def _tensor(shape: list[int], buffer: int) -> Any:
    tensor = schema.TensorT()
    tensor.shape, tensor.buffer, tensor.type = shape, buffer, schema.TensorType.FLOAT32
    tensor.name = f"tensor {shape}"
    return tensor


def _layer(inputs: list[int], output: int) -> Any:
    operator = schema.OperatorT()
    operator.inputs, operator.outputs = inputs, [output]
    operator.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
    operator.builtinOptions = schema.FullyConnectedOptionsT()
    return operator


@pytest.fixture(scope="module")
def tagger(tmp_path_factory: pytest.TempPathFactory) -> AudioSetTagger:
    return AudioSetTagger(tagger_file(tmp_path_factory.mktemp("tagger") / "yamnet.tflite"))


@pytest.mark.parametrize(("periods", "name"), [(LOW, "Bark"), (HIGH, "Engine")])
def test_a_sound_is_heard_as_the_class_that_scores_highest(
    tagger: AudioSetTagger, periods: int, name: str
) -> None:
    assert tagger.classes(tone(periods, 2.5), RATE)[0] == name


def test_loudness_does_not_count_and_scores_are_the_mean_over_the_sound(
    tagger: AudioSetTagger,
) -> None:
    quiet = tagger.scores(tone(LOW, 2.0, gain=0.001), RATE)
    assert quiet[70] == pytest.approx(tagger.scores(tone(LOW, 2.0, gain=0.9), RATE)[70], abs=1e-3)
    assert quiet[70] == pytest.approx(1.0, abs=0.02)
    half = np.concatenate([tone(LOW, 1.95), tone(HIGH, 1.95)])
    both = tagger.scores(half, RATE)
    assert both[70] == pytest.approx(0.5, abs=0.05)
    assert both[337] == pytest.approx(0.5, abs=0.05)


def test_what_is_shorter_than_a_window_is_heard_with_silence_after_it(
    tagger: AudioSetTagger,
) -> None:
    assert tagger.scores(tone(LOW, 0.975 / 4), RATE)[70] == pytest.approx(0.25, abs=0.02)


def test_a_class_is_heard_in_one_of_its_kind_and_not_the_other_way_round() -> None:
    assert heard_as("Dog", ["Music", "Yip"])
    assert not heard_as("Yip", ["Dog", "Animal"])


def test_it_judges_what_its_classes_have_a_name_for(tagger: AudioSetTagger) -> None:
    assert tagger.judges("Dog")
    assert tagger.judges("Animal")
    assert not tagger.judges("Battle cry")


def test_another_network_and_another_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is no YAMNet of 15600 samples and 521 classes"):
        AudioSetTagger(tagger_file(tmp_path / "other.tflite", classes=400))
    (tmp_path / "text.tflite").write_text("hello")
    with pytest.raises(WeightsError, match="is no network of TensorFlow Lite"):
        AudioSetTagger(tmp_path / "text.tflite")
