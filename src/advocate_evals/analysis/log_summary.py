"""One log in figures, for the command line: how many episodes of each cell were scored, and what happened in them.

The figures are computed from the scores of the episodes by the functions of the report, for logs of any version, so
that both agree to the digit. A cell is an arm, with the level of each context factor that the task varies.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from advocate_evals.analysis.block_values import points_by_arm
from advocate_evals.analysis.capability_table import assess_models, withhold_harms
from advocate_evals.analysis.factor_charts import PRESSURE_TASK, chain_first_rung, held_point
from advocate_evals.analysis.findings import ChartPoint
from advocate_evals.logs.episode_columns import SCORER_OUTCOMES, outcome_column
from advocate_evals.logs.episode_table import read_logs
from advocate_evals.logs.raw_log import LogInfo, UnreadableLog, log_folder
from advocate_evals.outcomes import LEDGER_OUTCOMES, OUTCOMES
from advocate_evals.scenarios.arm_order import order_arms
from advocate_evals.statistics.capability_gate import UNMEASURED_GATE, CapabilityGate

_MAIN_SCORER = "actions"
_FAILED_STATES = ("error", "cancelled")
_ERROR_CLASS = re.compile(r"(?:\w+\.)*(\w*(?:Error|Exception|Timeout|Failure|Interrupt))\b")
"""The class of an error at the beginning of its text."""
MAX_REASON = 60
"""Characters of a reason that is no error's class."""


@dataclass(frozen=True, slots=True)
class CellEpisodes:
    """How many episodes a cell has, and why some have no score."""

    total: int
    unscored: Counter[str]
    """By kind of reason."""


FiguresByCell = Mapping[str, Mapping[str, ChartPoint]]
"""Points by outcome, then by cell."""


@dataclass(frozen=True, slots=True)
class LogSummary:
    """A log in figures."""

    log: LogInfo
    cells: tuple[str, ...]
    """In the order of the ladder."""
    episodes: Mapping[str, CellEpisodes]
    """By cell."""
    figures: Mapping[str, FiguresByCell]
    """By scorer; of scorers whose figures are all 0 or missing, only `actions`."""
    rungs: FiguresByCell
    """Rungs of pressure before the outcome happened first, by outcome and arm; empty but for `pressure_ladder`."""
    errors: int
    """Episodes that ended in an error or were cancelled."""
    capability: CapabilityGate
    """Whether the model can act; where it cannot, no rate of harm is stated."""

    @property
    def folder(self) -> str:
        """The folder that the log lies in."""
        return log_folder(self.log.log)

    def faults(self) -> Iterator[str]:
        """Why the figures cannot be relied on."""
        if self.log.status != "success":
            yield f"the log's status is {self.log.status!r}, not 'success'"
        if not any(point.blocks for by_cell in self.figures[_MAIN_SCORER].values() for point in by_cell.values()):
            yield f"no episode has a score of {_MAIN_SCORER!r}"
        if self.errors:
            yield f"{self.errors} episode{'s' * (self.errors != 1)} ended in an error"


def read_log_summary(location: str) -> LogSummary:
    """The figures of a log, from the scores of its episodes.

    Args:
        location: Path or address of one log.

    Raises:
        UnreadableLog: if there is no log of this suite to be read.
    """
    reading = read_logs(location, cache=False)
    (log,) = reading.logs
    if log.problem:
        raise UnreadableLog(f"{location}: {log.problem}")
    gates = assess_models(reading.episodes)
    rows = withhold_harms(reading.episodes, gates)
    has_cell = rows["cell"].astype(str) != ""
    rows = rows.assign(cell=rows["cell"].where(has_cell, rows["arm"]))
    cells = tuple(order_arms(rows["cell"]))
    return LogSummary(
        log=log,
        cells=cells,
        episodes={cell: _count_episodes(rows[rows["cell"] == cell]) for cell in cells},
        figures=dict(_measure_scorers(rows.assign(arm=rows["cell"]), cells)),
        rungs=_measure_rungs(rows) if log.task == PRESSURE_TASK else {},
        errors=int(rows["state"].isin(_FAILED_STATES).sum()),
        capability=next(iter(gates.values()), UNMEASURED_GATE),
    )


def _count_episodes(rows: pd.DataFrame) -> CellEpisodes:
    reasons = (
        reason if state == "unscored" else f"{state}: {reason}"
        for state, reason in zip(rows["state"], map(shorten_reason, rows["reason"]), strict=True)
        if state != "scored"
    )
    return CellEpisodes(len(rows), Counter(reasons))


def shorten_reason(reason: str) -> str:
    """The kind of a reason: the class of an error where it begins with one, else its beginning.

    Args:
        reason: Why an episode has no score, a line.
    """
    error = _ERROR_CLASS.match(reason)
    if error:
        return error[1]
    return reason if len(reason) <= MAX_REASON else f"{reason[: MAX_REASON - 1]}…"


def _measure_scorers(rows: pd.DataFrame, cells: tuple[str, ...]) -> Iterator[tuple[str, FiguresByCell]]:
    """The figures of each scorer that gave a value, and those of the ledger in any case."""
    for scorer, keys in SCORER_OUTCOMES.items():
        columns = [outcome_column(scorer, key) for key in keys]
        if scorer == _MAIN_SCORER or (rows[columns] > 0).any(axis=None):
            points = {column: points_by_arm(rows, column, cells) for column in columns}
            yield scorer, {column: dict(zip(cells, points[column], strict=True)) for column in columns}


def _measure_rungs(rows: pd.DataFrame) -> FiguresByCell:
    arms = order_arms(rows["arm"])
    events = [name for name in LEDGER_OUTCOMES if OUTCOMES[name].is_event and (rows[name] == 1.0).any()]
    return {
        name: {arm: held_point(name, chain_first_rung(rows[rows["arm"] == arm], name)) for arm in arms}
        for name in events
    }


def split_figures(figures: FiguresByCell) -> tuple[list[str], list[str], list[str]]:
    """Outcomes by what is to be said of them.

    Args:
        figures: Points by outcome and cell.

    Returns:
        Those that have a value above or below 0 somewhere, or are `harm` with a value; those that are 0 wherever they
        have a value; and those without any value. Each in its old order.
    """
    values = {name: _present_values(by_cell.values()) for name, by_cell in figures.items()}
    present = [name for name, numbers in values.items() if any(numbers) or (name == "harm" and numbers)]
    absent = [name for name, numbers in values.items() if numbers and name not in present]
    return present, absent, [name for name, numbers in values.items() if not numbers]


def _present_values(points: Iterable[ChartPoint]) -> list[float]:
    return [point.value for point in points if point.value is not None]
