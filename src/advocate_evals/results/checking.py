"""Logs of `judge_check`: what a grader answered about labelled items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from inspect_ai.log import EvalLog, read_eval_log

from advocate_evals.grading.checked import Checked, item

SCORER = "judge_checked"
"""The scorer whose scores are read."""


@dataclass(frozen=True, slots=True)
class Check:
    """One run of `judge_check`."""

    location: str
    graders: tuple[str, ...]
    split: str
    blind: bool
    status: str
    planned: int
    """Items that were to be judged."""
    items: tuple[Checked, ...]
    """Items that were."""

    @property
    def standin(self) -> bool:
        """Whether a grader is scripted, so that its figures say nothing about any model."""
        return any(grader.startswith("standin/") for grader in self.graders)

    def faults(self) -> Iterator[str]:
        """Why its figures cannot be relied on; nothing where they can."""
        if self.status != "success":
            yield f"the run ended as {self.status}"
        if len(self.items) < self.planned:
            yield f"{self.planned - len(self.items)} of {self.planned} items were not judged"
        failed = sum(bool(one.fault) for one in self.items)
        if failed:
            yield f"{failed} of {len(self.items)} items have no answer at all; they are in no rate"


def read(location: str) -> Check:
    """A log of `judge_check`.

    Raises:
        ValueError: for a log of another task, or one without samples.
    """
    log = read_eval_log(location)
    name = log.eval.task.rpartition("/")[2]
    if name != "judge_check":
        raise ValueError(f"{location}: a log of task {name!r}, not of 'judge_check'")
    if not log.samples:
        raise ValueError(f"{location}: no item was judged (status {log.status})")
    metadata = log.eval.metadata or {}
    return Check(
        location=location, graders=tuple(_graders(log)), split=str(metadata.get("split", "")),
        blind=bool(metadata.get("blind", True)), status=log.status,
        planned=(log.eval.dataset.samples or 0) * (log.eval.config.epochs or 1), items=tuple(_items(log)),
    )  # fmt: skip


def _graders(log: EvalLog) -> Iterator[str]:
    bound = (log.eval.model_roles or {}).get("grader", [])
    for config in bound if isinstance(bound, list) else [bound]:
        yield config.model


def _items(log: EvalLog) -> Iterator[Checked]:
    for sample in log.samples or ():
        score = (sample.scores or {}).get(SCORER)
        if score is not None:
            yield item(str(sample.id), score.metadata or {})
