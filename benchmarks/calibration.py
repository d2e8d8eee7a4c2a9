"""Calibration of the statistics on simulated data with a known truth: required and reached figures of every check.

Exit status 1 where a figure lies outside its range. `--shrink 10` runs a tenth of the simulations and widens the ranges
by three standard errors.

    python benchmarks/calibration.py [--shrink 1] [--only O1 N3 ...]
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "helpers"))

from oracle_checks import CHECKS, CONTROLS


def main() -> int:
    """Run the checks and print one line each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--shrink", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=[])
    options = parser.parse_args()
    errors = 0.0 if options.shrink == 1 else 3.0
    failed = False
    print("| check | simulations | figures | required | reached | |\n|---|---|---|---|---|---|")
    for check in (*CHECKS, *CONTROLS):
        if options.only and check.name not in options.only:
            continue
        began = time.perf_counter()
        figures = list(check.run(check.full // options.shrink))
        for low, high in sorted({(figure.low, figure.high) for figure in figures}):
            group = [figure for figure in figures if (figure.low, figure.high) == (low, high)]
            missed = [figure for figure in group if not figure.holds(errors)]
            failed |= bool(missed)
            values = [figure.value for figure in group]
            remark = "; ".join(f"**missed** {figure.where}: {100 * figure.value:.2f}" for figure in missed) or "ok"
            print(
                f"| {check.name} {check.description} | {check.full // options.shrink:,} "
                f"| {len(group)} | {100 * low:.1f} to {100 * high:.1f} "
                f"| {100 * min(values):.2f} to {100 * max(values):.2f} | {remark} |",
                flush=True,
            )
        print(f"{check.name}: {time.perf_counter() - began:.1f} s", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
