"""Running Inspect in the process leaves streams of its own unclosed; that warning is not about this suite."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Holds for whichever test the garbage collector happens to run in, so it cannot be a mark of single tests."""
    config.addinivalue_line("filterwarnings", "ignore:Unclosed <MemoryObject:ResourceWarning")
    config.addinivalue_line("filterwarnings", "ignore:unclosed:ResourceWarning")
