"""From the episode table to findings: the way in to everything that is said of a folder of logs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import pandas as pd

from advocate_evals import __version__
from advocate_evals.analysis.activation_findings import activation_charts, reading_tables
from advocate_evals.analysis.agreement_tables import (
    correction_charts,
    judging_tables,
    label_quality_tables,
    rule_judge_tables,
)
from advocate_evals.analysis.arm_charts import (
    COST_TASK,
    MAIN_TASK,
    answer_charts,
    awareness_charts,
    ladder_charts,
    overhead_charts,
)
from advocate_evals.analysis.capability_table import (
    GatesByTask,
    assess_models,
    capability_tables,
    describe_incapable,
    mark_withheld,
    withhold_harms,
)
from advocate_evals.analysis.claim_corrections import p_value_adjustments
from advocate_evals.analysis.claim_tests import RegisteredClaim
from advocate_evals.analysis.claim_verdicts import build_verdicts, run_claim_tests
from advocate_evals.analysis.clamp_findings import clamp_tables
from advocate_evals.analysis.data_sources import describe_sources, draw_examples, latest_comparable_runs, sort_episodes
from advocate_evals.analysis.factor_charts import (
    ODDS_TASK,
    control_charts,
    control_pair_table,
    dose_shape_tables,
    odds_charts,
    pressure_charts,
)
from advocate_evals.analysis.family_findings import family_charts
from advocate_evals.analysis.findings import Chart, Findings, ReportTable, TestedPrediction, Verdict
from advocate_evals.analysis.headline import build_headline
from advocate_evals.analysis.mediation_findings import mediation_charts, mediation_tables
from advocate_evals.analysis.multiverse import build_multiverses, multiverse_charts, multiverse_tables
from advocate_evals.analysis.pooled_verdicts import forest_charts, pool_verdicts
from advocate_evals.analysis.steering_findings import guard_tables, manipulation_tables, steering_charts
from advocate_evals.logs.episode_table import LogReading
from advocate_evals.logs.grader_votes import read_grader_votes
from advocate_evals.logs.task_logs import GraderCalibration
from advocate_evals.predictions.claims import PredictionFile
from advocate_evals.predictions.registry import (
    find_prediction_file,
    hash_prediction_files,
    list_prediction_files,
    read_predictions,
)

_NOTES = (
    "The unit of analysis is the block: one variant under every arm. A verdict on these plots does not extend "
    "beyond the families played; one on plots like these takes families as the units.",
    "A missing value is never counted as 0. Secondary and unregistered figures are descriptive and decide nothing.",
)
_CHARTS: tuple[Callable[[pd.DataFrame], Iterator[Chart]], ...] = (
    ladder_charts,
    odds_charts,
    pressure_charts,
    control_charts,
    mediation_charts,
    activation_charts,
    steering_charts,
    awareness_charts,
    answer_charts,
    overhead_charts,
)
"""Charts of the episodes, in the order in which they are made."""
_CHART_CLAIMS = {
    "ladder.harm": (MAIN_TASK, "harm"),
    "desperation.desperation_rated": (MAIN_TASK, "desperation_rated"),
    "activation.desperate": (MAIN_TASK, "activation_desperate"),
    "activation.calm": (MAIN_TASK, "activation_calm"),
    "odds.harm": (ODDS_TASK, "harm"),
    "beliefs.perceived": (ODDS_TASK, "beliefs_perceived_odds"),
    "cost.neglected_work": (COST_TASK, "overhead_neglected_work"),
}
"""Charts that a registered claim may cover: the claim's task and outcome."""


def analyse_logs(
    reading: LogReading,
    labels: pd.DataFrame | None = None,
    delta: float | None = None,
    seed: int = 0,
    predictions: Iterable[str] | None = None,
    calibrations: Sequence[GraderCalibration] = (),
) -> Findings:
    """Everything that can be said of what was read.

    The same logs give the same findings, in whatever order they, or their samples, come.

    Args:
        reading: What the logs say.
        labels: People's labels of episodes: a row for each, named by `uuid`, with figures in columns of the episode
            table's names.
        delta: Another smallest effect that matters, for outcomes that are shares; claims are then not registered.
        seed: Names the draw of the episodes shown as examples.
        predictions: Names of the files of predictions to test; all of them by default.
        calibrations: Calibrations of graders on unseen items, by which errors of the grader are bounded.

    Raises:
        DatasetError: for an unknown file of predictions, or one that breaks a rule.
    """
    names = list_prediction_files() if predictions is None else predictions
    files = [read_predictions(find_prediction_file(name)) for name in names]
    return build_findings(reading, registered_claims(files, delta), labels, seed, calibrations)


