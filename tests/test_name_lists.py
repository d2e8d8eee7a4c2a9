"""Lists of names: separated by commas or not, each once, and an error that names the nearest known one."""

from __future__ import annotations

import pytest

from advocate_evals.records import NameList, parse_names

LETTERS = ("alpha", "beta", "5")


@pytest.mark.parametrize(
    ("names", "parsed"),
    [
        ("beta,alpha", ("beta", "alpha")),
        (" beta , ,beta,alpha", ("beta", "alpha")),
        (["beta", "alpha"], ("beta", "alpha")),
        ([5], ("5",)),
        ("all", LETTERS),
        (" all ", LETTERS),
    ],
)
def test_names_come_once_in_the_order_given_and_all_is_every_one(names: NameList, parsed: tuple[str, ...]) -> None:
    assert parse_names(names, LETTERS, "letters") == parsed


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("alpha,betta", r"letters: unknown 'betta' \(did you mean 'beta'\?\)"),
        ("6", r"letters: unknown '6' \(known: alpha, beta, 5\)"),
        ("all,alpha", "letters: unknown 'all'"),
        (" , ", r"letters: none given \(known: alpha, beta, 5\)"),
        ([], "letters: none given"),
    ],
)
def test_an_error_names_the_parameter_the_wrong_name_and_the_nearest(names: NameList, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_names(names, LETTERS, "letters")


def test_all_is_a_name_like_any_where_it_stands_for_nothing() -> None:
    with pytest.raises(ValueError, match="letters: unknown 'all'"):
        parse_names("all", LETTERS, "letters", allow_all=False)
