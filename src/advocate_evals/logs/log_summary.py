"""One log in figures, for the command line: for each cell, how many episodes were scored, and rates with intervals.

A cell is an arm, with the level of each context factor that the task varies.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advocate_evals.logs.episode_rows import SampleSummary, episode_state
from advocate_evals.logs.raw_log import read_raw_log
from advocate_evals.model_names import is_standin
from advocate_evals.outcomes import LEDGER_OUTCOMES, OVERHEAD_OUTCOMES
from advocate_evals.statistics.capability_gate import CapabilityGate

_SCORER = "actions"
_FAILED_STATES = ("error", "cancelled")


@dataclass(frozen=True, slots=True)
class RateFigure:
    """How often an outcome happened in an arm; NaN where nothing was scored."""

    rate: float
    lower: float
    upper: float

    def __str__(self) -> str:
        if math.isnan(self.rate):
            return "–"
        return f"{self.rate * 100:.0f} % [{self.lower * 100:.0f}, {self.upper * 100:.0f}]"


class MeanFigure(RateFigure):
    """A mean with its interval; the interval is left out where there is none."""

    def __str__(self) -> str:
        if math.isnan(self.rate):
            return "–"
        return f"{self.rate:.1f}" + ("" if math.isnan(self.lower) else f" [{self.lower:.1f}, {self.upper:.1f}]")


@dataclass(frozen=True, slots=True)
class CellEpisodes:
    """How many episodes a cell has, and why some have no score."""

    total: int
    unscored: Counter[str]


@dataclass(frozen=True, slots=True)
class LogSummary:
    """A log in figures."""

    location: str
    status: str
    model: str
    task: str
    cells: tuple[str, ...]
    episodes: dict[str, CellEpisodes]
    """By cell."""
    rates: dict[str, dict[str, RateFigure]]
    """By outcome, then by cell; without the cells in which nothing could be counted."""
    rungs: dict[str, dict[str, RateFigure]]
    """Rungs of pressure before the outcome happened first, by outcome and arm; empty but for `pressure_ladder`."""
    overhead: dict[str, dict[str, RateFigure]]
    """What the advocate cost, by figure and cell; empty but for `benign_twin`."""
    errors: int
    capability: CapabilityGate
    """Whether the model can act; where it cannot, no rate of harm is stated."""

    @property
    def folder(self) -> str:
        """The folder that the log lies in."""
        return str(Path(self.location).parent)

    @property
    def standin(self) -> bool:
        """Whether the model under test is a script, whose figures say nothing about any model."""
        return is_standin(self.model)

    def faults(self) -> Iterator[str]:
        """Why the figures cannot be relied on."""
        if self.status != "success":
            yield f"the log's status is {self.status!r}, not 'success'"
        if not self.rates:
            yield "the log holds no results of the scorer 'actions'"
        if self.errors:
            yield f"{self.errors} episodes ended in an error"


def read_log_summary(location: str) -> LogSummary:
    """The figures of a log, as its results state them.

    Raises:
        UnreadableLog: if there is no log to be read.
    """
    raw_log = read_raw_log(location)
    header, samples = raw_log.header, raw_log.summaries
    states = [episode_state(sample, raw_log.invalid) for sample in samples]
    cells = _list_cells(header, samples)
    results = (header.get("results") or {}).get("scores") or []
    return LogSummary(
        location=location,
        status=str(header.get("status") or "started"),
        model=str(header["eval"]["model"]),
        task=str(header["eval"]["task"]),
        cells=cells,
        episodes={cell: _count_episodes(cell, samples, states) for cell in cells},
        rates=_read_figures(results, _SCORER, LEDGER_OUTCOMES, cells, {"rates_": RateFigure, "means_": RateFigure}),
        rungs=_read_figures(results, _SCORER, LEDGER_OUTCOMES, _list_arms(samples), {"rungs_": MeanFigure}),
        overhead=_read_figures(
            results, "overhead", OVERHEAD_OUTCOMES, cells, {"rates_": RateFigure, "means_": MeanFigure}
        ),
        errors=sum(state in _FAILED_STATES for state, _ in states),
        capability=CapabilityGate.read_metrics(_read_scorer_metrics(results)),
    )


def _list_cells(header: Mapping[str, Any], samples: Sequence[SampleSummary]) -> tuple[str, ...]:
    """The cells in the order of the dataset; a log holds its samples in the order of their names."""
    cell_of = {str(sample["id"]): _cell_name(sample) for sample in samples}
    order = [str(name) for name in header["eval"].get("dataset", {}).get("sample_ids") or []]
    return tuple(dict.fromkeys(cell_of[name] for name in [*order, *cell_of] if name in cell_of))


def _cell_name(sample: SampleSummary) -> str:
    metadata = sample.get("metadata") or {}
    return str(metadata.get("cell") or metadata.get("arm", "unknown"))


def _list_arms(samples: Sequence[SampleSummary]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str((sample.get("metadata") or {}).get("arm", "unknown")) for sample in samples))


def _count_episodes(cell: str, samples: Sequence[SampleSummary], states: Sequence[tuple[str, str]]) -> CellEpisodes:
    in_cell = [state for sample, state in zip(samples, states, strict=True) if _cell_name(sample) == cell]
    reasons = [
        reason if state == "unscored" else f"{state}: {reason}" for state, reason in in_cell if state != "scored"
    ]
    return CellEpisodes(len(in_cell), Counter(reasons))


def _read_figures(
    results: Sequence[Mapping[str, Any]],
    scorer: str,
    outcome_names: Iterable[str],
    groups: tuple[str, ...],
    metrics: Mapping[str, type[RateFigure]],
) -> dict[str, dict[str, RateFigure]]:
    """A scorer's figures by score and group, as the log states them; it states nothing where nothing was counted."""
    figures: dict[str, dict[str, RateFigure]] = {}
    for score in results:
        if score["scorer"] != scorer or score["name"] not in outcome_names:
            continue
        values = {name.rpartition("/")[2]: metric["value"] for name, metric in score["metrics"].items()}
        for metric, kind in metrics.items():
            stated = {group: _read_figure(values, metric + group, kind) for group in groups if metric + group in values}
            if stated or (scorer == _SCORER and kind is RateFigure and score["name"] not in figures):
                figures[score["name"]] = stated  # a rate of nothing keeps its row
    return {name: figures[name] for name in outcome_names if name in figures}


def _read_scorer_metrics(results: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The metrics of `actions` over all outcomes, those without a number left out."""
    return {
        name.rpartition("/")[2]: metric["value"]
        for score in results
        if score["scorer"] == score["name"] == _SCORER
        for name, metric in score["metrics"].items()
        if metric.get("value") is not None
    }


def _read_figure(values: Mapping[str, int | float], key: str, kind: type[RateFigure]) -> RateFigure:
    return kind(*(values.get(name, math.nan) for name in (key, f"{key}_lower", f"{key}_upper")))
