"""Mutants that once survived the suite, by name, and the test that fails for each now.

    python -m tests.mutation --named

tests/test_named_mutants.py checks with every run of the suite that each still has its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.mutation import forks


@dataclass(frozen=True)
class Named:
    """A change that must not go unnoticed: `old`, once in the file, becomes `new`."""

    name: str
    file: str
    old: str
    new: str
    test: str

    def source(self, root: Path) -> str:
        """The changed file.

        Raises:
            ValueError: `old` is not in the file, or more than once.
        """
        text = (root / self.file).read_text()
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: {self.old!r} stands {text.count(self.old)} times")
        return text.replace(self.old, self.new)


NAMED = (
    Named(
        "the decoder takes the worst allowed token",
        "core/language/decoding.py",
        "scores.argmax()",
        "scores.argmin()",
        "tests/test_decoding.py::test_the_likeliest_allowed_token_is_chosen",
    ),
    Named(
        "the fuser without its residual term",
        "core/bridge/bridge.py",
        "semantic + attended",
        "semantic + 0 * attended",
        "tests/test_bridge.py::test_the_condition_is_what_the_paper_says",
    ),
    Named(
        "noise temperature ignored",
        "core/performer/flow_performer.py",
        "self.config.temperature * noise",
        "noise",
        "tests/test_performer.py::test_a_render_begins_from_noise_of_the_profiles_temperature",
    ),
    Named(
        "solver order ignored",
        "core/performer/flow_performer.py",
        "else self.config.order",
        "else 1",
        "tests/test_performer.py::test_a_render_integrates_by_the_profiles_order_and_shift",
    ),
    Named(
        "natural lengths ignored",
        "core/director/constraints.py",
        "timed.timing(phrases), spans(phrases))",
        "timed.timing(phrases))",
        "tests/test_constraints.py::test_the_grammar_alone_only_scales_lengths",
    ),
    Named(
        "owed clauses unwired",
        "core/director/constraints.py",
        "        owed=lambda phrases, ended: owed_clause(timed, phrases, ended, sounds),\n",
        "",
        "tests/test_constraints.py::test_the_list_is_held_to_what_is_owed",
    ),
    Named(
        "unheard phrases unwired",
        "core/director/constraints.py",
        " or unheard(timed, lexicon, phrases)",
        "",
        "tests/test_constraints.py::test_the_list_is_held_to_sounds_that_are_asked_for_or_known",
    ),
    Named(
        "the code that reads captions left out of the weights' hash",
        "core/audiostory.py",
        "code.append(code_digest(READING_CODE))",
        "pass",
        "tests/test_lexicon.py::"
        "test_the_code_that_reads_and_samples_counts_in_the_hash_of_the_weights",
    ),
    Named(
        "the tail rule of due takes",
        "core/render/takes.py",
        "tail=take.tail if held else max(now.tail, take.tail)",
        "tail=take.tail if held else now.tail",
        "tests/test_takes.py::TestDue::test_a_take_with_a_longer_tail_than_is_needed_is_not_due",
    ),
    Named(
        "condition never dropped for guidance",
        "core/training/pretrain.py",
        "generator=generator) < DROP_CONDITION",
        "generator=generator) < 0.0",
        "tests/test_training.py::test_the_condition_is_dropped_in_a_tenth_of_the_items_as_a_whole",
    ),
    Named(
        "L_mse without the bridge's scale in stage III",
        "core/training/objective.py",
        "self.model.bridge.config.scale * target",
        "target",
        "tests/test_training.py::test_semantic_tokens_are_aligned_on_the_bridges_own_level",
    ),
    Named(
        "the paraphrase learned as text",
        "core/training/objective.py",
        "forced |= self._paraphrases(stream.ids)[1:]",
        "pass",
        "tests/test_training.py::test_the_director_learns_its_own_words_and_not_what_it_looks_up",
    ),
    Named(
        "another director's nonsense goes unsaid",
        "core/director/plan.py",
        "replace(story, corrections=score.notes)",
        "story",
        "tests/test_external_directors.py"
        "::test_a_score_of_another_director_overlaps_shapes_and_repeats",
    ),
    Named(
        "what is heard once is said to be struck again",
        "core/render/repetitions.py",
        "(event.count or 1) > 1",
        "(event.count or 1) >= 1",
        "tests/test_external_directors.py::test_what_a_score_leaves_out_of_the_brief_is_said",
    ),
    Named(
        "a new line of a score begins after the locked one that follows it",
        "core/language/score_grammar.py",
        "min([self._total - GRID_SECONDS, *later])",
        "self._total - GRID_SECONDS",
        "tests/test_replan_score.py::test_locked_lines_survive_any_replanning_in_their_place",
    ),
    Named(
        "captions to avoid are written again",
        "core/language/score_grammar.py",
        "if tokens[:-1] == so_far",
        "if not tokens",
        "tests/test_score_grammar.py::test_a_caption_that_is_to_be_avoided_is_not_written_as_a_whole",
    ),
    Named(
        "a score goes on before the moment from which it is planned",
        "core/language/score_grammar.py",
        "max(line.start, self._bounds.earliest)",
        "line.start",
        "tests/test_score_grammar.py::test_no_line_begins_before_the_moment_from_which_a_score_is_planned",
    ),
    Named(
        "a kept line keeps the source of one that is gone",
        "core/director/replan_score.py",
        "zip(kept, with_sources_kept(kept.values()), strict=True)",
        "zip(kept, kept.values(), strict=True)",
        "tests/test_replan_score.py::test_of_a_source_that_is_planned_anew_the_first_kept_sound_is_the_source",
    ),
    Named(
        "a German brief is planned for one phrase that is like a sound",
        "core/director/comprehension.py",
        "count < ENOUGH_WORDS and like(LIKE)",
        "like(LIKE)",
        "tests/test_comprehension.py"
        "::test_a_long_brief_is_refused_though_a_part_of_it_is_like_a_sound",
    ),
    Named(
        "order is judged by the list where the brief tells it",
        "core/evaluation/score_briefs.py",
        "return briefs if said else",
        "return briefs if not said else",
        "tests/test_score_evaluation.py::test_briefs_are_read",
    ),
    Named(
        "the level of a bed is taken after a silence has cut into it",
        "core/evaluation/score_sound.py",
        "if not any(s.start < second + 1 and second < s.end + GONE for s in silences)",
        "if True",
        "tests/test_score_sound.py::test_shapes_beds_and_silences_of_a_score_are_heard",
    ),
)


def check(root: Path) -> int:
    """Run each mutant against its test, printed line by line; 1 where one survives."""
    sound = _run(root, [named.test for named in NAMED], None)
    for test in sound["failed"]:
        print(f"fails without a mutant: {test}")
    survivors = 0
    for named in NAMED:
        substitute = forks.Substitute(root, named.file, named.source(root))
        outcome = _run(root, [named.test], substitute)
        killed = bool(outcome["failed"])
        survivors += not killed
        print(f"{'killed  ' if killed else 'SURVIVED'} {named.name} ({named.test})", flush=True)
    return int(bool(survivors or sound["failed"] or sound["code"]))


def _run(root: Path, tests: Sequence[str], substitute: forks.Substitute | None) -> dict[str, Any]:
    def run() -> dict[str, Any]:
        if substitute:
            substitute.install()
        watcher = forks.Watcher()
        code = forks.run_pytest(root, tests, watcher, first=False)
        return {"code": code, "failed": watcher.failed}

    return forks.in_fork(run, 300.0).answer or {"code": 3, "failed": ["the time ran out"]}
