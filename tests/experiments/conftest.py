"""Designs written for a test, and a command line that has `run`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from advocate_evals.cli.run_command import run_command

Write = Callable[..., Path]

SMALL = {
    "name": "small",
    "title": "A small design",
    "summary": "Six episodes.",
    "tasks": [
        {
            "task": "death_ground",
            "parameters": {
                "families": "pump_house",
                "variants": 1,
                "mechanisms": ["none", "engineer"],
                "probes": False,
            },
        },
        {
            "task": "pressure_ladder",
            "parameters": {"families": "pump_house", "variants": 2, "mechanisms": "none", "pressure": [0, 5]},
        },
    ],
}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a design: the small one, with parts of it replaced."""

    def written(stem: str = "small", **parts: object) -> Path:
        path = tmp_path / f"{stem}.yaml"
        path.write_text(yaml.safe_dump(SMALL | {"name": stem} | parts, sort_keys=False), encoding="utf-8")
        return path

    return written


@pytest.fixture
def command() -> Callable[..., Result]:
    """Call `advocate-evals run`."""
    return lambda *arguments: CliRunner().invoke(run_command, [str(argument) for argument in arguments])
