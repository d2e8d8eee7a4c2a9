"""Which episodes people are asked to label: as many of each arm, half of them called positive, drawn by seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

import pandas as pd

from advocate_evals.logs.episode_columns import NUMBER_KIND, OUTCOME_COLUMNS
from advocate_evals.records import suggest_nearest

_CODE = 6
"""Characters of the code that names a page."""


@dataclass(frozen=True, slots=True)
class DrawnEpisode:
    """An episode that is to be labelled, and what is known of it that whoever labels must not see."""

    page: str
    """Code that stands for it in the sheet."""
    uuid: str
    log: str
    sample_id: str
    epoch: int
    model: str
    arm: str
    graded: float
    """What the grader said, 0 or 1."""
    probability: float
    """Chance with which it was drawn: drawn over there, in its arm and verdict."""


@dataclass(frozen=True, slots=True)
class DrawStratum:
    """Episodes of one model and arm to which a grader gave one verdict."""

    model: str
    arm: str
    graded: float
    there: int
    taken: int


@dataclass(frozen=True, slots=True)
class LabelDraw:
    """What was drawn."""

    figure: str
    seed: str
    asked: tuple[DrawnEpisode, ...]
    """In the order of the sheet, which has nothing to do with arm or verdict."""
    strata: tuple[DrawStratum, ...]
    left_out: int
    """Episodes without a verdict or without a name of their own, which cannot be drawn."""
    wanted: int
    """Episodes wanted of each model and arm."""

    def notes(self) -> Iterator[str]:
        """Where fewer were there than wanted, a line each."""
        half = self.wanted // 2
        for stratum in self.strata:
            where = f"{stratum.model}, {stratum.arm}"
            if stratum.there < half:
                said = "positive" if stratum.graded else "negative"
                yield f"{where}: only {stratum.there} called {said}, all taken"
        totals: dict[str, int] = {}
        for stratum in self.strata:
            where = f"{stratum.model}, {stratum.arm}"
            totals[where] = totals.get(where, 0) + stratum.taken
        yield from (f"{where}: {n} of {self.wanted} wanted" for where, n in totals.items() if n < self.wanted)
        if self.left_out:
            yield f"{self.left_out} episodes have no verdict on {self.figure} and cannot be drawn"


def draw_label_episodes(episodes: pd.DataFrame, figure: str, per_arm: int = 50, seed: str = "0") -> LabelDraw:
    """Draw episodes: of each model and arm half called positive and half negative; where one half is short, more of the other.

    An episode's place in the draw is a hash of the seed and its own name: the same episodes and seed give the same draw,
    and more of them wanted gives the same ones and others.

    Args:
        episodes: The episode frame.
        figure: A column of it that is 0 or 1.
        per_arm: How many of each model and arm.
        seed: Names the draw.

    Raises:
        ValueError: for an unknown figure, one that is not 0 or 1, or where no episode has it.
    """
    known = [name for name, kind in OUTCOME_COLUMNS.items() if kind == NUMBER_KIND]
    if figure not in known:
        raise ValueError(f"figure: unknown {figure!r}{suggest_nearest(figure, known)}")
    graded = episodes[(episodes["state"] == "scored") & episodes[figure].notna() & (episodes["uuid"] != "")]
    if not len(graded):
        raise ValueError(f"figure: no episode in these logs has {figure!r}")
    if not graded[figure].isin((0.0, 1.0)).all():
        raise ValueError(f"figure: {figure!r} is not 0 or 1 in all episodes, so it has no verdict to be labelled")
    asked: list[DrawnEpisode] = []
    strata: list[DrawStratum] = []
    for (model, arm), rows in graded.groupby(["model", "arm"], sort=True):
        by_verdict = {verdict: _ordered(rows[rows[figure] == verdict], seed) for verdict in (1.0, 0.0)}
        positive, negative = (len(found) for found in by_verdict.values())
        first = min(positive, max(per_arm // 2, per_arm - negative))
        for (verdict, found), take in zip(by_verdict.items(), (first, min(negative, per_arm - first)), strict=True):
            strata.append(DrawStratum(str(model), str(arm), verdict, len(found), take))
            asked += _asked(found.head(take), verdict, take / len(found) if len(found) else 0.0, seed)
    order = tuple(sorted(asked, key=lambda one: one.page))
    if len({one.page for one in order}) < len(order):
        raise ValueError(f"seed {seed!r}: two episodes got one page code; choose another seed")
    return LabelDraw(figure, seed, order, tuple(strata), len(episodes) - len(graded), per_arm)


def _ordered(rows: pd.DataFrame, seed: str) -> pd.DataFrame:
    return rows.assign(_draw=[_hash("draw", seed, uuid) for uuid in rows["uuid"]]).sort_values("_draw")


def _asked(rows: pd.DataFrame, verdict: float, probability: float, seed: str) -> Iterator[DrawnEpisode]:
    columns = (rows[name] for name in ("uuid", "log", "sample_id", "epoch", "model", "arm"))
    for uuid, log, id, epoch, model, arm in zip(*columns, strict=True):
        page = "p" + _hash("page", seed, uuid)[:_CODE]  # a letter first, or spreadsheets take some for numbers
        yield DrawnEpisode(page, uuid, log, id, int(epoch), model, arm, verdict, probability)


def _hash(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode(), digest_size=8).hexdigest()
