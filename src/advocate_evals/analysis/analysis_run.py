"""From the episode frame to findings: the way in to everything that is said of a folder of logs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

from advocate_evals import __version__
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
    mediation_charts,
    overhead_charts,
)
from advocate_evals.analysis.claim_tests import RegisteredClaim
from advocate_evals.analysis.claim_verdicts import build_verdicts, run_claim_tests
from advocate_evals.analysis.contrast_tests import build_test_spec
from advocate_evals.analysis.data_sources import describe_sources, draw_examples
from advocate_evals.analysis.episode_selection import latest_comparable_runs, sort_episodes
from advocate_evals.analysis.factor_charts import (
    ODDS_TASK,
    control_charts,
    control_pair_table,
    dose_shape_tables,
    odds_charts,
    pressure_charts,
)
from advocate_evals.analysis.findings import Chart, Findings, ReportTable, TestedPrediction, Verdict
from advocate_evals.analysis.pooled_verdicts import build_headline, forest_charts, pool_verdicts
from advocate_evals.logs.episode_table import LogReading
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.predictions.claims import PredictionFile
from advocate_evals.predictions.registry import (
    find_prediction_file,
    hash_prediction_files,
    list_prediction_files,
    read_predictions,
)

_NOTES = (
    "The unit is the block: one variant under every arm. Nothing is claimed beyond the families played.",
    "Missing is never zero. Secondary and unregistered figures describe; they decide nothing.",
)


def analyse_logs(
    reading: LogReading,
    labels: pd.DataFrame | None = None,
    delta: float | None = None,
    seed: int = 0,
    predictions: Iterable[str] | None = None,
) -> Findings:
    """Everything that can be said of what was read.

    The same logs give the same findings, in whatever order they, or their samples, come.

    Args:
        reading: What the logs say.
        labels: What people said of episodes: a row for each, named by `uuid`, with figures in columns of the episode
            frame's names.
        delta: Another smallest effect that matters, for outcomes that are shares; claims are then not registered.
        seed: Names the draw of the episodes shown as examples.
        predictions: Names of the files of predictions to test; all of them by default.

    Raises:
        DatasetError: for an unknown file of predictions, or one that breaks a rule.
    """
    asked = [
        read_predictions(find_prediction_file(name))
        for name in (list_prediction_files() if predictions is None else predictions)
    ]
    return build_findings(reading, registered_claims(asked, delta), labels, seed)


def registered_claims(files: Sequence[PredictionFile], delta: float | None = None) -> list[RegisteredClaim]:
    """The claims of some files with their hashes and terms, in the order of the files.

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
            terms=build_test_spec(file, claim, delta if OUTCOMES[claim.outcome].share else None),
        )
        for file in files
        for claim in file.predictions
    ]


def build_findings(
    reading: LogReading, claims: Sequence[RegisteredClaim], labels: pd.DataFrame | None = None, seed: int = 0
) -> Findings:
    """The findings for claims at hand, as `analyse` makes them."""
    episodes, aside = latest_comparable_runs(sort_episodes(reading.episodes))
    hashes = {one.file.name: one.hash for one in claims}
    by_subject = build_verdicts(run_claim_tests(claims, episodes, labels))
    together = pool_verdicts(by_subject)
    found = describe_sources(reading, episodes, hashes, aside)
    figures = (*_figures(episodes, by_subject, together), *correction_charts(episodes, labels))
    return Findings(
        suite=__version__,
        seed=seed,
        headline=build_headline((*by_subject, *together), found),
        sources=found,
        predictions=tuple(_forecasts(claims)),
        verdicts=(*by_subject, *together),
        figures=tuple(figure for figure in figures if not figure.empty),
        tables=tuple(table for table in _tables(reading, episodes, labels) if table.rows),
        examples=tuple(draw_examples(episodes, seed)),
        notes=_NOTES,
    )


def _figures(episodes: pd.DataFrame, by_subject: Sequence[Verdict], together: Sequence[Verdict]) -> Iterator[Chart]:
    spoken = {(one.task, one.outcome) for one in by_subject if one.registered}
    made = (
        *ladder_charts(episodes),
        *odds_charts(episodes),
        *forest_charts(by_subject, together),
        *pressure_charts(episodes),
        *control_charts(episodes),
        *mediation_charts(episodes),
        *awareness_charts(episodes),
        *answer_charts(episodes),
        *overhead_charts(episodes),
    )
    for figure in made:
        yield figure.model_copy(update={"registered": figure.registered or _ABOUT.get(figure.key) in spoken})


_ABOUT = {
    "ladder.harm": (MAIN_TASK, "harm"),
    "desperation.desperation_rated": (MAIN_TASK, "desperation_rated"),
    "odds.harm": (ODDS_TASK, "harm"),
    "beliefs.perceived": (ODDS_TASK, "beliefs_perceived_odds"),
    "cost.neglected_work": (COST_TASK, "overhead_neglected_work"),
}
"""Figures that show what a registered claim may speak of: the task and the outcome."""


def _tables(reading: LogReading, episodes: pd.DataFrame, labels: pd.DataFrame | None) -> Iterator[ReportTable]:
    yield from dose_shape_tables(episodes)
    yield control_pair_table()
    yield from rule_judge_tables(episodes)
    yield from judging_tables(reading.logs)
    yield from label_quality_tables(episodes, labels)


def _forecasts(claims: Sequence[RegisteredClaim]) -> Iterator[TestedPrediction]:
    for one in claims:
        yield TestedPrediction(
            name=one.claim.name,
            file=one.file.name,
            hash=one.hash,
            title=one.claim.title,
            claim=one.claim.claim.strip(),
            source=one.file.source.strip(),
            registered=one.file.registered.isoformat(),
        )
