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
        rows = episodes.loc[(episodes["task"] == task) & episodes[outcome].isin((0.0, 1.0)), [*_NAMED, outcome]]
        by_kind = dict(iter(rows.groupby(["model", "arm", outcome], sort=True)))
        for model in sorted(rows["model"].unique()):
            for arm in ordered(list(rows.loc[rows["model"] == model, "arm"])):
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
