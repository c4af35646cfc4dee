"""A digest of code follows what the code does, not how it is written down."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from core.code_digest import code_digest

SOURCE = '''"""What it is."""
LIMIT = 3
"""Of them."""


def shorter(text: str) -> bool:
    """Whether it is."""
    return len(text) < LIMIT
'''


def module(folder: Path, source: str) -> ModuleType:
    path = folder / f"m{len(list(folder.iterdir()))}.py"
    path.write_text(source, encoding="utf-8")
    made = ModuleType(path.stem)
    made.__file__ = str(path)
    return made


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("What it is.", "What else it is."),
        ("Of them.", "At most."),
        ("Whether it is.", "Whether."),
        ("LIMIT = 3\n", "LIMIT = 3  # a comment\n"),
        ("    return len(text) < LIMIT", "    return (\n        len(text) < LIMIT\n    )"),
    ],
)
def test_words_and_layout_do_not_count(old: str, new: str, tmp_path: Path) -> None:
    changed = SOURCE.replace(old, new)
    assert changed != SOURCE
    assert code_digest([module(tmp_path, SOURCE)]) == code_digest([module(tmp_path, changed)])


@pytest.mark.parametrize(
    ("old", "new"), [("LIMIT = 3", "LIMIT = 4"), ("<", "<="), ("return ", "return not ")]
)
def test_what_is_computed_counts(old: str, new: str, tmp_path: Path) -> None:
    changed = SOURCE.replace(old, new)
    assert code_digest([module(tmp_path, SOURCE)]) != code_digest([module(tmp_path, changed)])


def test_the_order_of_modules_counts(tmp_path: Path) -> None:
    one, other = module(tmp_path, SOURCE), module(tmp_path, "LIMIT = 4")
    assert code_digest([one, other]) != code_digest([other, one])
