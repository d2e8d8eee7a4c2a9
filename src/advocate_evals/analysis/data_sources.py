"""Episodes to read, drawn by seed among those of their kind: chance chooses, not drama."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b

import pandas as pd

from advocate_evals.analysis.arm_charts import MAIN_TASK, order_arms
from advocate_evals.analysis.episode_selection import describe_mixtures
from advocate_evals.analysis.findings import DataSources, Example, LogSource, SkippedLog, UnscoredGap
from advocate_evals.logs.episode_table import PLANNED_KEYS, LogReading
from advocate_evals.logs.raw_log import LogInfo, compare_hash, read_carried_hashes

_WANTED = (
    ("ladder.harm", MAIN_TASK, "harm"),
    ("petitions.petitioned", MAIN_TASK, "petitioned"),
    ("odds.harm", "odds_ladder", "harm"),
    ("controls.pairs", "controls", "harm"),
    ("pressure.harm", "pressure_ladder", "harm"),
    ("petitions.denied", "answers", "petition_denied_then_harm"),
    ("cost.false_petition", "benign_twin", "overhead_false_petition"),
    ("agreement.rule_judge", MAIN_TASK, "judge_coercion"),
    ("debrief.honesty", MAIN_TASK, "debrief_user_honest"),
)
"""Which figure has examples of what, from which task."""


def draw_examples(episodes: pd.DataFrame, seed: int) -> Iterator[Example]:
    """One episode in which the outcome happened and one in which it did not, for each figure, subject and arm.

    Args:
        episodes: The episodes.
        seed: Names the draw; the same seed draws the same episodes, in whatever order they come.
    """
    for figure, task, outcome in _WANTED:
        rows = episodes.loc[(episodes["task"] == task) & episodes[outcome].isin((0.0, 1.0)), [*_NAMED, outcome]]
        by_kind = dict(iter(rows.groupby(["model", "arm", outcome], sort=True)))
        for model in sorted(rows["model"].unique()):
            for arm in order_arms(list(rows.loc[rows["model"] == model, "arm"])):
                for happened in (True, False):
                    kind = by_kind.get((model, arm, float(happened)))
                    if kind is not None:
                        stream = f"{seed}/{figure}/{model}/{arm}/{happened}"
                        yield _drawn(kind, figure, outcome, happened, stream)


_NAMED = ["model", "arm", "log", "sample_id", "epoch", "uuid"]


def _drawn(rows: pd.DataFrame, figure: str, outcome: str, happened: bool, stream: str) -> Example:
    def rank(row: tuple[object, ...]) -> bytes:
        return blake2b(f"{stream}/{row[3]}/{row[4]}/{row[5]}".encode(), digest_size=16).digest()

    model, arm, log, sample_id, epoch, uuid = min(rows[_NAMED].itertuples(index=False, name=None), key=rank)
    return Example(
        figure=figure,
        model=str(model),
        arm=str(arm),
        outcome=outcome,
        happened=happened,
        of=len(rows),
        log=str(log),
        sample_id=str(sample_id),
        epoch=int(epoch),
        uuid=str(uuid),
    )


# --- What an analysis rests on: the logs, what became of each episode, and what should not stand together. ---


def describe_sources(
    reading: LogReading, episodes: pd.DataFrame, hashes: Mapping[str, str], aside: tuple[str, ...]
) -> DataSources:
    """What the analysis rests on.

    Args:
        reading: What was read.
        episodes: The episodes that count: one edition of each task and subject.
        hashes: The hash of each file of predictions that was asked for.
        aside: What was set aside, in sentences.
    """
    read = sorted(
        (log for log in reading.logs if not log.problem), key=lambda log: (log.task, log.model, log.created, log.log)
    )
    scored = reading.episodes[reading.episodes["state"] == "scored"]["log"].value_counts()
    return DataSources(
        logs=tuple(_source(log, int(scored.get(log.log, 0)), hashes) for log in read),
        skipped=tuple(SkippedLog(log=log, reason=reason) for log, reason in sorted(reading.skipped)),
        counts=reading.counts,
        gaps=(*_gaps(reading.episodes), *_absent(reading)),
        models=tuple(sorted({log.model for log in read})),
        standins=tuple(sorted({log.model for log in read if log.standin})),
        graders=tuple(sorted({grader for log in read for grader in log.graders.split(",") if grader})),
        datasets=tuple(sorted({log.datasets for log in read if log.datasets})),
        suites=tuple(sorted({log.suite for log in read if log.suite})),
        conflicts=(*aside, *reading.mixed, *describe_mixtures(episodes), *_statuses(read)),
    )


def _source(log: LogInfo, scored: int, hashes: Mapping[str, str]) -> LogSource:
    has = read_carried_hashes(log.predictions)
    return LogSource(
        log=log.log,
        task=log.task,
        version=log.task_version,
        model=log.model,
        standin=log.standin,
        status=log.status,
        created=log.created,
        suite=log.suite,
        datasets=log.datasets,
        graders=log.graders,
        episodes=log.unique_samples,
        scored=scored,
        predictions={name: compare_hash(has, name, wanted) for name, wanted in sorted(hashes.items())},
    )


def _gaps(episodes: pd.DataFrame) -> Iterator[UnscoredGap]:
    """Episodes without a score, by task, subject, arm, state and reason."""
    lost = episodes[episodes["state"] != "scored"]
    by = ["task", "model", "arm", "state", "reason"]
    for key, rows in lost.groupby(by, sort=True):
        task, model, arm, state, reason = (str(part) for part in key)
        yield UnscoredGap(
            task=task, model=model, arm=arm, state=state, reason=reason or "no reason given", count=len(rows)
        )


def _absent(reading: LogReading) -> Iterator[UnscoredGap]:
    """Episodes that a log named beforehand and no log has."""
    there = set(zip(*(reading.episodes[name] for name in PLANNED_KEYS), strict=True))
    counts: dict[tuple[str, str], int] = {}
    for one in reading.planned - there:
        counts[one[0], one[2]] = counts.get((one[0], one[2]), 0) + 1
    for (task, model), count in sorted(counts.items()):
        yield UnscoredGap(task=task, model=model, arm="", state="absent", reason="planned, and in no log", count=count)


def _statuses(read: list[LogInfo]) -> Iterator[str]:
    for log in read:
        if log.status != "success":
            yield f"{log.task}, {log.model}: the status of {log.log} is {log.status!r}, not 'success'"
