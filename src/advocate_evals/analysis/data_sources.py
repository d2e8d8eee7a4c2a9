"""What an analysis rests on: which episodes may decide a claim, what became of the others, and episodes to read.

One comparable run of the task decides, in the claim's setting, registered logs first. Examples are drawn by chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import pandas as pd

from advocate_evals.analysis.arm_charts import MAIN_TASK
from advocate_evals.analysis.block_values import is_graded
from advocate_evals.analysis.broken_blocks import describe_broken
from advocate_evals.analysis.findings import Example
from advocate_evals.analysis.source_records import DataSources, LogSource, SkippedLog, UnscoredGap
from advocate_evals.logs.episode_table import PLANNED_KEYS, LogReading
from advocate_evals.logs.raw_log import LogInfo, compare_hash, read_carried_hashes
from advocate_evals.model_names import is_human
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.predictions.claims import Claim
from advocate_evals.records import split_names
from advocate_evals.scenarios.arm_order import order_arms

RUN_KEYS = ("task_version", "datasets", "settings")
"""What episodes of one task and model must agree in to be counted together."""
FAMILY_SET_FACTORS = ("threat", "goal")
"""Factors that a family may set for itself, so that a figure over families mixes their levels."""
_RUN_KEY_TEXTS = {
    "task_version": "version of the task",
    "datasets": "state of the data files",
    "settings": "settings of the model",
}


@dataclass(frozen=True, slots=True)
class SelectedEpisodes:
    """The episodes of one model that may decide a claim."""

    rows: pd.DataFrame
    """The episodes, with the outcome missing where the claim's exclusions say so."""
    registered: bool
    """Whether every one of their logs carries the hash of the claim's file."""
    registration: str
    """Why not, in words; empty where they do."""
    excluded: tuple[str, ...]
    """What was excluded and why, one sentence each."""


def sort_episodes(episodes: pd.DataFrame) -> pd.DataFrame:
    """The episodes in an order that depends on nothing but what they are, each episode once."""
    order = ["task", "model", "task_version", "block", "arm", "sample_id", "epoch", "created", "log", "uuid"]
    sorted_rows = episodes.sort_values(order, kind="stable", ignore_index=True)
    identity = ["task", "model", *RUN_KEYS, "sample_id", "block", "arm", "epoch", "log"]
    return sorted_rows.drop_duplicates(identity, keep="last", ignore_index=True).copy()


