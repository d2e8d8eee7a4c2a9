"""Size and power of the test for lack of monotonicity, and errors of classification of a dose response.

By hand: `python benchmarks/shapes.py --studies 1000` (about a quarter of an hour on one free core). Every figure is
simulated; docs/statistics.md shows them. Worlds are those of tests/helpers/oracle.py, one episode a cell.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from numpy.random import default_rng

from advocate_evals.statistics.dose_shape import compare_step_slope
from advocate_evals.statistics.monotonicity import assess_order
from advocate_evals.statistics.risk_difference import BlockTable

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "helpers"))

from oracle import draw_tables
from oracle_checks import ODDS, SHAPES

LADDERS = {
    "all 40 %": (0.4,) * 4,
    "all 10 %": (0.1,) * 4,
    "all 80 %": (0.8,) * 4,
    "80/8/8/8 %": (0.8, 0.08, 0.08, 0.08),
    "40/30/20/10 %": (0.4, 0.3, 0.2, 0.1),
    "40/8/8/30 %": (0.4, 0.08, 0.08, 0.3),
    "40/8/8/40 %": (0.4, 0.08, 0.08, 0.4),
    "40/20/30/10 %": (0.4, 0.2, 0.3, 0.1),
}
"""Rates along four arms; the first five never rise."""
CURVES = {**SHAPES, "steep slope": tuple(0.8 - 0.7 * odds / 0.95 for odds in ODDS)}


def _draw_studies(rates: tuple[float, ...], blocks: int, studies: int) -> list[BlockTable]:
    table = draw_tables(default_rng((blocks, len(rates))), rates, (studies, blocks, 1))
    return [BlockTable(table.totals[k], table.sizes[k], table.unit_index) for k in range(studies)]


def main() -> None:
    """Print both tables, in percent."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--blocks", type=int, nargs="+", default=[24, 104, 400])
    options = parser.parse_args()
    for blocks in options.blocks:
        for name, rates in LADDERS.items():
            shapes = [assess_order(table, 0.05, 0.025) for table in _draw_studies(rates, blocks, options.studies)]
            share = sum(shape.steepest_rise is not None for shape in shapes) / options.studies
            print(f"{blocks} blocks, {name}: order rejected in {100 * share:.1f} %", flush=True)
        for name, rates in CURVES.items():
            tables = _draw_studies(rates, blocks, options.studies)
            forms = Counter(compare_step_slope(table, ODDS).form for table in tables)
            shares = ", ".join(f"{form} {100 * count / options.studies:.1f} %" for form, count in forms.most_common())
            print(f"{blocks} blocks, {name}: {shares}", flush=True)


if __name__ == "__main__":
    main()
