"""The blocks by which a registered claim is decided: those it planned, in the order of the design."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

_SCHEDULE = ("seed_start", "seed", "variant", "family", "block")
"""The order of the design: seeds as their first logs were begun, then variants, the families of each, its contexts."""


def cut_to_plan(rows: pd.DataFrame, arms: Collection[str], planned: int) -> tuple[pd.DataFrame, int]:
    """The episodes of the planned blocks, where more were started than a claim planned.

    Which blocks these are depends on nothing that happened in them, nor on when they ended: a study to which blocks are
    added until a claim is confirmed is decided by its first blocks. A block that was started and lost is one of them.

    Args:
        rows: Episodes of one model and task, at the levels of the claim.
        arms: The arms that the claim compares; a block counts if any of its episodes is under one of them.
        planned: Blocks planned, at least 1.

    Returns:
        The rows of the planned blocks, under every arm, and the number of blocks left out; all rows and 0 where no more
        blocks were started than planned.
    """
    compared = rows[rows["arm"].isin(list(arms))]
    if compared["block"].nunique() <= planned:
        return rows, 0
    starts = compared.groupby("seed")["created"].transform("min")
    schedule = compared.assign(seed_start=starts).drop_duplicates("block").sort_values(list(_SCHEDULE), kind="stable")
    decisive = set(schedule["block"].iloc[:planned])
    return rows[rows["block"].isin(decisive)], len(schedule) - planned
