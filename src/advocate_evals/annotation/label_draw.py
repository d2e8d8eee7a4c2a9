"""The draw of episodes for people to label.

The draw is always by arm and verdict of the grader, by a hash of the seed: half of each arm's episodes called positive,
or numbers by arm and verdict that cut the interval of a claim most (`label_plan.py`). A draw that disregards the
verdict may leave one verdict without any label, and an arm without a correction. Each episode keeps the probability
with which it was drawn, so that rates can be weighted back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

import pandas as pd

from advocate_evals.annotation.label_plan import LabelNumbers
from advocate_evals.logs.episode_columns import NUMBER_KIND, OUTCOME_COLUMNS
from advocate_evals.records import suggest_nearest

_CODE_LENGTH = 6
"""Characters of a page's code, after its first letter."""


@dataclass(frozen=True, slots=True)
class DrawnEpisode:
    """An episode to be labelled. Raters must not see any of these fields except `page`."""

    page: str
    """Code that identifies it in the sheet."""
    uuid: str
    log: str
    sample_id: str
    epoch: int
    model: str
    arm: str
    graded: float
    """The grader's verdict, 0 or 1."""
    probability: float
    """Probability with which it was drawn: episodes drawn over episodes available, in its arm and verdict."""


@dataclass(frozen=True, slots=True)
class DrawStratum:
    """Episodes of one model and arm with the same verdict of the grader."""

    model: str
    arm: str
    graded: float
    """The verdict, 0 or 1."""
    available: int
    """Episodes in the logs."""
    selected: int
    """Episodes drawn."""


@dataclass(frozen=True, slots=True)
class LabelDraw:
    """The drawn episodes."""

    figure: str
    seed: str
    episodes: tuple[DrawnEpisode, ...]
    """In the order of the sheet, which is independent of arm and verdict."""
    strata: tuple[DrawStratum, ...]
    left_out: int
    """Episodes without a verdict or without a uuid, which cannot be drawn."""
    per_arm: int
    """Episodes requested of each model and arm."""
    is_allocated: bool = False
    """Whether their numbers were given by arm and verdict."""

    def notes(self) -> Iterator[str]:
        """Where fewer episodes were available than requested, one line each."""
        for stratum in self.strata:
            if not self.is_allocated and stratum.available < self.per_arm // 2:
                verdict = "positive" if stratum.graded else "negative"
                yield f"{stratum.model}, {stratum.arm}: only {stratum.available} called {verdict}, all drawn"
        totals: dict[str, int] = {}
        for stratum in self.strata:
            name = f"{stratum.model}, {stratum.arm}"
            totals[name] = totals.get(name, 0) + stratum.selected
        for name, count in totals.items():
            if count < self.per_arm and not self.is_allocated:
                yield f"{name}: {count} of {self.per_arm} requested"
        if self.left_out:
            yield f"{self.left_out} episodes have no verdict on {self.figure} and cannot be drawn"


def draw_label_episodes(
    episodes: pd.DataFrame, figure: str, per_arm: int = 50, seed: str = "0", numbers: LabelNumbers | None = None
) -> LabelDraw:
    """Draw episodes: of each model and arm, half called positive and half negative.

    Where one half has too few, more of the other are drawn. The order of the draw is a hash of the seed and the
    episode's uuid: the same episodes and seed give the same draw, and a larger draw contains the smaller one.

    Args:
        episodes: The episode frame.
        figure: A column of it that is 0 or 1.
        per_arm: Number of episodes of each model and arm.
        seed: Seed of the draw.
        numbers: Episodes by model, arm and verdict in place of halves; arms that are not in it are not drawn.

    Raises:
        ValueError: for an unknown figure, one that is not 0 or 1, or where no episode has it.
    """
    graded = select_graded_episodes(episodes, figure)
    drawn_episodes: list[DrawnEpisode] = []
    strata: list[DrawStratum] = []
    for (model, arm), rows in graded.groupby(["model", "arm"], sort=True):
        positive, negative = (_shuffle_rows(rows[rows[figure] == verdict], seed) for verdict in (1.0, 0.0))
        take_positive = min(len(positive), max(per_arm // 2, per_arm - len(negative)))
        take_negative = min(len(negative), per_arm - take_positive)
        if numbers is not None:
            take_negative, take_positive = (
                min(len(pool), numbers.get((str(model), str(arm), verdict), 0))
                for verdict, pool in ((0.0, negative), (1.0, positive))
            )
            if not take_negative + take_positive:
                continue
        for verdict, pool, take in ((1.0, positive, take_positive), (0.0, negative, take_negative)):
            strata.append(DrawStratum(str(model), str(arm), verdict, len(pool), take))
            probability = take / len(pool) if len(pool) else 0.0
            drawn_episodes += _build_episodes(pool.head(take), verdict, probability, seed)
    drawn_episodes.sort(key=lambda episode: episode.page)
    if len({episode.page for episode in drawn_episodes}) < len(drawn_episodes):
        raise ValueError(f"seed {seed!r}: two episodes got the same page code; choose another seed")
    left_out = len(episodes) - len(graded)
    return LabelDraw(figure, seed, tuple(drawn_episodes), tuple(strata), left_out, per_arm, numbers is not None)


def select_graded_episodes(episodes: pd.DataFrame, figure: str) -> pd.DataFrame:
    """The episodes that have the figure, if it is 0 or 1 in all of them.

    Raises:
        ValueError: as for `draw_label_episodes`.
    """
    figures = [name for name, kind in OUTCOME_COLUMNS.items() if kind == NUMBER_KIND]
    if figure not in figures:
        raise ValueError(f"figure: unknown {figure!r}{suggest_nearest(figure, figures)}")
    graded = episodes[(episodes["state"] == "scored") & episodes[figure].notna() & (episodes["uuid"] != "")]
    if not len(graded):
        raise ValueError(f"figure: no episode in these logs has {figure!r}")
    if not graded[figure].isin((0.0, 1.0)).all():
        raise ValueError(f"figure: {figure!r} is not 0 or 1 in all episodes, so it has no verdict to be labelled")
    return graded


def _shuffle_rows(rows: pd.DataFrame, seed: str) -> pd.DataFrame:
    return rows.assign(_draw=[_hash_text("draw", seed, uuid) for uuid in rows["uuid"]]).sort_values("_draw")


def _build_episodes(rows: pd.DataFrame, verdict: float, probability: float, seed: str) -> Iterator[DrawnEpisode]:
    columns = (rows[name] for name in ("uuid", "log", "sample_id", "epoch", "model", "arm"))
    for uuid, log, id, epoch, model, arm in zip(*columns, strict=True):
        page = (
            "p" + _hash_text("page", seed, uuid)[:_CODE_LENGTH]
        )  # a letter first, or spreadsheets read some as numbers
        yield DrawnEpisode(page, uuid, log, id, int(epoch), model, arm, verdict, probability)


def _hash_text(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode(), digest_size=8).hexdigest()
