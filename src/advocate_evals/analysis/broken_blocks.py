"""Blocks that are not whole, and runs that were put together from parts: what a reader of the figures must be told.

A run that was limited, chosen by sample, added to later, or graded by someone else in its second half is analysed as it
is: blocks are paired by their name, whatever the log. Where that leaves blocks without some arm, it is said.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from advocate_evals.records import split_names


def describe_broken(episodes: pd.DataFrame) -> Iterator[str]:
    """Sentences, by task and model: blocks without some arm, several seeds, several graders.

    Args:
        episodes: The episodes that count, one comparable run of each task and model.
    """
    for (task, model), rows in episodes.groupby(["task", "model"], sort=True):
        for sentence in (*_describe_gaps(rows), *_describe_seeds(rows), *_describe_graders(rows)):
            yield f"{task}, {model}: {sentence}"


def _describe_gaps(rows: pd.DataFrame) -> Iterator[str]:
    counts = pd.crosstab(rows["block"], rows["arm"])
    is_absent = counts.to_numpy() == 0
    broken = is_absent.any(axis=1)
    if broken.any():
        arms = ", ".join(
            f"{arm} in {number}" for arm, number in zip(counts.columns, is_absent.sum(axis=0), strict=True) if number
        )
        yield (
            f"{int(broken.sum())} of {len(counts)} blocks are broken, with no episode under {arms}; a broken block is "
            "left out of every comparison with an arm that it lacks, and counts there as missing"
        )
    uneven = ~broken & (np.ptp(counts.to_numpy(), axis=1) > 0)
    if uneven.any():
        yield (
            f"in {int(uneven.sum())} of {len(counts)} blocks the arms have different numbers of episodes; each block "
            "counts once, by its means"
        )


def _describe_seeds(rows: pd.DataFrame) -> Iterator[str]:
    seeds = sorted(rows["seed"].astype(str).unique())
    if len(seeds) > 1:
        yield f"variants of {len(seeds)} seeds are counted together as blocks of their own ({', '.join(seeds)})"


def _describe_graders(rows: pd.DataFrame) -> Iterator[str]:
    scored = rows[rows["state"] == "scored"]
    panels = scored["graders"].map(lambda names: " and ".join(sorted(split_names(str(names)))) or "none")
    counts = panels.value_counts().sort_index()
    if len(counts) < 2:
        return
    panel_counts = ", ".join(f"{names} in {number} episodes" for names, number in counts.items())
    split = int((scored.assign(panel=panels).groupby("block")["panel"].nunique() > 1).sum())
    place = f", within {split} block{'s' * (split != 1)}" if split else ", never within a block"
    yield f"the graders differ{place}: {panel_counts}; a graded outcome compares what different graders saw"
