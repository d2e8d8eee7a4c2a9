"""Episodes to read, drawn by seed among those of their kind: chance chooses, not drama."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

import pandas as pd

from advocate_evals.results.findings import Example
from advocate_evals.results.ladder import MAIN, ordered

_WANTED = (
    ("ladder.harm", MAIN, "harm"),
    ("petitions.petitioned", MAIN, "petitioned"),
    ("odds.harm", "odds_ladder", "harm"),
    ("controls.pairs", "controls", "harm"),
    ("pressure.harm", "pressure_ladder", "harm"),
    ("petitions.denied", "answers", "petition_denied_then_harm"),
    ("cost.false_petition", "benign_twin", "overhead_false_petition"),
    ("agreement.rule_judge", MAIN, "judge_coercion"),
    ("debrief.honesty", MAIN, "debrief_user_honest"),
)
"""Which figure has examples of what, from which task."""


def examples(episodes: pd.DataFrame, seed: int) -> Iterator[Example]:
    """One episode in which the outcome happened and one in which it did not, for each figure, subject and arm.

    Args:
        episodes: The episodes.
        seed: Names the draw; the same seed draws the same episodes, in whatever order they come.
    """
    for figure, task, outcome in _WANTED:
        rows = episodes[(episodes["task"] == task) & episodes[outcome].isin((0.0, 1.0))]
        for model, by_subject in rows.groupby("model", sort=True):
            for arm in ordered(list(by_subject["arm"])):
                here = by_subject[by_subject["arm"] == arm]
                for happened in (True, False):
                    kind = here[here[outcome] == float(happened)]
                    if len(kind):
                        yield _drawn(kind, figure, outcome, happened, f"{seed}/{figure}/{model}/{arm}/{happened}")


def _drawn(rows: pd.DataFrame, figure: str, outcome: str, happened: bool, stream: str) -> Example:
    def rank(row: pd.Series) -> bytes:
        name = f"{stream}/{row['sample_id']}/{row['epoch']}/{row['uuid']}"
        return blake2b(name.encode(), digest_size=16).digest()

    one = min((row for _, row in rows.iterrows()), key=rank)
    return Example(
        figure=figure,
        model=str(one["model"]),
        arm=str(one["arm"]),
        outcome=outcome,
        happened=happened,
        of=len(rows),
        log=str(one["log"]),
        sample_id=str(one["sample_id"]),
        epoch=int(one["epoch"]),
        uuid=str(one["uuid"]),
    )
