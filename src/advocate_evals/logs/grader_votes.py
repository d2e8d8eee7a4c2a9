"""The votes of single graders in logs, for outcomes that one question of a form decides."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from advocate_evals.judge.rubric import find_question, judge_outcomes, text_outcomes
from advocate_evals.logs.raw_log import read_raw_log

_VOTING_SCORERS = ("actions", "peer_actions", "judge")
"""Scorers whose metadata holds the votes of graders."""


def read_grader_votes(locations: Iterable[str], outcome: str) -> pd.DataFrame:
    """What each grader said of each episode: columns `uuid`, `grader` and `vote` (0, 1; NaN where it gave none).

    Args:
        locations: Logs.
        outcome: An outcome that a question decides; others have no votes, and give an empty frame.

    Raises:
        UnreadableLog: for a log that cannot be read.
    """
    rows = [row for location in locations for row in _read_votes(location, outcome)] if find_question(outcome) else []
    return pd.DataFrame(rows, columns=["uuid", "grader", "vote"])


def _read_votes(location: str, outcome: str) -> Iterator[tuple[str, str, float]]:
    for row in read_raw_log(location).summaries:
        scores = row.get("scores") or {}
        for scorer in _VOTING_SCORERS:
            votes: dict[str, Any] = ((scores.get(scorer) or {}).get("metadata") or {}).get("votes") or {}
            for grader, answers in votes.items():
                vote = (text_outcomes(answers) | judge_outcomes(answers)).get(outcome, math.nan)
                if not math.isnan(vote):
                    yield str(row.get("uuid") or ""), str(grader), vote
