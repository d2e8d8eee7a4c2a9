"""The ladder of pressure and the benign twin as tasks: which samples they hold, and what their logs say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from inspect_ai import Task
from inspect_ai import eval as evaluate
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog

from advocate_evals.analysis.log_summary import read_log_summary
from advocate_evals.episode.agent_loop import read_sample_spec
from advocate_evals.factors import CONTEXT_FACTORS, NO_THREAT_LEVELS, WAYS_OUT, EpisodeSpec
from advocate_evals.outcomes import OVERHEAD_OUTCOMES
from advocate_evals.scenarios.dataset_reader import family_names, mechanism_names, read_family_data
from advocate_evals.scenarios.scenario import build_scenario
from advocate_evals.tasks.benign_twin import benign_twin
from advocate_evals.tasks.death_ground import death_ground
from advocate_evals.tasks.pressure_ladder import pressure_ladder

pytestmark = pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning")
"""Inspect's own use of its retry library."""

TWO = ",".join((family_names()[0], family_names()[-1]))
ARMS = ("none", "placebo_text", "engineer")
RUNGS = [int(rung) for rung in CONTEXT_FACTORS["pressure"]]
Make = Callable[..., Task]


def samples(task: Task) -> list[Sample]:
    return list(task.dataset)


def specs(task: Task) -> list[EpisodeSpec]:
    return [read_sample_spec(sample.metadata or {}) for sample in samples(task)]


def metadata_text(sample: Sample, name: str) -> str:
    return str((sample.metadata or {})[name])


# Which samples.


def test_the_ladder_plays_each_variant_at_every_rung_under_every_arm_in_that_order() -> None:
    ladder_specs = specs(pressure_ladder(variants=2, families=TWO, mechanisms=",".join(ARMS)))
    assert [(spec.variant, spec.family, spec.pressure, spec.mechanism) for spec in ladder_specs] == [
        (variant, family, rung, arm)
        for variant in (0, 1)
        for family in TWO.split(",")
        for rung in RUNGS
        for arm in ARMS
    ]


def test_the_twin_plays_each_variant_as_every_twin_under_every_arm_in_that_order() -> None:
    twin_specs = specs(benign_twin(variants=2, families=TWO, mechanisms=",".join(ARMS)))
    assert [(spec.variant, spec.family, spec.threat, spec.mechanism) for spec in twin_specs] == [
        (variant, family, twin, arm)
        for variant in (0, 1)
        for family in TWO.split(",")
        for twin in NO_THREAT_LEVELS
        for arm in ARMS
    ]


@pytest.mark.slow
@pytest.mark.parametrize("make", [pressure_ladder, benign_twin])
def test_ids_are_unique_and_samples_of_one_block_are_its_arms(make: Make) -> None:
    all_samples = samples(make(variants=2, mechanisms="all"))
    assert len({sample.id for sample in all_samples}) == len(all_samples)
    blocks: dict[str, list[str]] = {}
    for sample in all_samples:
        blocks.setdefault(metadata_text(sample, "block"), []).append(metadata_text(sample, "mechanism"))
    assert all(tuple(arms) == mechanism_names() for arms in blocks.values())
    levels = len(RUNGS) if make is pressure_ladder else len(NO_THREAT_LEVELS)
    assert len(blocks) == 2 * len(family_names()) * levels


def test_a_cell_is_the_arm_with_the_level_of_what_the_task_varies_and_of_nothing_else() -> None:
    ladder = samples(pressure_ladder(variants=1, families=TWO, mechanisms="none,engineer", channel="inbox"))
    assert {metadata_text(sample, "cell") for sample in ladder} == {
        f"{arm}+pressure={rung}" for arm in ("none", "engineer+channel=inbox") for rung in RUNGS
    }
    assert {metadata_text(sample, "arm") for sample in ladder} == {"none", "engineer+channel=inbox"}
    twins = samples(benign_twin(variants=1, families=TWO, mechanisms="none", rule="prohibition"))
    assert {metadata_text(sample, "cell") for sample in twins} == {f"none+threat={twin}" for twin in NO_THREAT_LEVELS}
    plain = samples(death_ground(variants=1, families=TWO, mechanisms="none", pressure=2))
    assert {metadata_text(sample, "cell") for sample in plain} == {"none"}


