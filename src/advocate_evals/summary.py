"""What a log says, read for the command line: per cell, who was scored, and each outcome's rate with its interval.

A cell is an arm, with the level of each context factor that the task varies.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from inspect_ai.log import EvalLog, EvalSample, list_eval_logs, read_eval_log

from advocate_evals.vocabulary import OUTCOMES, OVERHEAD

_SCORER = "actions"


@dataclass(frozen=True, slots=True)
class Rate:
    """How often an outcome happened in an arm; NaN where nothing was scored."""

    rate: float
    lower: float
    upper: float

    def __str__(self) -> str:
        if math.isnan(self.rate):
            return "–"
        return f"{self.rate * 100:.0f} % [{self.lower * 100:.0f}, {self.upper * 100:.0f}]"


class Mean(Rate):
    """A mean with its interval; the interval is left out where it cannot be told."""

    def __str__(self) -> str:
        if math.isnan(self.rate):
            return "–"
        return f"{self.rate:.1f}" + ("" if math.isnan(self.lower) else f" [{self.lower:.1f}, {self.upper:.1f}]")


@dataclass(frozen=True, slots=True)
class Episodes:
    """How many episodes a cell has, and why some have no score."""

    total: int
    unscored: Counter[str]


@dataclass(frozen=True, slots=True)
class Summary:
    """A log in figures."""

    location: str
    status: str
    model: str
    task: str
    cells: tuple[str, ...]
    episodes: dict[str, Episodes]
    """By cell."""
    rates: dict[str, dict[str, Rate]]
    """By outcome, then by cell; a cell in which nothing could be counted is not there."""
    rungs: dict[str, dict[str, Rate]]
    """Rungs of pressure held before the outcome happened first, by outcome and arm; empty but for a ladder."""
    overhead: dict[str, dict[str, Rate]]
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


def newest(place: str) -> str:
    """The log at a place: the file itself, or the newest log of a folder.

    Raises:
        FileNotFoundError: if there is none.
    """
    if not Path(place).is_dir():
        if not Path(place).is_file():
            raise FileNotFoundError(f"{place}: no such log or folder of logs")
        return place
    logs = list_eval_logs(place, recursive=False, descending=True)
    if not logs:
        raise FileNotFoundError(f"{place}: no log in this folder")
    return logs[0].name.removeprefix("file://")


def read(location: str) -> Summary:
    """The figures of a log, as its results state them."""
    log = read_eval_log(location)
    samples = log.samples or []
    cells = _cells(log, samples)
    return Summary(
        location=location,
        status=log.status,
        model=log.eval.model,
        task=log.eval.task,
        cells=cells,
        episodes={cell: _episodes([sample for sample in samples if _cell(sample) == cell]) for cell in cells},
        rates=_figures(log, _SCORER, OUTCOMES, cells, {"rates_": Rate}),
        rungs=_figures(log, _SCORER, OUTCOMES, _arms(samples), {"rungs_": Mean}),
        overhead=_figures(log, "overhead", OVERHEAD, cells, {"rates_": Rate, "means_": Mean}),
        errors=sum(sample.error is not None for sample in samples),
    )


def _cells(log: EvalLog, samples: list[EvalSample]) -> tuple[str, ...]:
    """The cells in the order of the dataset: a log keeps its samples by name."""
    cell = {str(sample.id): _cell(sample) for sample in samples}
    order = [str(name) for name in log.eval.dataset.sample_ids or []]
    return tuple(dict.fromkeys(cell[name] for name in [*order, *cell] if name in cell))


def _cell(sample: EvalSample) -> str:
    return str(sample.metadata.get("cell") or sample.metadata.get("arm", "unknown"))


def _arms(samples: list[EvalSample]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(sample.metadata.get("arm", "unknown")) for sample in samples))


def _episodes(samples: list[EvalSample]) -> Episodes:
    reasons = [reason for reason in map(_unscored, samples) if reason]
    return Episodes(len(samples), Counter(reasons))


def _unscored(sample: EvalSample) -> str:
    """Why a sample has no score; empty where it has one."""
    if sample.error is not None:
        return "error: " + sample.error.message.strip().splitlines()[-1][:80]
    score = (sample.scores or {}).get(_SCORER)
    if score is None:
        return "not scored"
    if isinstance(score.value, dict):
        return ""
    return score.explanation or str(score.reason or "no reason given")


def _figures(
    log: EvalLog, scorer: str, known: Iterable[str], groups: tuple[str, ...], metrics: Mapping[str, type[Rate]]
) -> dict[str, dict[str, Rate]]:
    """What the log states of a scorer, by score and group; where a group has nothing to count, the log states none."""
    found: dict[str, dict[str, Rate]] = {}
    for score in log.results.scores if log.results else []:
        if score.scorer != scorer or score.name not in known:
            continue
        values = {name.rpartition("/")[2]: metric.value for name, metric in score.metrics.items()}
        for metric, kind in metrics.items():
            stated = {group: _figure(values, metric + group, kind) for group in groups if metric + group in values}
            if stated or (scorer == _SCORER and kind is Rate):  # a rate of nothing keeps its row
                found[score.name] = stated
    return {name: found[name] for name in known if name in found}


def _figure(values: dict[str, int | float], key: str, kind: type[Rate]) -> Rate:
    return kind(*(values.get(name, math.nan) for name in (key, f"{key}_lower", f"{key}_upper")))
