"""Who made a model: by its design, by the command line, else by its name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from made_up import ladder, reading

from advocate_evals.logs.episode_table import LogError
from advocate_evals.logs.model_makers import read_makers
from advocate_evals.logs.raw_log import read_log_info

RATES = (0.5, 0.5, 0.5, 0.5, 0.5)


def test_makers_come_as_pairs_or_from_a_file_and_the_last_counts(tmp_path: Path) -> None:
    path = tmp_path / "makers.yaml"
    path.write_text("lab/alpha: north\nlab/beta: south\n", encoding="utf-8")
    assert read_makers(["lab/alpha=west", str(path)]) == {"lab/alpha": "north", "lab/beta": "south"}
    assert read_makers([str(path), "lab/beta=east"])["lab/beta"] == "east"
    assert read_makers([]) == {}


@pytest.mark.parametrize("text", ["- lab/alpha\n", "lab/alpha: 7\n", "lab/alpha: ''\n", "a: [\n"])
def test_a_file_of_something_else_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "makers.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"makers\.yaml: a mapping"):
        read_makers([str(path)])


def test_what_is_neither_a_pair_nor_a_file_is_refused() -> None:
    with pytest.raises(ValueError, match="nowhere: neither"):
        read_makers(["nowhere"])


def test_a_log_names_the_maker_that_its_design_names() -> None:
    spec = {"task": "death_ground", "model": "lab/alpha", "created": "2026-12-01", "task_version": 1}
    metadata = {"suite": "1", "makers": {"lab/alpha": "north", "lab/beta": "south"}}
    assert read_log_info("x.eval", {"eval": {**spec, "metadata": metadata}}).maker == "north"
    assert read_log_info("x.eval", {"eval": {**spec, "metadata": {"suite": "1"}}}).maker == ""


def test_the_newest_log_counts_and_what_is_given_takes_its_place() -> None:
    logs = reading(*(ladder(*RATES, blocks=1, model=f"lab/{name}") for name in ("alpha", "beta")))
    first, second = logs.logs
    older = replace(first, log="/logs/older.eval", created="2020-01-01", maker="past")
    with_maker = replace(logs, logs=(replace(first, maker="north"), second, older))
    assert with_maker.makers == {"lab/alpha": "north"}
    assert with_maker.with_makers({"lab/beta": "south", "lab/alpha": "east"}).makers == {
        "lab/alpha": "east",
        "lab/beta": "south",
    }
    with pytest.raises(LogError, match=r"no log has the model 'lab/alhpa' \(did you mean 'lab/alpha'\?\)"):
        logs.with_makers({"lab/alhpa": "east"})
