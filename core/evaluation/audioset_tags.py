"""Which classes of AudioSet a sound is heard as, by a network that was trained on it.

YAMNet (Plakal and Ellis, 2020; Apache 2.0 licence): MobileNet v1 over 0.96 s of a log mel
spectrogram, 521 classes. No registry carries its file, and it is not shipped: any TensorFlow Lite
form of it that reads 15 600 samples at 16 kHz will do. The names of its classes are in
yamnet_classes.json, in the order of the network.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

from core.errors import WeightsError
from core.taxonomy.families import family

TAG_RATE = 16_000
HEARD_SAMPLES = 15_600
"""MonoSamples that the network hears at once, 0.975 s."""
_HOP = HEARD_SAMPLES // 2
HEARD_AS = 5
"""A sound is heard as a class where it is among so many first ones."""
_NAMES = Path(__file__).with_name("yamnet_classes.json")

MonoSamples = npt.NDArray[np.float32]


class AudioSetTagger:
    """Tells the classes of mono sounds.

    Raises:
        WeightsError: the file is no such network, or the interpreter is not installed.
    """

    def __init__(self, path: Path):
        self.names = tuple(json.loads(_NAMES.read_text(encoding="utf-8")))
        self._network = _interpreter(path)
        self._input = self._network.get_input_details()[0]
        self._output = self._network.get_output_details()[0]
        shapes = tuple(self._input["shape"]), tuple(self._output["shape"])
        if shapes != ((HEARD_SAMPLES,), (1, len(self.names))):
            raise WeightsError(
                f"{path.name} is no YAMNet of {HEARD_SAMPLES} samples and "
                f"{len(self.names)} classes; take another file of it."
            )

    def scores(self, sound: MonoSamples, rate: int) -> npt.NDArray[np.float64]:
        """How likely each class is (521), the mean over a sound (N,) at `rate` Hz.

        The peak is set to full scale first; what is shorter than a window is filled with silence.
        """
        heard = soxr.resample(sound / max(float(np.abs(sound).max()), 1e-9), rate, TAG_RATE)
        heard = np.pad(heard, (0, max(0, HEARD_SAMPLES - len(heard)))).astype(np.float32)
        starts = range(0, len(heard) - HEARD_SAMPLES + 1, _HOP)
        windows = [self._window(heard[at : at + HEARD_SAMPLES]) for at in starts]
        return np.asarray(np.mean(windows, axis=0), np.float64)

    def classes(self, sound: MonoSamples, rate: int, count: int = HEARD_AS) -> list[str]:
        """The likeliest classes, best first."""
        return [self.names[i] for i in np.argsort(-self.scores(sound, rate))[:count]]

    def judges(self, label: str) -> bool:
        """Whether the network has a name for a class of the ontology, or for one of its kind."""
        return any(label in family(name) for name in self.names)

    def _window(self, samples: MonoSamples) -> npt.NDArray[np.float32]:
        self._network.set_tensor(self._input["index"], samples)
        self._network.invoke()
        return np.asarray(self._network.get_tensor(self._output["index"])[0])


def heard_as(label: str, classes: list[str]) -> bool:
    """Whether one of the classes is the label, or of its kind: a yip is a dog."""
    return any(label in family(name) for name in classes)


def _interpreter(path: Path) -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        raise WeightsError(
            "Judging by YAMNet needs ai-edge-litert: run `pip install '.[judge]'`."
        ) from None
    try:
        network = Interpreter(str(path), num_threads=1)
        network.allocate_tensors()
    except (ValueError, RuntimeError, OSError):
        raise WeightsError(f"{path.name} is no network of TensorFlow Lite; take another.") from None
    return network
