"""What all tests share: fixtures for data and logs, caches of their own, and warnings that are not about this suite."""

from __future__ import annotations

import importlib.metadata
from functools import cache

import pytest

importlib.metadata.packages_distributions = cache(importlib.metadata.packages_distributions)
"""Inspect asks at each `eval()` which package a task of an editable install comes from, and the answer takes a
third of a second of processor time. It is asked once."""

pytest_plugins = ["dataset_fixtures", "log_fixtures"]


def pytest_configure(config: pytest.Config) -> None:
    """Holds for whichever test the garbage collector happens to run in, so it cannot be a mark of single tests."""
    config.addinivalue_line("filterwarnings", "ignore:Unclosed <MemoryObject:ResourceWarning")  # streams of Inspect
    config.addinivalue_line("filterwarnings", "ignore:unclosed:ResourceWarning")


@pytest.fixture(autouse=True)
def own_caches(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test neither finds graders' answers or tables of logs that another kept, nor leaves its own behind."""
    folder = tmp_path_factory.mktemp("caches")
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(folder / "inspect"))
    monkeypatch.setenv("ADVOCATE_EVALS_CACHE", str(folder / "logs"))
