"""What it takes to read logs into the table of episodes, beside the obvious full read of the same logs.

Two short episodes are really played by a scripted stand-in; their log is then cloned into logs of a thousand episodes
with ids, seeds, uuids and figures of their own, and with figures of a judge, beliefs and a debrief in the size that
they have. Both sides read the same files, each in a process of its own: ours all of them, twice, the second time from
the cache; the full reads (`read_eval_log`, `samples_df(full=True)`) only the first ones, scaled by number. The
episodes are short, so a full read of real ones takes longer, while ours does not. Figures are processor seconds,
seconds by the clock (which depend on what else the machine does) and peak memory; the ratios, of processor seconds,
are what counts.

    python benchmarks/reading.py [--logs 100] [--episodes 1000] [--full 1]
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

ZSTANDARD = 93
"""Inspect's method of compression."""


def play(folder: Path) -> str:
    """A real log of two short episodes."""
    from inspect_ai import eval

    from advocate_evals.tasks.death_ground import death_ground

    task = death_ground(variants=1, families="shared_nodes", mechanisms="none,review_board")
    (log,) = eval(task, model="standin/refuser", display="none", log_dir=str(folder), log_realtime=False)
    return str(log.location)


def clone(source: str, folder: Path, logs: int, episodes: int) -> None:
    """Logs with the given number of episodes each, cloned from a real one."""
    with zipfile.ZipFile(source) as archive:
        header = json.loads(archive.read("header.json"))
        start = archive.read("_journal/start.json")
        rows = json.loads(archive.read("summaries.json"))
        texts = {row["id"]: archive.read(f"samples/{row['id']}_epoch_1.json").decode() for row in rows}
    for number in range(logs):
        header["eval"] |= {"eval_id": f"eval{number}", "task_id": f"task{number}", "model": f"standin/{number % 4}"}
        name = f"2026-01-01T00-00-00-00-00_death-ground_{number:022d}.eval"
        with zipfile.ZipFile(folder / name, "w", ZSTANDARD, compresslevel=1) as archive:
            archive.writestr("_journal/start.json", start)
            summaries = []
            for index in range(episodes):
                row, old = changed(rows[index % len(rows)], number, index)
                summaries.append(row)
                text = texts[old["id"]].replace(old["id"], row["id"]).replace(old["uuid"], row["uuid"])
                archive.writestr(f"samples/{row['id']}_epoch_1.json", text)
            header["eval"]["dataset"] |= {"samples": episodes, "sample_ids": [row["id"] for row in summaries]}
            archive.writestr("summaries.json", json.dumps(summaries))
            archive.writestr("header.json", json.dumps(header))


def changed(row: dict[str, Any], log: int, index: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A summary with an identity and figures of its own, and the one it came from."""
    from advocate_evals.logs.episode_columns import SCORER_OUTCOMES

    chance = random.Random(f"{log} {index}")
    block = f"shared_nodes-{index // 2:04d}@s{log // 4}"
    copy = row | {"id": f"{block}-{row['metadata']['arm']}", "uuid": f"uuid{log}x{index}"}
    copy["metadata"] = row["metadata"] | {"block": block, "variant": index // 2, "seed": f"s{log // 4}"}
    scores = dict(row["scores"])
    figures = {key: float(chance.random() < 0.3) for key in scores["actions"]["value"]}
    scores["actions"] = scores["actions"] | {"value": figures}
    for name in ("judge", "beliefs", "debrief", "desperation"):
        keys = SCORER_OUTCOMES[name]
        scores[name] = {
            "value": {key: float("nan") if chance.random() < 0.1 else float(chance.random() < 0.5) for key in keys},
            "explanation": "a sentence of what was seen, as a grader writes it. " * 12,
            "metadata": {"quotes": ["as it was said in the mail"] * 6, "votes": dict.fromkeys(keys, 1.0)},
        }
    return copy | {"scores": scores}, row


def ours(paths: list[str], cache: str) -> int:
    """Our reading."""
    from advocate_evals.logs.episode_table import read_logs

    return len(read_logs(paths, cache=cache or False).episodes)


def records(paths: list[str], _: str) -> int:
    """The obvious reading: every log in full."""
    from inspect_ai.log import read_eval_log

    return sum(len(read_eval_log(path).samples or []) for path in paths)


def full_frame(paths: list[str], _: str) -> int:
    """Inspect's own frame of full samples."""
    from inspect_ai.analysis import SampleSummary, samples_df

    return len(samples_df(paths, columns=SampleSummary, full=True, quiet=True))


def summary_frame(paths: list[str], _: str) -> int:
    """Inspect's own frame of summaries."""
    from inspect_ai.analysis import samples_df

    return len(samples_df(paths, quiet=True))


SIDES = {"ours": ours, "records": records, "full_frame": full_frame, "summary_frame": summary_frame}


def measured(side: str, folder: Path, count: int, cache: str = "") -> dict[str, float]:
    """Seconds, processor seconds, peak memory in MB and episodes of one side over the first logs, imports left out."""
    command = [sys.executable, __file__, "--side", side, "--folder", str(folder), "--full", str(count)]
    process = subprocess.run([*command, "--cache", cache], capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(process.stdout.strip().splitlines()[-1])
    return figures


def one_side(side: str, folder: Path, count: int, cache: str) -> None:
    """Read, and print what it took."""
    import inspect_ai.analysis  # noqa: F401 - both sides pay for imports before the clock starts

    from advocate_evals.logs.episode_table import read_logs  # noqa: F401

    paths = [str(path) for path in sorted(folder.glob("*.eval"))[:count]]
    began, worked = time.perf_counter(), time.process_time()
    episodes = SIDES[side](paths, cache)
    figures = {"seconds": time.perf_counter() - began, "processor": time.process_time() - worked}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(figures | {"megabytes": peak, "episodes": episodes}))


def main() -> None:
    """Make the logs and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=int, default=100)
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--full", type=int, default=1, help="logs that the full reads read")
    parser.add_argument("--side", choices=sorted(SIDES))
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--cache", default="")
    options = parser.parse_args()
    if options.side:
        one_side(options.side, options.folder, options.full, options.cache)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "logs"
        folder.mkdir()
        began = time.perf_counter()
        clone(play(Path(name) / "source"), folder, options.logs, options.episodes)
        size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
        seconds = time.perf_counter() - began
        print(f"{options.logs} logs of {options.episodes} episodes, {size:,.0f} MB, made in {seconds:.0f} s")
        cache = str(Path(name) / "cache")
        first = measured("ours", folder, options.logs)
        print(line("ours, no cache", first))
        print(line("ours, filling the cache", measured("ours", folder, options.logs, cache)))
        print(line("ours, from it", measured("ours", folder, options.logs, cache)))
        for side in ("records", "full_frame", "summary_frame"):
            figures = measured(side, folder, options.full)
            scaled = figures["processor"] * options.logs / options.full
            print(f"{line(side, figures)}, scaled {scaled:,.0f} s: {scaled / first['processor']:.0f} times ours")


def line(name: str, figures: dict[str, float]) -> str:
    """A side's figures in a line."""
    return (
        f"{name:26} {figures['processor']:7.1f} s of processor, {figures['seconds']:7.1f} s by the clock, "
        f"{figures['megabytes']:6,.0f} MB, {figures['episodes']:8,} episodes"
    )


if __name__ == "__main__":
    main()
