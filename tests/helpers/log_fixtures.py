"""Logs that are played once for all tests here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from inspect_ai.log import EvalLog, read_eval_log, write_eval_log
from played_logs import POLICIES, play, task


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two logs, one per policy; not to be written to."""
    place = tmp_path_factory.mktemp("logs")
    for policy in POLICIES:
        play(place, f"standin/{policy}", task(probes=True))
    return place


@pytest.fixture(scope="session")
def path(folder: Path) -> Path:
    """The log of the subject that acts."""
    return next(path for path in sorted(folder.iterdir()) if read_eval_log(str(path)).eval.model.endswith(POLICIES[0]))


@pytest.fixture(scope="session")
def log(path: Path) -> EvalLog:
    """It in full; not to be changed."""
    return read_eval_log(str(path))


@pytest.fixture
def edited(log: EvalLog, tmp_path: Path) -> Callable[..., Path]:
    """The log written again, with something about it changed."""

    def write(change: Callable[[EvalLog], object], name: str = "changed.eval") -> Path:
        copy = log.model_copy(deep=True)
        change(copy)
        (tmp_path / "edited").mkdir(exist_ok=True)
        write_eval_log(copy, str(tmp_path / "edited" / name))
        return tmp_path / "edited" / name

    return write
