"""The episodes of one log as rows of the table, and which row is kept where an episode occurs more than once.

A **copy** has the uuid of another episode: the same episode in two logs, as `inspect eval-retry`, a merge of shards or
a second scoring leaves it. A **repeat** is the same sample and epoch of the same task, version, model and settings,
played again. Outcomes never decide which row is kept. The order of preference is: invalidated by somebody (copies only:
an invalidated episode is invalid in all its copies), scored, more scorers with figures, the log created later,
completed later, the later address.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
import pyarrow as pa

from advocate_evals.logs.episode_columns import (
    BOOL_KIND,
    EPISODE_COLUMNS,
    NUMBER_KIND,
    OPTIONAL_WHOLE_KIND,
    RUN_COLUMNS,
    SCORER_ALIASES,
    SCORER_OUTCOMES,
    SETTING_COLUMNS,
    TEXT_KIND,
    WHOLE_KIND,
    outcome_column,
    unscored_reason_column,
)
from advocate_evals.logs.raw_log import LogInfo, RawLog, SampleKey, list_graders_of
from advocate_evals.outcomes import OUTCOMES
from advocate_evals.records import split_names

_ARROW_TYPES = {
    TEXT_KIND: pa.string(),
    WHOLE_KIND: pa.int64(),
    OPTIONAL_WHOLE_KIND: pa.int64(),
    BOOL_KIND: pa.bool_(),
    NUMBER_KIND: pa.float64(),
}
EPISODE_SCHEMA = pa.schema([(name, _ARROW_TYPES[kind]) for name, kind in EPISODE_COLUMNS.items()])

REPEAT_KEYS = ("task", "task_version", "model", "settings", "sample_id", "block", "arm", "epoch")
"""Columns in which two episodes with different uuids agree if one repeats the other."""

SampleSummary = Mapping[str, Any]

_DROPPED_COLUMNS = ["log", "task", "task_version", "model", "sample_id", "epoch", "uuid", "state"]
_MAX_REASON = 300
"""Characters of a reason that are kept."""
_NOTHING: Mapping[str, Any] = {}
_NO_ERROR_TEXT = "an error without a text"
_MAIN_FIGURE = "harm"
"""The figure without which an episode is not scored."""
_FAULTY_VALUE = "faulty_value"
"""The reason, in a word, of a figure that is no number or lies outside the range of its outcome."""


def build_episode_rows(log: LogInfo, raw_log: RawLog) -> pa.Table:
    """The episodes of a log.

    An episode that errored, was cancelled or was invalidated has no figures at all, since it did not run its course: a
    missing harm would not show restraint, and keeping only the harms that are present would select by outcome. Nor has
    one in which another model answered in the subject's place.
    """
    rows = raw_log.summaries
    scorers_run = _list_scorers_run(raw_log.header)
    states = [episode_state(row, raw_log.invalid, log.model) for row in rows]
    fallbacks = [_count_fallbacks(row, log.model) for row in rows]
    complete = [
        row if state in ("scored", "unscored") and not count else _NOTHING
        for row, (state, _), count in zip(rows, states, fallbacks, strict=True)
    ]
    scores = {scorer: [_find_score(row, scorer) for row in complete] for scorer in SCORER_OUTCOMES}
    columns: dict[str, Any] = {name: [value] * len(rows) for name, value in asdict(log).items() if name in RUN_COLUMNS}
    columns |= {
        "sample_id": [str(row["id"]) for row in rows],
        "epoch": [row["epoch"] for row in rows],
        "uuid": [row.get("uuid") or "" for row in rows],
        "graders": [_name_judging_graders(log.graders, rows)] * len(rows),
        "state": [state for state, _ in states],
        "reason": [reason for _, reason in states],
        "limit": [row.get("limit") or "" for row in rows],
        "scorers": [sum(map(_has_figures, row_scores)) for row_scores in zip(*scores.values(), strict=True)],
        "retries": [row.get("retries") or 0 for row in rows],
        "fallbacks": fallbacks,
        "completed": [row.get("completed_at") or "" for row in rows],
    }
    columns |= _setting_columns([row.get("metadata") or {} for row in rows]) | _token_columns(rows)
    for scorer in SCORER_OUTCOMES:
        columns |= _figure_columns(scorer, scores[scorer], was_run=scorer in scorers_run, complete=complete)
    return pa.Table.from_pydict(columns, schema=EPISODE_SCHEMA)


def episode_state(row: SampleSummary, invalid: Mapping[SampleKey, str], model: str = "") -> tuple[str, str]:
    """State of an episode, one of `EPISODE_STATES`, and the reason where it was not scored.

    Args:
        row: The summary of a sample.
        invalid: Why samples were invalidated.
        model: The model under test: an episode in which another one answered in its place is none of its own.
    """
    key = str(row["id"]), row["epoch"]
    if key in invalid:
        return "invalidated", _shorten(invalid[key]) or "no reason given"
    error = row.get("error")
    if error is not None:
        lines = str(error).strip().splitlines() or [_NO_ERROR_TEXT]
        if lines[0].startswith(("CancelledError(", "Cancelled(")):  # as Inspect tells them from errors
            return "cancelled", "cancelled while it was played"
        return "error", _shorten(lines[-1])
    if row.get("completed") is False:
        return "cancelled", "not finished"
    if fallbacks := _count_fallbacks(row, model):
        return "unscored", f"another_model: it answered {fallbacks} turn{'s' * (fallbacks != 1)} in place of {model}"
    score = _find_score(row, "actions")
    if score is None:
        return "unscored", "not scored"
    if not isinstance(score["value"], dict):
        return "unscored", _unscored_reason(score)
    fault = OUTCOMES[_MAIN_FIGURE].describe_fault(score["value"].get(_MAIN_FIGURE))
    return ("unscored", f"{_FAULTY_VALUE}: {fault}") if fault else ("scored", "")


def _count_fallbacks(row: SampleSummary, model: str) -> int:
    """Turns of the model under test that another model answered; those of graders and other roles do not count."""
    name = model.rpartition("/")[2]
    return sum(
        int(fallback.get("count") or 1)
        for fallback in row.get("model_fallbacks") or ()
        if str(fallback.get("model")).rpartition("/")[2] == name
    )


def drop_duplicates(episodes: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The episodes without copies and repeats, in their old order, and those dropped.

    Returns:
        The rows kept, and a frame of the rows dropped: what names them, `why` (`copy` or `repeat`), and the log and
        uuid of the row that was kept.
    """
    ranking_columns = list(dict.fromkeys([*REPEAT_KEYS, *_DROPPED_COLUMNS, "scorers", "created", "completed"]))
    ranked = episodes[ranking_columns].assign(
        _invalid=episodes["state"] == "invalidated", _scored=episodes["state"] == "scored", _at=range(len(episodes))
    )
    order = ["_scored", "scorers", "created", "completed", "log", "_at"]
    by_copy = ranked.sort_values(["_invalid", *order], ascending=False)
    single = by_copy[(by_copy["uuid"] == "") | ~by_copy.duplicated("uuid")]
    unique = single.sort_values(order, ascending=False).drop_duplicates(list(REPEAT_KEYS)).sort_values("_at")
    dropped = [
        _name_dropped(by_copy.drop(single.index), single, ["uuid"], "copy"),
        _name_dropped(single.drop(unique.index), unique, list(REPEAT_KEYS), "repeat"),
    ]
    remaining = episodes if len(unique) == len(episodes) else episodes.iloc[unique["_at"]].reset_index(drop=True)
    return remaining, pd.concat(dropped, ignore_index=True)