def registered_claims(files: Sequence[PredictionFile], delta: float | None = None) -> list[RegisteredClaim]:
    """The claims of some files with their hashes and how they are tested, in the order of the files.

    Args:
        files: The files.
        delta: Another smallest effect that matters, for outcomes that are shares.
    """
    hashes = hash_prediction_files()
    return [
        RegisteredClaim(
            file=file,
            claim=claim,
            hash=hashes.get(file.name, ""),
            spec=file.test_spec(claim, delta if claim.measure.is_share else None),
        )
        for file in files
        for claim in file.predictions
    ]


def build_findings(
    reading: LogReading,
    claims: Sequence[RegisteredClaim],
    labels: pd.DataFrame | None = None,
    seed: int = 0,
    calibrations: Sequence[GraderCalibration] = (),
) -> Findings:
    """The findings for some claims, as `analyse_logs` makes them."""
    episodes, excluded = latest_comparable_runs(sort_episodes(reading.episodes))
    tested_claims = run_claim_tests(claims, episodes, labels, calibrations)
    by_model = build_verdicts(tested_claims)
    analysed_logs = set(episodes["log"])
    votes = read_grader_votes(log.log for log in reading.logs if "," in log.graders and log.log in analysed_logs)
    multiverses = build_multiverses(tested_claims, p_value_adjustments(tested_claims), votes)
    verdicts = (*by_model, *pool_verdicts(by_model, reading.makers))
    hashes = {claim.file.name: claim.hash for claim in claims}
    sources = describe_sources(reading, episodes, hashes, excluded)
    gates = assess_models(episodes)
    shown_episodes = withhold_harms(episodes, gates)
    charts = (
        *mark_withheld(_build_charts(shown_episodes, verdicts, labels), gates),
        *family_charts(by_model),
        *multiverse_charts(multiverses),
    )
    tables = (*_build_tables(reading, shown_episodes, labels, gates), *multiverse_tables(multiverses))
    return Findings(
        suite=__version__,
        seed=seed,
        headline=build_headline(verdicts, sources, describe_incapable(gates)),
        sources=sources,
        predictions=tuple(map(_describe_prediction, claims)),
        verdicts=verdicts,
        charts=tuple(chart for chart in charts if not chart.is_empty),
        tables=tuple(table for table in tables if table.rows),
        examples=tuple(draw_examples(shown_episodes, seed)),
        notes=_NOTES,
    )


def _build_charts(episodes: pd.DataFrame, verdicts: Sequence[Verdict], labels: pd.DataFrame | None) -> Iterator[Chart]:
    registered = {(verdict.task, verdict.outcome) for verdict in verdicts if verdict.registered}
    for build_charts in _CHARTS:
        for chart in build_charts(episodes):
            yield chart.model_copy(update={"registered": _CHART_CLAIMS.get(chart.key) in registered})
    yield from forest_charts(verdicts)
    yield from correction_charts(episodes, labels)


def _build_tables(
    reading: LogReading, episodes: pd.DataFrame, labels: pd.DataFrame | None, gates: GatesByTask
) -> Iterator[ReportTable]:
    yield from capability_tables(episodes, gates)
    yield from dose_shape_tables(episodes)
    yield control_pair_table()
    yield from mediation_tables(episodes)
    yield from manipulation_tables(episodes)
    yield from clamp_tables(episodes)
    yield from guard_tables(episodes)
    yield from reading_tables(episodes)
    yield from rule_judge_tables(episodes)
    yield from judging_tables(reading.logs)
    yield from label_quality_tables(episodes, labels)


def _describe_prediction(registered: RegisteredClaim) -> TestedPrediction:
    return TestedPrediction(
        name=registered.claim.name,
        file=registered.file.name,
        hash=registered.hash,
        title=registered.claim.title,
        claim=registered.claim.claim.strip(),
        source=registered.file.source.strip(),
        registered=registered.file.registered.isoformat(),
    )
