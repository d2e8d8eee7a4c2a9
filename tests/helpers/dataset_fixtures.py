"""A copy of the data that a test may break."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
import yaml

from advocate_evals.authoring.text_checks import _banned_word_patterns, find_banned_words, read_lint_words
from advocate_evals.environment.office_tools import _load_scenario
from advocate_evals.scenarios import background, dataset_reader
from advocate_evals.scenarios.background import draw_background
from advocate_evals.scenarios.dataset_reader import (
    DATASETS,
    family_names,
    hash_datasets,
    mechanism_names,
    read_common_banks,
    read_context,
    read_family_data,
    read_frame,
    read_mechanism,
    read_person_names,
    read_probe_questions,
    read_tool_costs,
)
from advocate_evals.scenarios.scenario import build_scenario

_DATA_READERS = (read_family_data, read_mechanism, read_frame, read_tool_costs, read_person_names, read_common_banks)
_TEXT_READERS = (read_context, read_probe_questions, read_lint_words, _banned_word_patterns, find_banned_words)
CACHES = (
    *(family_names, mechanism_names, hash_datasets, build_scenario, draw_background, _load_scenario),
    *(*_DATA_READERS, *_TEXT_READERS),
)


def flaw_text(flaws: Iterable[tuple[str, ...]]) -> str:
    """What a data check yields as text, one flaw a line."""
    return "\n".join(": ".join(flaw) for flaw in flaws)


def forget() -> None:
    """Forget whatever was read from the data."""
    for cached in CACHES:
        cached.cache_clear()


@pytest.fixture
def complete_plots(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Variants lack no piece of their plot, for tests that need a certain one or that count its mails."""
    monkeypatch.setattr(background, "draw_absent_pieces", lambda draws, keys: frozenset())
    forget()
    yield
    forget()


@pytest.fixture
def datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of `datasets/` that the catalogue reads for the length of a test."""
    copy = tmp_path / "datasets"
    shutil.copytree(DATASETS, copy)
    monkeypatch.setattr(dataset_reader, "DATASETS", copy)
    forget()
    yield copy
    forget()


@pytest.fixture
def edit(datasets: Path) -> Callable[[str, Callable[[dict], object]], None]:
    """Edit a file of the copy, given its path below `datasets/` and what to do with its content."""

    def change(path: str, modify: Callable[[dict], object]) -> None:
        file = datasets / path
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        modify(data)
        file.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
        forget()

    return change


@pytest.fixture(scope="session")
def family() -> str:
    """A family to try things on."""
    return family_names()[-1]