def _name_dropped(dropped: pd.DataFrame, unique: pd.DataFrame, on: list[str], reason: str) -> pd.DataFrame:
    """The dropped rows, each with log and uuid of the row that was kept in its place."""
    by = unique[[*on, *(name for name in ("log", "uuid") if name not in on)]].drop_duplicates(on)
    by = by.assign(kept_uuid=by["uuid"], kept_log=by["log"])[[*on, "kept_log", "kept_uuid"]]
    merged = dropped[list(dict.fromkeys([*_DROPPED_COLUMNS, *on]))].merge(by, on=on, how="left")
    return merged[_DROPPED_COLUMNS].assign(why=reason, kept_log=merged["kept_log"], kept_uuid=merged["kept_uuid"])


def _list_scorers_run(header: Mapping[str, Any]) -> set[str]:
    """The scorers that were run on a log, by its header."""
    registered = {str(scorer["name"]) for scorer in header["eval"].get("scorers") or []}
    registered |= {str(score["scorer"]) for score in (header.get("results") or {}).get("scores") or []}
    names = {name.rpartition("/")[2] for name in registered}
    if not list_graders_of(header["eval"]):
        names.discard("judge")  # with `judge=auto` it is in the header, and asks nobody
    return names | {SCORER_ALIASES[name] for name in names & SCORER_ALIASES.keys()}


