"""Random sequences of edits, a slice of `python -m tests.soak sequences`."""

from __future__ import annotations

from pathlib import Path
from random import Random

from studio.editing.actions import ACTIONS, SEVERAL
from studio.editing.strips import LANE_ACTIONS
from studio.sound.peaks import PeakCache
from tests.soak.sequences import VALUES, Sequenced, Step, Tally, trial, write_takes

SEQUENCES = 8
MOST_ROUNDS = 10
"""In which all actions are tried that were refused in those before."""
NEEDS_A_RENDER = {"source", "placeholder", "performer", "performers", "seed", "mood"}
"""What changes which sound is asked for, and nothing that is heard."""
OF_TAKES = {"restore", "drop", "drop_others"}


def test_hands_do_everything_that_changes_what_is_heard() -> None:
    assert {*ACTIONS, *SEVERAL, *LANE_ACTIONS, "master"} - NEEDS_A_RENDER - OF_TAKES <= {*VALUES}


def test_any_steps_leave_one_story_everywhere_and_are_undone_to_the_first_byte(
    tmp_path: Path,
) -> None:
    tally = trial(1, tmp_path, SEQUENCES)
    assert tally.sequences >= SEQUENCES
    assert tally.nulled > 60, "seconds of takes that were found again in the mix"


def test_each_kind_of_step_leaves_one_story_everywhere(tmp_path: Path) -> None:
    tally, dice = Tally(), Random(1)
    takes = write_takes(tmp_path / "takes")
    hands = Sequenced(tmp_path / "stories", takes, PeakCache(), tally)
    hands.step(Step("join", 0, 0.5, 0.5, True, False))  # while no gaps are between the events
    for _ in range(MOST_ROUNDS):
        left = sorted({*VALUES} - {*tally.done})
        for name in dice.sample(left, len(left)):
            along, up, many = dice.random(), dice.random(), dice.random() < 0.3
            hands.step(Step(name, dice.randrange(31), along, up, dice.random() < 0.5, many))
    assert {*VALUES} == {*tally.done}
    hands.undone_and_made_again()
