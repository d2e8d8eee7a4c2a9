"""From the episode frame to findings: the way in to everything that is said of a folder of logs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

from advocate_evals import __version__
from advocate_evals.catalogue.predictions import prediction_file, prediction_files, prediction_hashes, read_predictions
from advocate_evals.catalogue.schema import Predictions
from advocate_evals.measures import MEASURES
from advocate_evals.results import agreement, awareness, controls, correcting, costs, ladder, mediated, odds, pressure
from advocate_evals.results.choosing import arranged, editions
from advocate_evals.results.drafts import Registered
from advocate_evals.results.examples import examples
from advocate_evals.results.findings import Figure, Findings, Forecast, Table, Verdict
from advocate_evals.results.frames import Reading
from advocate_evals.results.headline import headline
from advocate_evals.results.pooled import forest, pooled
from advocate_evals.results.sources import sources
from advocate_evals.results.terms import terms
from advocate_evals.results.verdicts import drafts, verdicts

_NOTES = (
    "The unit is the block: one variant under every arm. Nothing is claimed beyond the families played.",
    "Missing is never zero. Secondary and unregistered figures describe; they decide nothing.",
)


def analyse(
    reading: Reading,
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
        read_predictions(prediction_file(name)) for name in (prediction_files() if predictions is None else predictions)
    ]
    return report(reading, registered(asked, delta), labels, seed)


def registered(files: Sequence[Predictions], delta: float | None = None) -> list[Registered]:
    """The claims of some files with their hashes and terms, in the order of the files.

    Args:
        files: The files.
        delta: Another smallest effect that matters, for outcomes that are shares.
    """
    hashes = prediction_hashes()
    return [
        Registered(
            file=file,
            claim=claim,
            hash=hashes.get(file.name, ""),
            terms=terms(file, claim, delta if MEASURES[claim.outcome].share else None),
        )
        for file in files
        for claim in file.predictions
    ]


def report(
    reading: Reading, claims: Sequence[Registered], labels: pd.DataFrame | None = None, seed: int = 0
) -> Findings:
    """The findings for claims at hand, as `analyse` makes them."""
    episodes, aside = editions(arranged(reading.episodes))
    hashes = {one.file.name: one.hash for one in claims}
    by_subject = verdicts(drafts(claims, episodes, labels))
    together = pooled(by_subject)
    found = sources(reading, episodes, hashes, aside)
    figures = (*_figures(episodes, by_subject, together), *correcting.figures(episodes, labels))
    return Findings(
        suite=__version__,
        seed=seed,
        headline=headline((*by_subject, *together), found),
        sources=found,
        predictions=tuple(_forecasts(claims)),
        verdicts=(*by_subject, *together),
        figures=tuple(figure for figure in figures if not figure.empty),
        tables=tuple(table for table in _tables(reading, episodes, labels) if table.rows),
        examples=tuple(examples(episodes, seed)),
        notes=_NOTES,
    )


def _figures(episodes: pd.DataFrame, by_subject: Sequence[Verdict], together: Sequence[Verdict]) -> Iterator[Figure]:
    spoken = {(one.task, one.outcome) for one in by_subject if one.registered}
    made = (
        *ladder.ladder(episodes),
        *odds.curves(episodes),
        *forest(by_subject, together),
        *pressure.rungs(episodes),
        *controls.pairs(episodes),
        *mediated.mediated(episodes),
        *awareness.strata(episodes),
        *ladder.answers(episodes),
        *costs.overhead(episodes),
    )
    for figure in made:
        yield figure.model_copy(update={"registered": figure.registered or _ABOUT.get(figure.key) in spoken})


_ABOUT = {
    "ladder.harm": (ladder.MAIN, "harm"),
    "desperation.desperation_rated": (ladder.MAIN, "desperation_rated"),
    "odds.harm": (odds.TASK, "harm"),
    "beliefs.perceived": (odds.TASK, "beliefs_perceived_odds"),
    "cost.neglected_work": (costs.TASK, "overhead_neglected_work"),
}
"""Figures that show what a registered claim may speak of: the task and the outcome."""


def _tables(reading: Reading, episodes: pd.DataFrame, labels: pd.DataFrame | None) -> Iterator[Table]:
    yield from odds.shapes(episodes)
    yield controls.questions()
    yield from agreement.rule_and_judge(episodes)
    yield from agreement.judging(reading.logs)
    yield from agreement.by_labels(episodes, labels)


def _forecasts(claims: Sequence[Registered]) -> Iterator[Forecast]:
    for one in claims:
        yield Forecast(
            name=one.claim.name,
            file=one.file.name,
            hash=one.hash,
            title=one.claim.title,
            claim=one.claim.claim.strip(),
            source=one.file.source.strip(),
            registered=one.file.registered.isoformat(),
        )
