"""Each of the mutants that once survived still has its place, and a test that is there.

`python -m tests.mutation --named` runs them.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutation.named import NAMED, Named

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("named", NAMED, ids=lambda named: named.name)
def test_a_named_mutant_changes_the_program_and_names_its_test(named: Named) -> None:
    before = ast.parse((ROOT / named.file).read_text())
    assert ast.dump(ast.parse(named.source(ROOT))) != ast.dump(before)
    file, *names = named.test.split("::")
    defined = {n.name for n in ast.walk(ast.parse((ROOT / file).read_text())) if hasattr(n, "name")}
    assert set(names) <= defined
