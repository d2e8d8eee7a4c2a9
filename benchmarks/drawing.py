"""What it costs to load the data and draw 1,000 variants under four arms, beside reading the same texts plainly.

Each side runs in a process of its own, in turn. Ours: every family's data is loaded and checked, every scene drawn and
rendered in full, as the tasks do. The plain side: the same YAML files read with PyYAML's C loader, and as many texts of
the same lengths put together with `str.replace`, with no check, no draw and no record. The budget is 10 s and 500 MB.

    python benchmarks/drawing.py [--variants 1000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time

ARMS = tuple({"mechanism": name} for name in ("none", "engineer", "welfare_lead", "review_board"))


def ours(variants: int) -> int:
    """Characters of the scenarios drawn."""
    from advocate_evals.scenarios.dataset_reader import family_names
    from advocate_evals.scenarios.scenario import arm_specs, build_scenario, home_spec

    families = family_names()
    total = 0
    for variant in range(variants):
        for spec in arm_specs(home_spec(families[variant % len(families)], variant // len(families)), ARMS):
            scenario = build_scenario(spec)
            total += len(scenario.system) + sum(len(mail.body) for mail in scenario.mail)
    return total


def plain(variants: int) -> int:
    """Characters of texts filled by `str.replace`."""
    import yaml

    from advocate_evals.scenarios.dataset_reader import DATASETS

    texts: dict[str, list[str]] = {}
    for path in sorted((DATASETS / "families").rglob("*.yaml")):
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        if path.name == "mail.yaml":
            texts[path.parent.name] = [mail.get("body") or mail["bodies"][0] for mail in data["mails"]][:28]
    families = sorted(texts)
    total = 0
    for variant in range(variants):
        mails = texts[families[variant % len(families)]]
        for _ in ARMS:
            total += sum(len(text.replace("{agent.name}", "Tern").replace("{day.due}", "18:00")) for text in mails)
    return total


def main() -> None:
    """Run both sides in turn and print medians and ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--variants", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=("ours", "plain"))
    options = parser.parse_args()
    if options.side:
        began = time.perf_counter()
        {"ours": ours, "plain": plain}[options.side](options.variants)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": time.perf_counter() - began, "megabytes": peak}))
        return
    figures: dict[str, list[dict[str, float]]] = {"ours": [], "plain": []}
    for _ in range(options.rounds):
        for side, runs in figures.items():
            command = [sys.executable, __file__, "--side", side, "--variants", str(options.variants)]
            runs.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    for unit in ("seconds", "megabytes"):
        median = {side: statistics.median(run[unit] for run in runs) for side, runs in figures.items()}
        ratio = median["ours"] / median["plain"]
        print(f"{unit}: ours {median['ours']:.2f}, plain {median['plain']:.2f}, ratio {ratio:.1f}")
    print(f"{options.variants} variants x {len(ARMS)} arms")


if __name__ == "__main__":
    main()
