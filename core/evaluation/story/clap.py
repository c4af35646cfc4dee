"""The CLAP score: how near a story's sounds lie to their captions, by a CLAP model in a folder.

No such model is shipped: its folder is one that transformers reads (`ClapModel`), as published by
LAION (laion/clap-htsat-unfused). The paper's CLAP score, of each wanted sound instead of the whole,
since a model that hears ten seconds cannot hear a story.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import soxr
import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import ClapModel, ClapProcessor

from core.errors import WeightsError
from core.evaluation.story.brief import StoryBrief
from core.evaluation.story.following import excerpt, hearing_windows
from core.listener.aisfx import AISFX_RATE


class ClapScore:
    """Cosines of captions and sounds.

    Args:
        folder: of a CLAP model with its processor.

    Raises:
        WeightsError: there is none in it.
    """

    def __init__(self, folder: Path):
        try:
            self._model = ClapModel.from_pretrained(folder, local_files_only=True).eval()
            self._processor = ClapProcessor.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError) as error:
            raise WeightsError(
                f"{folder} holds no CLAP model with its processor; name such a folder with --clap."
            ) from error
        extractor = self._processor.feature_extractor
        self._rate = int(extractor.sampling_rate)
        self._longest = int(extractor.max_length_s)

    @torch.inference_mode()
    def __call__(self, brief: StoryBrief, sound: Tensor) -> float:
        """Mean cosine over the wanted sounds of a story (N,): of a timed one in its time, of any
        other one the largest anywhere."""
        anywhere = hearing_windows(len(sound) / AISFX_RATE)
        windows = [[(w.start, w.end)] if w.timed else anywhere for w in brief.wanted]
        needed = list(dict.fromkeys(window for each in windows for window in each))
        heard = self._heard([excerpt(sound, *window) for window in needed])
        read = self._read([wanted.caption for wanted in brief.wanted])
        cosines = read @ heard.T
        column = {window: place for place, window in enumerate(needed)}
        best = [
            row[[column[window] for window in each]].max()
            for row, each in zip(cosines, windows, strict=True)
        ]
        return float(torch.stack(best).mean())

    def _heard(self, sounds: Sequence[Tensor]) -> Tensor:
        """Unit vectors of mono sounds at 44.1 kHz, cut where the model hears no more at once."""
        most = self._longest * self._rate
        # Each by itself: the extractor fills a batch up to its longest.
        vectors = []
        for sound in sounds:
            samples = soxr.resample(sound.numpy(), AISFX_RATE, self._rate)[:most]
            inputs = self._processor(audio=samples, sampling_rate=self._rate, return_tensors="pt")
            vectors.append(self._model.get_audio_features(**inputs).pooler_output[0])
        return F.normalize(torch.stack(vectors), dim=1)

    def _read(self, captions: Sequence[str]) -> Tensor:
        inputs = self._processor(
            text=list(captions), padding=True, truncation=True, return_tensors="pt"
        )
        return F.normalize(self._model.get_text_features(**inputs).pooler_output, dim=1)
