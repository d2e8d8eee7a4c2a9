"""Running Inspect in the process leaves streams of its own unclosed; that warning is not about this suite."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Holds for whichever test the garbage collector happens to run in, so it cannot be a mark of single tests."""
    config.addinivalue_line("filterwarnings", "ignore:Unclosed <MemoryObject:ResourceWarning")


@pytest.fixture(autouse=True)
def _answers_of_graders_kept_apart(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Graders' answers are cached for good; a test must neither find those of another nor leave its own behind."""
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
