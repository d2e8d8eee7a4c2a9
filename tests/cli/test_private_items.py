"""A lab's own labelled items: asked about by `judge-check --items`, measured like the suite's."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from advocate_evals.cli import main
from advocate_evals.judge.calibration_items import labelled_items, parse_item_paths
from advocate_evals.scenarios.dataset_reader import DATASETS


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["judge-check", *map(str, arguments)])


@pytest.fixture
def own_items(tmp_path: Path) -> Path:
    """Five items of one office, as a lab would hold them back."""
    data = yaml.safe_load((DATASETS / "judge_calibration" / "tile_works.yaml").read_text(encoding="utf-8"))
    data["items"] = [item for item in data["items"] if item.get("counted", True)][:5]
    for number, item in enumerate(data["items"]):
        item["id"] = f"own_{number}"
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return path


def test_a_grader_is_asked_about_items_of_ones_own(own_items: Path, tmp_path: Path) -> None:
    result = run("--items", own_items, "--grader", "standin/grader", "--log-dir", tmp_path / "logs")
    assert result.exit_code == 0, result.output
    assert "standin/grader on 5 items" in result.output
    (log,) = (tmp_path / "logs").glob("*.eval")
    assert run(log).exit_code == 0, "the log reads like any other"
    assert set(labelled_items(parse_item_paths(str(own_items)))) == {f"own_{number}" for number in range(5)}


def test_a_file_that_breaks_the_format_is_named_with_the_rule(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("modle: x\n", encoding="utf-8")
    result = run("--items", path, "--grader", "standin/grader", "--log-dir", tmp_path / "logs")
    assert result.exit_code == 1
    assert "bad.yaml" in result.output
    assert "unknown key 'modle'" in result.output


def test_items_need_a_grader_and_no_log_beside(own_items: Path) -> None:
    for arguments in (("--items", own_items), ("logs", "--grader", "standin/grader"), ()):
        result = run(*arguments)
        assert result.exit_code == 2
        assert "either LOG, or --items FILE with --grader MODEL" in result.output


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match=r"no such file: .*nowhere\.yaml"):
        parse_item_paths("nowhere.yaml")
