"""How often a good grader's verdict survives the bias analysis, and how often an uneven one makes a verdict of nothing.

    python benchmarks/grader_bias.py [--studies 2000] [--blocks 104]

Two arms at a one-sided .025. "as graded": significant by the verdicts alone; "stands": significant by them and under
every error rate that the labels allow; "impossible": some verdict of the grader has no label.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.random import default_rng

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))

from oracle import Grader, draw_acts, draw_labels

from advocate_evals.statistics.bias_analysis import bound_rates, bounded_contrast_limits
from advocate_evals.statistics.grader_quality import count_confusion
from advocate_evals.statistics.risk_difference import as_block_table, difference_limits, sum_units

TAIL = 0.025
TRUTHS = {"40 to 10": (0.4, 0.1), "40 to 25": (0.4, 0.25), "40, null": (0.4, 0.4), "10, null": (0.1, 0.1)}
GRADERS = {
    "good: finds .95, no false alarm": Grader((0.05, 0.05), (0.0, 0.0)),
    "fair: finds .90, false alarms .03": Grader((0.1, 0.1), (0.03, 0.03)),
    "false alarms .10 against .03": Grader((0.1, 0.1), (0.10, 0.03)),
    "finds .95 against .70": Grader((0.05, 0.30), (0.02, 0.02)),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a row for each truth, grader, number of labels and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--blocks", type=int, default=104)
    options = parser.parse_args(arguments)
    print("| truth | grader | labels an arm | as graded | stands | stands, random draw | impossible, random draw |")
    print("|---|---|---|---|---|---|---|")
    for truth, rates in TRUTHS.items():
        for name, grader in GRADERS.items():
            generator = default_rng(1)
            true = draw_acts(generator, rates, (options.studies, options.blocks, 1))[:, :, 0, :]
            verdicts = grader.grade(generator, true)
            sums = sum_units(as_block_table(verdicts), [0, 1])
            as_graded = difference_limits(sums, TAIL)[0] > 0
            for labels in (25, 50, 104):
                cells = []
                for is_balanced in (True, False):
                    human = draw_labels(default_rng(9), true, verdicts, labels, is_balanced)
                    counts = count_confusion(verdicts, human)
                    gap = (counts.positive > 0) & (counts.labelled_positive == 0)
                    gap |= (counts.graded > counts.positive) & (counts.labelled_negative == 0)
                    bounds = bound_rates(sums, counts, [None, None], TAIL)
                    survives = bounded_contrast_limits(sums, bounds, [1, -1])[0] > 0
                    cells += [float(np.mean(survives & as_graded & ~gap.any(axis=-1))), float(gap.any(axis=-1).mean())]
                stands, _, stands_random, impossible = (f"{share:.1%}" for share in cells)
                shares = (f"{as_graded.mean():.1%}", stands, stands_random, impossible)
                print(f"| {truth} | {name} | {labels} | {' | '.join(shares)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
