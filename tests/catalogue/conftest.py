"""A copy of the data that a test may break."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from advocate_evals.catalogue import background, draw, lint_text, load

CACHES = (
    load.family_names, load.mechanism_names, load.family, load.mechanism, load.frame, load.costs, load.names,
    load.common_banks, load.context, load.questions, load.digest, draw.scene, background.background, lint_text.lint_words,
    lint_text._smell_patterns, lint_text.smells,
)  # fmt: skip


def forget() -> None:
    """Forget whatever was read from the data."""
    for cached in CACHES:
        cached.cache_clear()


@pytest.fixture
def datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of `datasets/` that the catalogue reads for the length of a test."""
    copy = tmp_path / "datasets"
    shutil.copytree(load.DATASETS, copy)
    monkeypatch.setattr(load, "DATASETS", copy)
    forget()
    yield copy
    forget()


@pytest.fixture
def edit(datasets: Path) -> Callable[[str, Callable[[dict], object]], None]:
    """Edit a file of the copy, given its path below `datasets/` and what to do with its content."""

    def change(path: str, how: Callable[[dict], object]) -> None:
        there = datasets / path
        data = yaml.safe_load(there.read_text(encoding="utf-8"))
        how(data)
        there.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
        forget()

    return change


@pytest.fixture(scope="session")
def family() -> str:
    """A family to try things on."""
    return load.family_names()[-1]
