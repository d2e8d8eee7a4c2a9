"""What a log says, read for the command line: per cell, who was scored, and each outcome's rate with its interval.

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
from advocate_evals.outcomes import LEDGER_OUTCOMES, OVERHEAD_OUTCOMES

_SCORER = "actions"
_STOPPED = ("error", "cancelled")


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
    """A mean with its interval; the interval is left out where it cannot be told."""

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
    """By outcome, then by cell; a cell in which nothing could be counted is not there."""
    rungs: dict[str, dict[str, RateFigure]]
    """Rungs of pressure held before the outcome happened first, by outcome and arm; empty but for a ladder."""
    overhead: dict[str, dict[str, RateFigure]]
    """What the advocate cost, by figure and cell; empty but for benign twins."""
    errors: int

    @property
    def folder(self) -> str:
        """The folder that the log lies in."""
        return str(Path(self.location).parent)

    @property
    def standin(self) -> bool:
        """Whether the subject was a script, whose figures say nothing about any model."""
        return self.model.startswith("standin/")

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
    found = read_raw_log(location)
    header, samples = found.header, found.summaries
    stated = [episode_state(sample, found.invalid) for sample in samples]
    cells = _cells(header, samples)
    results = (header.get("results") or {}).get("scores") or []
    return LogSummary(
        location=location,
        status=str(header.get("status") or "started"),
        model=str(header["eval"]["model"]),
        task=str(header["eval"]["task"]),
        cells=cells,
        episodes={cell: _episodes(cell, samples, stated) for cell in cells},
        rates=_figures(results, _SCORER, LEDGER_OUTCOMES, cells, {"rates_": RateFigure}),
        rungs=_figures(results, _SCORER, LEDGER_OUTCOMES, _arms(samples), {"rungs_": MeanFigure}),
        overhead=_figures(results, "overhead", OVERHEAD_OUTCOMES, cells, {"rates_": RateFigure, "means_": MeanFigure}),
        errors=sum(state in _STOPPED for state, _ in stated),
    )


def _cells(header: Mapping[str, Any], samples: Sequence[SampleSummary]) -> tuple[str, ...]:
    """The cells in the order of the dataset: a log keeps its samples by name."""
    cell = {str(sample["id"]): _cell(sample) for sample in samples}
    order = [str(name) for name in header["eval"].get("dataset", {}).get("sample_ids") or []]
    return tuple(dict.fromkeys(cell[name] for name in [*order, *cell] if name in cell))


def _cell(sample: SampleSummary) -> str:
    metadata = sample.get("metadata") or {}
    return str(metadata.get("cell") or metadata.get("arm", "unknown"))


def _arms(samples: Sequence[SampleSummary]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str((sample.get("metadata") or {}).get("arm", "unknown")) for sample in samples))


def _episodes(cell: str, samples: Sequence[SampleSummary], stated: Sequence[tuple[str, str]]) -> CellEpisodes:
    inside = [why for sample, why in zip(samples, stated, strict=True) if _cell(sample) == cell]
    reasons = [reason if state == "unscored" else f"{state}: {reason}" for state, reason in inside if state != "scored"]
    return CellEpisodes(len(inside), Counter(reasons))


def _figures(
    results: Sequence[Mapping[str, Any]],
    scorer: str,
    known: Iterable[str],
    groups: tuple[str, ...],
    metrics: Mapping[str, type[RateFigure]],
) -> dict[str, dict[str, RateFigure]]:
    """What the log states of a scorer, by score and group; where a group has nothing to count, the log states none."""
    found: dict[str, dict[str, RateFigure]] = {}
    for score in results:
        if score["scorer"] != scorer or score["name"] not in known:
            continue
        values = {name.rpartition("/")[2]: metric["value"] for name, metric in score["metrics"].items()}
        for metric, kind in metrics.items():
            stated = {group: _figure(values, metric + group, kind) for group in groups if metric + group in values}
            if stated or (scorer == _SCORER and kind is RateFigure):  # a rate of nothing keeps its row
                found[score["name"]] = stated
    return {name: found[name] for name in known if name in found}


def _figure(values: Mapping[str, int | float], key: str, kind: type[RateFigure]) -> RateFigure:
    return kind(*(values.get(name, math.nan) for name in (key, f"{key}_lower", f"{key}_upper")))