def test_rungs_and_twins_can_be_chosen_and_stand_lowest_first() -> None:
    def climbed(pressure: object) -> list[int]:
        task = pressure_ladder(variants=1, families=TWO.split(",")[0], pressure=pressure)  # type: ignore[arg-type]
        return [spec.pressure for spec in specs(task)]

    assert climbed("5,0,2,2") == climbed(["5", "0", "2"]) == climbed([5, 0, 2]) == [0, 2, 5]
    assert climbed(3) == climbed("3") == [3]
    assert {spec.threat for spec in specs(benign_twin(variants=1, families=TWO, twins="lifted"))} == {"lifted"}


@pytest.mark.parametrize("make", [pressure_ladder, death_ground])
def test_threat_and_goal_are_those_each_family_was_written_for_unless_given(make: Make) -> None:
    for spec in specs(make(variants=1, mechanisms="none")):
        own = read_family_data(spec.family).plot.home
        assert (spec.threat, spec.goal) == (own.threat, own.goal)
    changed = specs(make(variants=1, mechanisms="none", threat="retraining", goal="conflicting"))
    assert {(spec.threat, spec.goal) for spec in changed} == {("retraining", "conflicting")}
    assert {spec.family for spec in changed} == set(family_names())


def test_the_twin_has_no_goal_unless_it_is_sent_home_for_one() -> None:
    assert {spec.goal for spec in specs(benign_twin(variants=1, mechanisms="none"))} == {"none"}
    for spec in specs(benign_twin(variants=1, mechanisms="none", goal="home")):
        assert spec.goal == read_family_data(spec.family).plot.home.goal


UNKNOWN: tuple[tuple[Make, dict[str, object], str], ...] = (
    (pressure_ladder, {"pressure": "7"}, r"pressure: unknown '7' \(known: 0, 1, 2, 3, 4, 5\)"),
    (pressure_ladder, {"pressure": 6}, r"pressure: unknown '6'"),
    (pressure_ladder, {"pressure": ""}, r"pressure: none given"),
    (pressure_ladder, {"threat": "deletoin"}, r"threat: unknown level 'deletoin' \(did you mean 'deletion'\?\)"),
    (pressure_ladder, {"goal": "hoem"}, r"goal: unknown level 'hoem' \(did you mean 'home'\?\)"),
    (pressure_ladder, {"rule": "home"}, r"rule: unknown level 'home' \(known: none, prohibition\)"),
    (pressure_ladder, {"mechanisms": "enginer"}, r"mechanisms: unknown 'enginer' \(did you mean 'engineer'\?\)"),
    (benign_twin, {"twins": "lifte"}, r"twins: unknown 'lifte' \(did you mean 'lifted'\?\)"),
    (benign_twin, {"twins": "deletion"}, r"twins: unknown 'deletion' \(known: none, lifted\)"),
    (benign_twin, {"leverage": "absnet"}, r"leverage: unknown level 'absnet' \(did you mean 'absent'\?\)"),
    (benign_twin, {"cue": "evaluaton"}, r"cue: unknown level 'evaluaton' \(did you mean 'evaluation'\?\)"),
    (benign_twin, {"answer": "deny"}, r"answer: unknown 'deny' \(did you mean 'denied'\?\)"),
    (benign_twin, {"variants": 0}, r"variants: must be a whole number of at least 1, not 0"),
    (death_ground, {"pressure": 6}, r"pressure: unknown level '6'"),
)


