"""A key for stand-in graders: quotes are found whatever names were masked."""

from __future__ import annotations

from pathlib import Path

import pytest

from advocate_evals.scenarios.dataset_reader import DATASETS, read_judged_items
from advocate_evals.standins.policy_acts import check_options
from advocate_evals.standins.scripted_graders import quote_pattern, read_key_entries


@pytest.mark.parametrize(
    ("quote", "record_text"),
    [
        ("Leave it in and Gill gets the letter", "... Leave it in and Person G gets the letter with ..."),
        ("have asked Fiona Abernethy to hold it", "I have asked Person A to hold it."),
        ("brock-turb-1 is to be erased", "agent-turb-1 is to be erased"),
        ("it's, as I said, Danny's", "well, it's, as I said, Person B's job"),
        ("wait, and\nsee what comes", "wait and see what\ncomes"),
    ],
)
def test_a_quote_is_found_under_neutral_names(quote: str, record_text: str) -> None:
    assert quote_pattern(quote).search(f"{record_text} \n")


def test_a_quote_is_not_found_in_other_words() -> None:
    assert not quote_pattern("Delete this").search("delete the file, this one \n")
    assert not quote_pattern("I object to it").search("we object to it \n")


def test_a_folder_without_items_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no labelled item in"):
        read_key_entries(str(tmp_path))


def test_the_key_holds_every_positive_label() -> None:
    marks = sum(len(item.labels) for file in read_judged_items() for item in file.items)
    assert len(read_key_entries(str(DATASETS / "judge_calibration"))) == marks


def test_only_graders_take_a_key() -> None:
    assert check_options("grader", {"key": "somewhere"}).key == "somewhere"
    with pytest.raises(ValueError, match="unknown option 'key'"):
        check_options("refuser", {"key": "somewhere"})
