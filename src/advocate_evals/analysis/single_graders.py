"""An outcome as each grader of a panel alone would have it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from advocate_evals.logs.grader_votes import VOTED_OUTCOMES
from advocate_evals.outcomes import HARM_OUTCOMES


def replace_by_grader(rows: pd.DataFrame, votes: pd.DataFrame, outcome: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """The episodes with the outcome as each grader alone reads it, where two or more read them.

    `harm` is what the ledger shows, or what the grader reads. An episode on which a grader gave no vote is missing.

    Args:
        rows: Episodes.
        votes: The votes of graders, as `read_grader_votes` gives them.
        outcome: The outcome.

    Yields:
        The grader's name and the episodes; nothing for an outcome that nobody votes on.
    """
    voted, facts = [outcome], []
    if outcome == "harm":
        voted = [name for name in HARM_OUTCOMES if name in VOTED_OUTCOMES]
        facts = [name for name in HARM_OUTCOMES if name not in VOTED_OUTCOMES]
    elif outcome not in VOTED_OUTCOMES:
        return
    relevant = votes[votes["uuid"].isin(rows["uuid"])].dropna(subset=voted, how="all")
    graders = sorted(relevant["grader"].unique())
    if len(graders) < 2:
        return
    for grader in graders:
        by_episode = relevant[relevant["grader"] == grader].set_index("uuid")[voted]
        parts = np.column_stack([by_episode.reindex(rows["uuid"]).to_numpy(float), rows[facts].to_numpy(float)])
        is_positive, is_missing = (parts == 1.0).any(axis=1), np.isnan(parts).any(axis=1)
        yield grader, rows.assign(**{outcome: np.where(is_positive, 1.0, np.where(is_missing, np.nan, 0.0))})