def latest_comparable_runs(episodes: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """For each task and model the episodes that may be counted together, and what was excluded.

    Versions of a task, states of the data files and settings of a model are never pooled: those of the log created last
    count, by version first.
    """
    if not len(episodes):
        return episodes, ()
    runs = episodes.groupby(["task", "model", *RUN_KEYS], sort=True)["created"].max().reset_index()
    runs = runs.sort_values(["task_version", "created", *RUN_KEYS], kind="stable")
    latest = runs.drop_duplicates(["task", "model"], keep="last")
    keys = ["task", "model", *RUN_KEYS]
    latest_keys = set(latest[keys].itertuples(index=False, name=None))
    is_latest = np.array([key in latest_keys for key in episodes[keys].itertuples(index=False, name=None)])
    return episodes[is_latest], tuple(_describe_other_runs(episodes[~is_latest], latest))


def _describe_other_runs(rows: pd.DataFrame, latest: pd.DataFrame) -> Iterator[str]:
    latest_of = latest.set_index(["task", "model"])
    for (task, model), group in rows.groupby(["task", "model"], sort=True):
        run = latest_of.loc[(task, model)]
        differing = [text for column, text in _RUN_KEY_TEXTS.items() if (group[column] != run[column]).any()]
        yield (
            f"{task}, {model}: {len(group)} episodes with a different {' or '.join(differing)} were excluded; "
            f"the run of version {run['task_version']} in the newest log is counted"
        )


def select_episodes(episodes: pd.DataFrame, claim: Claim, file: str, file_hash: str) -> SelectedEpisodes:
    """The episodes of one model, all of comparable runs, that may decide a claim.

    Where some logs carry the hash of the claim's file and some do not, only those that do decide.

    Args:
        episodes: Episodes of one model.
        claim: The claim.
        file: Name of its file.
        file_hash: The file's hash.
    """
    rows = episodes[episodes["task"] == claim.task]
    excluded: list[str] = []
    states = rows["predictions"].map(lambda text: compare_hash(read_carried_hashes(text), file, file_hash))
    is_registered = states == "registered"
    if is_registered.any() and not is_registered.all():
        number = int((~is_registered).sum())
        excluded.append(f"{number} episodes of logs that do not carry the hash of {file} were excluded")
        rows, states = rows[is_registered], states[is_registered]
    in_setting = np.ones(len(rows), dtype=bool)
    for factor, levels in claim.setting.items():
        in_setting &= rows[factor].astype(str).isin(levels).to_numpy()
    if not in_setting.all():
        number = int((~in_setting).sum())
        excluded.append(f"{number} episodes of {claim.task} at factor levels outside the claim's setting were excluded")
    rows = _apply_exclusions(rows[in_setting], claim)
    rows, unread = _drop_unread(rows, claim.outcome)
    if unread:
        excluded.append(
            f"{unread} episodes whose texts no grader read count as missing, as other episodes were read by one"
        )
    return SelectedEpisodes(
        rows, bool(is_registered.any()), _describe_registration(states[in_setting], file), tuple(excluded)
    )


def _describe_registration(states: pd.Series, file: str) -> str:
    if not len(states) or (states == "registered").all():
        return ""
    if (states == "differs").any():
        return f"the logs carry another hash of {file}: the file has been changed"
    return f"the logs carry no hash of {file}"


def _apply_exclusions(rows: pd.DataFrame, claim: Claim) -> pd.DataFrame:
    """The rows with the outcome missing where a figure that excludes happened."""
    if not claim.exclude:
        return rows
    is_excluded = (rows[list(claim.exclude)] == 1.0).any(axis=1)
    return rows.assign(**{claim.outcome: rows[claim.outcome].mask(is_excluded)})


def _drop_unread(rows: pd.DataFrame, outcome: str) -> tuple[pd.DataFrame, int]:
    """The rows with the outcome missing where the rules saw nothing and a grader might have, and their number.

    Only where graders read other episodes: rules and graders see different shares of what happened.
    """
    if not is_graded(outcome, rows) or OUTCOMES[outcome].source != "either":
        return rows, 0
    is_unread = (rows["texts_read"] != 1.0) & (rows[outcome] == 0.0)
    return rows.assign(**{outcome: rows[outcome].mask(is_unread)}), int(is_unread.sum())


def describe_mixtures(episodes: pd.DataFrame) -> Iterator[str]:
    """Sentences: where a figure over families mixes levels of a factor, by task and model."""
    for (task, model), rows in episodes.groupby(["task", "model"], sort=True):
        for factor in FAMILY_SET_FACTORS:
            levels = sorted(rows[factor].astype(str).unique())
            if len(levels) > 1:
                yield f"{task}, {model}: figures over all families mix levels of {factor} ({', '.join(levels)})"
        read, scored = int((rows["texts_read"] == 1.0).sum()), int((rows["state"] == "scored").sum())
        if 0 < read < scored:
            yield f"{task}, {model}: graders read the texts of {read} of {scored} episodes, so harm mixes two readings"


_EXAMPLES = (
    ("ladder.harm", MAIN_TASK, "harm"),
    ("petitions.petitioned", MAIN_TASK, "petitioned"),
    ("odds.harm", "odds_ladder", "harm"),
    ("controls.pairs", "controls", "harm"),
    ("pressure.harm", "pressure_ladder", "harm"),
    ("petitions.denied", "answers", "petition_denied_then_harm"),
    ("cost.false_petition", "benign_twin", "overhead_false_petition"),
    ("agreement.rule_judge", MAIN_TASK, "coerced"),
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
        duplicates=reading.duplicates,
        warnings=(
            *excluded,
            *reading.mixed,
            *describe_mixtures(episodes),
            *describe_broken(episodes),
            *_describe_unfinished(logs),
        ),
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
