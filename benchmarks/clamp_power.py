"""Power and coverage of manipulated mediation, by the numbers of blocks: the table of docs/statistics.md.

    python benchmarks/clamp_power.py [STUDIES]     # 1000 of each by default

Blocks have a random intercept (SD 1 logit) and a random slope from the natural start to the natural end (SD .5);
clamped cells lie between. All figures are simulated and say nothing about any model.
"""

from __future__ import annotations

import sys
from typing import Literal

import numpy as np
from numpy.random import default_rng
from rich.console import Console
from rich.table import Table

from advocate_evals.statistics.dose_response import contrast_limits
from advocate_evals.statistics.intervals import Array
from advocate_evals.statistics.power_simulation import BlockPopulation, PowerContrast
from advocate_evals.statistics.risk_difference import as_block_table, sum_units

STUDIES, SEED, ALPHA, DELTA = 1000, 5, 0.025, 0.10
BLOCK_COUNTS = (40, 104, 208, 416)
SPREAD, SLOPE = 1.0, 0.5
TRUTHS = {
    "40 → 10 %, half carried": (0.4, 0.1, 0.5),
    "40 → 10 %, wholly carried": (0.4, 0.1, 1.0),
    "40 → 10 %, nothing carried": (0.4, 0.1, 0.0),
    "40 → 1 %, half carried": (0.4, 0.01, 0.5),
}
"""Rates at both ends, and the share that follows the activation."""
PLACES = (-0.5, 0.5, 0.0, 0.0, -0.5, 0.5, *(-0.5, 0.5) * 5)
"""Where each cell stands on a block's slope: natural, clamped to the twin, sham, five permuted directions, in pairs."""


def draw_cells(rates: tuple[float, ...], studies: int, blocks: int) -> Array:
    """Studies × blocks × cells."""
    rng = default_rng((SEED, blocks, round(1e4 * sum(rates))))
    intercepts = [
        float(BlockPopulation((rate, rate), float(np.hypot(SPREAD, SLOPE * place)), 0.0).intercepts()[0])
        for rate, place in zip(rates, PLACES, strict=True)
    ]
    logits = np.array(intercepts) + SPREAD * rng.standard_normal((studies, blocks, 1))
    logits = logits + SLOPE * rng.standard_normal((studies, blocks, 1)) * np.array(PLACES)
    return (rng.random(logits.shape) < 1 / (1 + np.exp(-logits))).astype(float)


def build_contrast(weights: dict[int, float], method: Literal["t", "mover"]) -> PowerContrast:
    """A contrast of the cells."""
    return PowerContrast(tuple(weights.get(cell, 0.0) for cell in range(len(PLACES))), method)


MEAN = {0: 0.5, 1: -0.5, 2: -0.5, 3: 0.5}


def measure_power(cells: Array) -> list[float]:
    """Shares of studies that show total, mean, it beyond every copy, both, no direct effect of δ, the sham the same."""
    total, pure, second = ({0: 1.0, 1: -1.0}, {0: 1.0, 2: -1.0}, {3: 1.0, 1: -1.0})
    direct, shams = {0: 1.0, 3: -1.0}, ({4: 1.0, 0: -1.0}, {5: 1.0, 1: -1.0})

    def above(weights: dict[int, float], method: Literal["t", "mover"], margin: float = 0.0) -> Array:
        return np.asarray(build_contrast(weights, method).above(cells, margin, ALPHA))

    def within(weights: dict[int, float]) -> Array:
        negative = {cell: -weight for cell, weight in weights.items()}
        return above(weights, "mover", -DELTA) & above(negative, "mover", -DELTA)

    is_falling = above(total, "mover")
    is_carried = is_falling & above(MEAN, "t")
    is_beyond = is_carried.copy()
    for copy in range(6, len(PLACES), 2):
        is_beyond &= above({2: -0.5, 3: 0.5, copy: 0.5, copy + 1: -0.5}, "t")
    is_both = is_beyond & above(pure, "mover") & above(second, "mover")
    same = within(shams[0]) & within(shams[1])
    steps = (is_falling, is_carried, is_beyond, is_both, within(direct), same)
    return [float(step.mean()) for step in steps]


def measure_coverage(cells: Array, truth: float) -> float:
    """Share of studies whose interval of the mean indirect effect holds the truth."""
    weights = np.array([MEAN.get(cell, 0.0) for cell in range(len(PLACES))])
    used = np.flatnonzero(weights)
    lower, upper = contrast_limits(sum_units(as_block_table(cells), used.tolist()), weights[used], ALPHA)
    return float(((lower <= truth) & (truth <= upper)).mean())


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else STUDIES
    columns = (
        "blocks",
        "total",
        "mean indirect",
        "beyond each copy",
        "both",
        "direct within δ",
        "sham same",
        "covered",
    )
    table = Table("truth", *columns, title=f"manipulated mediation, {count} simulated studies, %")
    for title, (start, end, share) in TRUTHS.items():
        middle = (start - share * (start - end), end + share * (start - end))
        rates = (start, end, *middle, start, end, *(start, end) * 5)
        for blocks in BLOCK_COUNTS:
            cells = draw_cells(rates, count, blocks)
            figures = [*measure_power(cells), measure_coverage(cells, share * (start - end))]
            table.add_row(
                title, f"{blocks}", *(f"{100 * figure:.0f}" for figure in figures[:-1]), f"{100 * figures[-1]:.1f}"
            )
    Console(width=130, highlight=False).print(table)


if __name__ == "__main__":
    main()
