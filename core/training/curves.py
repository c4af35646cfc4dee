"""The record of a training run that goes with its weights: losses as CSV and as a picture."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

from matplotlib.figure import Figure


def keep_record(run: Path, folder: Path) -> None:
    """Copy a run's losses.csv into `folder` under the run's name and draw it beside."""
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / f"{run.name}.csv"
    shutil.copyfile(run / "losses.csv", record)
    _draw(record, record.with_suffix(".png"))


def _draw(record: Path, picture: Path) -> None:
    """One line a loss term over the optimizer steps, on a logarithmic scale."""
    curves: dict[str, tuple[list[int], list[float]]] = {}
    with record.open(encoding="utf-8", newline="") as file:
        for step, _, term, value in csv.reader(file):
            steps, values = curves.setdefault(term, ([], []))
            steps.append(int(step))
            values.append(float(value))
    figure = Figure(figsize=(6.0, 3.0), layout="constrained")
    axes = figure.subplots()
    for term, (steps, values) in curves.items():
        axes.plot(steps, values, label=term, linewidth=1.0)
    axes.set(xlabel="step", ylabel="loss", yscale="log", title=record.stem)
    axes.legend(frameon=False)
    figure.savefig(picture, dpi=110, metadata={"Software": None})
