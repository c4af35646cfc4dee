"""The configurations beside weights: small JSON files, read as data and within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import WeightsError
from core.schema import parse_json

MOST_CONFIG_BYTES = 1_000_000
"""Of one configuration; those of the models named here have a hundredth of it."""


def read_config(path: Path) -> dict[str, Any]:
    """A configuration's values.

    Raises:
        WeightsError: it is missing, too large, or no table in JSON.
    """
    try:
        if path.stat().st_size > MOST_CONFIG_BYTES:
            raise WeightsError(f"{path} is too large to be a configuration; fetch it again.")
        values = parse_json(path.read_text(encoding="utf-8"))
    except OSError:
        raise WeightsError(f"{path} is missing; fetch it again.") from None
    except ValueError:
        raise WeightsError(f"{path} is damaged; fetch it again.") from None
    if not isinstance(values, dict):
        raise WeightsError(f"{path} is no configuration; fetch it again.")
    return values


def number(values: Mapping[str, Any], name: str, usual: float) -> float:
    """A positive number of a configuration, or what is usual where it says none.

    Raises:
        WeightsError: it is none.
    """
    value = values.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
        raise WeightsError(f"A configuration has {value!r} for {name}; fetch it again.")
    return float(value)
