"""A warning that others give: how inspect_evals writes its own records."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Holds for whichever test the garbage collector happens to run in, so it cannot be a mark of single tests."""
    config.addinivalue_line("filterwarnings", "ignore:.*__get_validators__:DeprecationWarning")