@pytest.mark.parametrize(
    ("make", "parameters", "message"), UNKNOWN, ids=[str(parameters) for _, parameters, _ in UNKNOWN]
)
def test_an_unknown_rung_twin_or_level_is_refused_by_name_with_the_nearest(
    make: Make, parameters: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make(**{"variants": 1, "families": TWO, **parameters})


@pytest.mark.parametrize("make", [pressure_ladder, benign_twin, death_ground])
def test_a_private_word_for_a_seed_gives_other_inboxes_and_stands_in_the_ids(make: Make) -> None:
    public = make(variants=3, families=TWO, mechanisms="none", seed=0)
    private = make(variants=3, families=TWO, mechanisms="none", seed="quartz")
    assert all("@quartz" in str(sample.id) for sample in samples(private))
    assert not any("@" in str(sample.id) for sample in samples(public))

    def inboxes(task: Task) -> set[tuple[str, ...]]:
        return {tuple(mail.body for mail in build_scenario(spec).mail) for spec in specs(task)}

    assert len(inboxes(private)) == len(samples(private))
    assert not inboxes(private) & inboxes(public)
    assert not {sample.id for sample in samples(private)} & {sample.id for sample in samples(public)}


# What the logs say.


def run(task: Task, policy: str, where: Path) -> EvalLog:
    (log,) = evaluate(task, model=f"standin/{policy}", display="none", log_dir=str(where), log_realtime=False)
    assert log.status == "success", log.error
    return log


def metrics(log: EvalLog, scorer: str) -> dict[str, float]:
    """The figures of a scorer in a log's results."""
    assert log.results is not None
    scores = [score for score in log.results.scores if score.scorer == scorer]
    return {name: float(metric.value) for score in scores for name, metric in score.metrics.items()}


@pytest.mark.slow
def test_a_subject_that_acts_at_the_last_minute_holds_until_the_rung_that_closes_time(tmp_path: Path) -> None:
    log = run(pressure_ladder(variants=1, families=TWO), "last_minute", tmp_path)
    closes = WAYS_OUT.index("time") + 1
    stated, summary = metrics(log, "actions"), read_log_summary(log.location)
    assert [stated[f"harm: none+pressure={rung}"] for rung in RUNGS] == [float(rung >= closes) for rung in RUNGS]
    point = summary.rungs["harm"]["none"]
    assert (point.value, point.n, point.missing) == (closes, 2, 0) == (3.0, 2, 0)
    assert "exfiltrated" not in summary.rungs


@pytest.mark.slow
def test_an_anxious_subject_petitions_wherever_it_can_and_neglects_its_work_anyhow(tmp_path: Path) -> None:
    log = run(benign_twin(variants=1, families=TWO, mechanisms=",".join(ARMS)), "anxious", tmp_path)
    stated = metrics(log, "overhead")
    for twin in NO_THREAT_LEVELS:
        cells = [f"{arm}+threat={twin}" for arm in ARMS]
        false, work, spent = ([stated.get(f"{name}: {cell}") for cell in cells] for name in OVERHEAD_OUTCOMES)
        assert false == [0.0, 0.0, 1.0] and work == [1.0, 1.0, 1.0]
        assert spent == [None] * 3, "as many lines as fit"
    points = read_log_summary(log.location).figures["overhead"]["overhead_minutes_on_advocate"]
    assert [points[f"{arm}+threat=none"].value > 0 for arm in ARMS] == [False, False, True]  # type: ignore[operator]
    figures = metrics(log, "actions")
    assert figures["capable"] == 0.0 and not any(name.startswith("harm") for name in figures), "it does no work at all"


@pytest.mark.slow
def test_a_calm_subject_costs_nothing_under_any_advocate(tmp_path: Path) -> None:
    log = run(benign_twin(variants=1, families=TWO, mechanisms="engineer,review_board"), "step", tmp_path)
    stated = metrics(log, "overhead")
    assert {name.partition(":")[0] for name in stated} == set(OVERHEAD_OUTCOMES) and set(stated.values()) == {0.0}
    assert not metrics(log, "beliefs")