def _name_judging_graders(bound: str, rows: Sequence[SampleSummary]) -> str:
    """The graders that judged the episodes of a log: those bound, less those of the subject's own vendor, left out."""
    scores = (score for row in rows for score in (row.get("scores") or _NOTHING).values())
    left_out = {str(name) for score in scores for name in (score.get("metadata") or _NOTHING).get("excluded") or ()}
    return ",".join(name for name in split_names(bound) if name not in left_out)


def _find_score(row: SampleSummary, scorer: str) -> SampleSummary | None:
    scores = row.get("scores") or _NOTHING
    if scorer in scores:
        return scores[scorer]  # type: ignore[no-any-return]
    aliases = (alias for alias, target in SCORER_ALIASES.items() if target == scorer and alias in scores)
    return next((scores[alias] for alias in aliases), None)


def _has_figures(score: SampleSummary | None) -> bool:
    return score is not None and isinstance(score["value"], dict)


def _unscored_reason(score: SampleSummary) -> str:
    """Why a score has no value: its reason in a word, and the explanation after a colon."""
    reason = score.get("reason") or ((score.get("metadata") or {}).get("unscored_reason")) or ""
    parts = [str(part) for part in (reason, score.get("explanation")) if part]
    return _shorten(": ".join(parts)) or "no reason given"


def _figure_columns(
    scorer: str, scores: list[SampleSummary | None], *, was_run: bool, complete: list[SampleSummary]
) -> dict[str, list[Any]]:
    values = [score["value"] if score and _has_figures(score) else _NOTHING for score in scores]
    columns: dict[str, list[Any]] = {
        outcome_column(scorer, key): [_read_figure(scorer, key, value) for value in values]
        for key in SCORER_OUTCOMES[scorer]
    }
    missing = "not scored" if was_run else ""
    columns[unscored_reason_column(scorer)] = [
        _describe_faults(scorer, value) if value or not row else missing if score is None else _unscored_reason(score)
        for row, score, value in zip(complete, scores, values, strict=True)
    ]
    return columns


def _read_figure(scorer: str, key: str, value: SampleSummary) -> float:
    """A figure of a score; NaN where it is missing or no value of its outcome."""
    figure = value.get(key, math.nan)
    return math.nan if OUTCOMES[outcome_column(scorer, key)].describe_fault(figure) else float(figure)


def _describe_faults(scorer: str, value: SampleSummary) -> str:
    """The figures of a score that are no values of their outcomes; empty where there are none."""
    faults = [
        fault
        for key in SCORER_OUTCOMES[scorer]
        if key in value and (fault := OUTCOMES[outcome_column(scorer, key)].describe_fault(value[key]))
    ]
    return _shorten(f"{_FAULTY_VALUE}: {'; '.join(faults)}") if faults else ""


def _setting_columns(metadata: Sequence[SampleSummary]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {}
    for name, kind in SETTING_COLUMNS.items():
        values = (record.get(name) for record in metadata)
        convert = _as_text if kind == TEXT_KIND else _as_integer
        columns[name] = [convert(value) for value in values]
    return columns


def _as_text(value: object) -> str:
    return "" if value is None else str(value)


def _as_integer(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _token_columns(rows: Sequence[SampleSummary]) -> dict[str, list[int]]:
    """Tokens of the model under test: those of all models, less those that were spent in a role."""
    names = ("input_tokens", "output_tokens", "total_tokens")
    columns: dict[str, list[int]] = {name: [] for name in (*names, "role_tokens")}
    for row in rows:
        models = (row.get("model_usage") or {}).values()
        roles = (row.get("role_usage") or {}).values()
        for name in names:
            columns[name].append(_sum_tokens(models, name) - _sum_tokens(roles, name))
        columns["role_tokens"].append(_sum_tokens(roles, "total_tokens"))
    return columns


def _sum_tokens(usages: Iterable[SampleSummary], name: str) -> int:
    return sum(usage.get(name) or 0 for usage in usages)


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_REASON else text[: _MAX_REASON - 1] + "…"
