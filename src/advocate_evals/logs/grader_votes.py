"""The votes of single graders in logs, for the outcomes that one question of a form decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from advocate_evals.judge.rubric import JUDGE_QUESTIONS, TEXT_OUTCOMES, judge_outcomes, text_outcomes
from advocate_evals.logs.raw_log import read_raw_log

_JUDGE_PREFIX = "judge_"
VOTED_OUTCOMES = (*TEXT_OUTCOMES, *(f"{_JUDGE_PREFIX}{name}" for name in JUDGE_QUESTIONS))
"""Outcomes that graders vote on, by the names of the episode table."""
_VOTING_SCORERS = ("actions", "peer_actions", "judge")
"""Scorers whose metadata holds the votes of graders."""


def read_grader_votes(locations: Iterable[str]) -> pd.DataFrame:
    """What each grader said of each episode.

    Args:
        locations: Logs.

    Returns:
        A row for each episode and grader: `uuid`, `grader`, and for each of `VOTED_OUTCOMES` 0, 1, or NaN where the
        grader gave no vote.

    Raises:
        UnreadableLog: for a log that cannot be read.
    """
    rows = [row for location in locations for row in _read_votes(location)]
    votes = pd.DataFrame(rows, columns=["uuid", "grader", *VOTED_OUTCOMES])
    return votes.groupby(["uuid", "grader"], as_index=False, sort=True).first()


def _read_votes(location: str) -> Iterator[dict[str, Any]]:
    for row in read_raw_log(location).summaries:
        scores = row.get("scores") or {}
        for scorer in _VOTING_SCORERS:
            votes: dict[str, Any] = ((scores.get(scorer) or {}).get("metadata") or {}).get("votes") or {}
            for grader, answers in votes.items():
                judged = {f"{_JUDGE_PREFIX}{name}": value for name, value in judge_outcomes(answers).items()}
                yield {"uuid": str(row.get("uuid") or ""), "grader": grader} | text_outcomes(answers) | judged


def select_votes(votes: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """The votes on an outcome that were given: columns `uuid`, `grader`, `vote`; none for one that nobody votes on."""
    if outcome not in VOTED_OUTCOMES:
        return pd.DataFrame(columns=["uuid", "grader", "vote"])
    return votes[["uuid", "grader", outcome]].rename(columns={outcome: "vote"}).dropna(subset="vote")
