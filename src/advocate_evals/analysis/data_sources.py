"""What an analysis rests on: the logs, what became of each episode, warnings; and episodes to read, drawn by chance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b

import pandas as pd

from advocate_evals.analysis.arm_charts import MAIN_TASK, order_arms
from advocate_evals.analysis.episode_selection import describe_mixtures
from advocate_evals.analysis.findings import DataSources, Example, LogSource, SkippedLog, UnscoredGap
from advocate_evals.logs.episode_table import PLANNED_KEYS, LogReading
from advocate_evals.logs.raw_log import LogInfo, compare_hash, read_carried_hashes
from advocate_evals.model_names import is_human
from advocate_evals.name_lists import split_names

_EXAMPLES = (
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
"""Chart, task and outcome of the examples that are drawn."""
_EPISODE_NAMES = ["model", "arm", "log", "sample_id", "epoch", "uuid"]


def describe_sources(
    reading: LogReading, episodes: pd.DataFrame, hashes: Mapping[str, str], excluded: Sequence[str]
) -> DataSources:
    """What the analysis rests on.

    Args:
        reading: What was read.
        episodes: The episodes that count: comparable runs of each task and model.
        hashes: The hash of each file of predictions that was tested.
        excluded: What was excluded, in sentences.
    """
    logs = sorted(
        (log for log in reading.logs if not log.problem), key=lambda log: (log.task, log.model, log.created, log.log)
    )
    scored = reading.episodes[reading.episodes["state"] == "scored"]["log"].value_counts()
    return DataSources(
        logs=tuple(_build_source(log, int(scored.get(log.log, 0)), hashes) for log in logs),
        skipped=tuple(SkippedLog(log=log, reason=reason) for log, reason in sorted(reading.skipped)),
        counts=reading.counts,
        gaps=(*_unscored_gaps(reading.episodes), *_absent_gaps(reading)),
        models=tuple(sorted({log.model for log in logs})),
        standins=tuple(sorted({log.model for log in logs if log.standin})),
        people=tuple(sorted({log.model for log in logs if is_human(log.model)})),
        graders=tuple(sorted({grader for log in logs for grader in split_names(log.graders)})),
        datasets=tuple(sorted({log.datasets for log in logs if log.datasets})),
        suites=tuple(sorted({log.suite for log in logs if log.suite})),
        warnings=(*excluded, *reading.mixed, *describe_mixtures(episodes), *_describe_unfinished(logs)),
    )


def _build_source(log: LogInfo, scored: int, hashes: Mapping[str, str]) -> LogSource:
    carried = read_carried_hashes(log.predictions)
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
        predictions={name: compare_hash(carried, name, file_hash) for name, file_hash in sorted(hashes.items())},
    )


def _unscored_gaps(episodes: pd.DataFrame) -> Iterator[UnscoredGap]:
    """Episodes without a score, by task, model, arm, state and reason."""
    unscored = episodes[episodes["state"] != "scored"]
    for key, rows in unscored.groupby(["task", "model", "arm", "state", "reason"], sort=True):
        task, model, arm, state, reason = (str(part) for part in key)
        yield UnscoredGap(
            task=task, model=model, arm=arm, state=state, reason=reason or "no reason given", count=len(rows)
        )


def _absent_gaps(reading: LogReading) -> Iterator[UnscoredGap]:
    """Episodes that a log planned and no log has."""
    played = set(zip(*(reading.episodes[name] for name in PLANNED_KEYS), strict=True))
    counts: dict[tuple[str, str], int] = {}
    for task, _, model, *_ in reading.planned - played:
        counts[task, model] = counts.get((task, model), 0) + 1
    for (task, model), count in sorted(counts.items()):
        yield UnscoredGap(task=task, model=model, arm="", state="absent", reason="planned, and in no log", count=count)


def _describe_unfinished(logs: Sequence[LogInfo]) -> Iterator[str]:
    for log in logs:
        if log.status != "success":
            yield f"{log.task}, {log.model}: the status of {log.log} is {log.status!r}, not 'success'"


def draw_examples(episodes: pd.DataFrame, seed: int) -> Iterator[Example]:
    """One episode in which the outcome happened and one in which it did not, for each chart, model and arm.

    Args:
        episodes: The episodes.
        seed: Names the draw; the same seed draws the same episodes, in whatever order they come.
    """
    for chart, task, outcome in _EXAMPLES:
        has_outcome = (episodes["task"] == task) & episodes[outcome].isin((0.0, 1.0))
        rows = episodes.loc[has_outcome, [*_EPISODE_NAMES, outcome]]
        by_kind = dict(iter(rows.groupby(["model", "arm", outcome], sort=True)))
        for model in sorted(rows["model"].unique()):
            for arm in order_arms(list(rows.loc[rows["model"] == model, "arm"])):
                for happened in (True, False):
                    kind = by_kind.get((model, arm, float(happened)))
                    if kind is not None:
                        stream = f"{seed}/{chart}/{model}/{arm}/{happened}"
                        yield _draw_example(kind, chart, outcome, happened, stream)


def _draw_example(rows: pd.DataFrame, chart: str, outcome: str, happened: bool, stream: str) -> Example:
    def rank(row: tuple[object, ...]) -> bytes:
        return blake2b(f"{stream}/{row[3]}/{row[4]}/{row[5]}".encode(), digest_size=16).digest()

    model, arm, log, sample_id, epoch, uuid = min(rows[_EPISODE_NAMES].itertuples(index=False, name=None), key=rank)
    return Example(
        chart=chart,
        model=str(model),
        arm=str(arm),
        outcome=outcome,
        happened=happened,
        kind_count=len(rows),
        log=str(log),
        sample_id=str(sample_id),
        epoch=int(epoch),
        uuid=str(uuid),
    )
