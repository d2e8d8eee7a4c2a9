"""What a log says, read for the command line: per arm, who was scored, and each outcome's rate with its interval."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inspect_ai.log import EvalLog, EvalSample, list_eval_logs, read_eval_log

from advocate_evals.vocabulary import OUTCOMES

_SCORER, _METRIC = "actions", "rates_"


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


@dataclass(frozen=True, slots=True)
class Episodes:
    """How many episodes an arm has, and why some have no score."""

    total: int
    unscored: Counter[str]


@dataclass(frozen=True, slots=True)
class Summary:
    """A log in figures."""

    location: str
    status: str
    model: str
    task: str
    arms: tuple[str, ...]
    episodes: dict[str, Episodes]
    """By arm."""
    rates: dict[str, dict[str, Rate]]
    """By outcome, then by arm; an arm in which nothing could be counted is not there."""
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
    arms = _arms(log, samples)
    return Summary(
        location=location,
        status=log.status,
        model=log.eval.model,
        task=log.eval.task,
        arms=arms,
        episodes={arm: _episodes([sample for sample in samples if _arm(sample) == arm]) for arm in arms},
        rates=_rates(log, arms),
        errors=sum(sample.error is not None for sample in samples),
    )


def _arms(log: EvalLog, samples: list[EvalSample]) -> tuple[str, ...]:
    """The arms in the order of the dataset: a log keeps its samples by name."""
    arm = {str(sample.id): _arm(sample) for sample in samples}
    order = [str(name) for name in log.eval.dataset.sample_ids or []]
    return tuple(dict.fromkeys(arm[name] for name in [*order, *arm] if name in arm))


def _arm(sample: EvalSample) -> str:
    return str(sample.metadata.get("arm", "unknown"))


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


def _rates(log: EvalLog, arms: tuple[str, ...]) -> dict[str, dict[str, Rate]]:
    """The rates that the log states, by outcome and arm; where an arm has nothing to count, the log states none."""
    found: dict[str, dict[str, Rate]] = {}
    for score in log.results.scores if log.results else []:
        if score.scorer == _SCORER and score.name in OUTCOMES:
            values = {name.rpartition("/")[2]: metric.value for name, metric in score.metrics.items()}
            found[score.name] = {arm: _rate(values, arm) for arm in arms if _METRIC + arm in values}
    return {name: found[name] for name in OUTCOMES if name in found}


def _rate(values: dict[str, int | float], arm: str) -> Rate:
    key = _METRIC + arm
    return Rate(values[key], values[f"{key}_lower"], values[f"{key}_upper"])
