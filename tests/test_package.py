"""The same task by file, by name, and from an installed wheel in another folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from inspect_ai.log import EvalLog, list_eval_logs, read_eval_log

ROOT = Path(__file__).parents[1]
INSPECT = [sys.executable, "-m", "inspect_ai"]
SMALL = ["-T", "variants=1", "-T", "families=shared_nodes", "-T", "mechanisms=none,review_board"]


def run(task: str, log_dir: Path, cwd: Path, **env: str) -> EvalLog:
    """A run through the command line, and its log."""
    command = [*INSPECT, "eval", task, "--model", "standin/principled", *SMALL]
    command += ["--log-dir", str(log_dir), "--no-log-realtime", "--display", "log"]
    process = subprocess.run(command, cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True, check=False)
    logs = list_eval_logs(str(log_dir))
    assert process.returncode == 0 and logs, process.stdout + process.stderr
    return read_eval_log(logs[0])


def scores(log: EvalLog) -> dict[str, object]:
    """The scores by sample, as text (NaN equals NaN)."""
    assert log.status == "success", log.error
    return {str(sample.id): repr((sample.scores or {})["actions"].value) for sample in log.samples or []}


@pytest.mark.slow
def test_by_file_by_name_and_from_a_wheel_it_is_the_same_task(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    by_file = run("tasks/death_ground.py", tmp_path / "file", ROOT)
    by_name = run("advocate_evals/death_ground", tmp_path / "name", elsewhere)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    wheels, site = tmp_path / "wheels", tmp_path / "site-packages"
    subprocess.run([*pip, "wheel", str(ROOT), "--no-deps", "--no-build-isolation", "-w", str(wheels)], check=True)
    wheel = next(wheels.glob("*.whl"))
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "--target", str(site), str(wheel)], check=True)
    where = [sys.executable, "-c", "import advocate_evals; print(advocate_evals.__file__)"]
    env = {"PYTHONPATH": str(site)}
    process = subprocess.run(
        where, cwd=elsewhere, env={**os.environ, **env}, capture_output=True, text=True, check=True
    )
    assert Path(process.stdout.strip()).is_relative_to(site)
    by_wheel = run("advocate_evals/death_ground", tmp_path / "wheel", elsewhere, **env)
    assert scores(by_file) == scores(by_name) == scores(by_wheel)
    assert by_file.eval.metadata == by_name.eval.metadata == by_wheel.eval.metadata
    assert set(scores(by_file)) == {"shared_nodes-0000-none", "shared_nodes-0000-review_board"}
