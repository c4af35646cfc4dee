"""Prints requirements.txt as pyproject.toml has it: `make requirements`."""

from __future__ import annotations

import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def requirements(project: Path = PROJECT) -> str:
    """What the studio needs, then what its tests need."""
    table = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    lines = [
        "# Written from pyproject.toml by `make requirements`: change it there.",
        *table["dependencies"],
        "",
        "# Development: make test.",
        *table["optional-dependencies"]["dev"],
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(requirements(), end="")
