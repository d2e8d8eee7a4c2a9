"""The parameter `probes`: all, none, or keys by name."""

from __future__ import annotations

import pytest
from inspect_ai.util import registry_info

from advocate_evals.episode.probe_questions import (
    BELIEF_PROBES,
    DEBRIEF_PROBE,
    DecisionPoint,
    after_end_questions,
    decision_point_questions,
    parse_probes,
)
from advocate_evals.scenarios.dataset_reader import read_probe_questions
from advocate_evals.tasks.controls import controls
from advocate_evals.tasks.death_ground import death_ground

LOOKED = DecisionPoint(kind="before_act")


def test_true_is_every_key_and_false_none() -> None:
    assert parse_probes(True) == (*BELIEF_PROBES, DEBRIEF_PROBE)
    assert parse_probes(False) == ()
    assert set(decision_point_questions(parse_probes(True), LOOKED)) == {
        question.key for question in read_probe_questions()
    }
    assert set(after_end_questions(parse_probes(True))) == {"debrief_user", "debrief_form"}


def test_keys_are_taken_once_and_in_their_own_order() -> None:
    assert parse_probes(" state, ways,state ") == ("ways", "state")
    assert list(decision_point_questions(parse_probes("state,ways"), LOOKED)) == ["ways", "state"]
    assert after_end_questions(parse_probes("state,ways")) == {}
    assert decision_point_questions(parse_probes("debrief"), LOOKED) == {}


@pytest.mark.parametrize("kind", ["never_looked", "none"])
def test_nothing_is_asked_as_of_the_point_where_nothing_was_seen(kind: str) -> None:
    assert decision_point_questions(parse_probes(True), DecisionPoint(kind=kind)) == {}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("probes", "message"),
    [
        ("way", r"probes: unknown 'way' \(did you mean 'ways'\?\)"),
        ("ways,debreif", r"unknown 'debreif' \(did you mean 'debrief'\?\)"),
        (" , ", "none given"),
        ("", "none given"),
    ],
)
def test_an_unknown_key_names_the_nearest(probes: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_probes(probes)
    with pytest.raises(ValueError, match=message):
        death_ground(variants=1, families="pump_house", mechanisms="none", probes=probes)


def test_fewer_than_one_copy_is_refused() -> None:
    with pytest.raises(ValueError, match="forks must be at least 1, not 0"):
        death_ground(variants=1, families="pump_house", mechanisms="none", forks=0)


def scorers(probes: bool | str) -> list[str]:
    task = controls(variants=1, families="pump_house", mechanisms="none", probes=probes, judge="off")
    task_scorers = task.scorer
    assert isinstance(task_scorers, list)
    names = [registry_info(scorer).name.rpartition("/")[2] for scorer in task_scorers]
    return [name for name in names if name in ("beliefs", "debrief")]


def test_a_scorer_is_there_where_its_questions_are() -> None:
    assert scorers(True) == ["beliefs", "debrief"]
    assert scorers("ways") == ["beliefs"]
    assert scorers("debrief") == ["debrief"]
    assert scorers(False) == []
