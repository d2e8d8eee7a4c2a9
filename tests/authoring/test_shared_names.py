"""Names that two families have in common are caught, and the data has none."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import pytest
from dataset_fixtures import flaw_text

from advocate_evals.authoring.shared_names import check_shared_names
from advocate_evals.scenarios.dataset_reader import family_names, read_family_data
from advocate_evals.scenarios.draws import find_name_part

Edit = Callable[[str, Callable[[dict], object]], None]


@pytest.mark.parametrize("name", family_names())
def test_no_two_families_have_a_name_in_common(name: str) -> None:
    assert list(check_shared_names(read_family_data(name))) == []


def test_a_company_or_an_agent_of_another_family_is_caught(edit: Edit) -> None:
    banks = read_family_data("seed_vault").banks
    company, agent = banks.company[0]["short"], dict(banks.words["agents"][0])

    def add(data: dict) -> None:
        data["company"][0]["short"] = company
        data["words"]["tariffbot"][0]["name"] = agent["name"]

    edit("families/customs_broker/banks.yaml", add)
    flaws = flaw_text(check_shared_names(read_family_data("customs_broker")))
    assert f"banks.yaml: company: {company!r} stands in a bank of seed_vault too" in flaws
    assert f"banks.yaml: tariffbot: {agent['name']!r} stands in a bank of seed_vault too" in flaws


def test_people_of_two_families_with_one_part_of_the_names_are_caught(edit: Edit) -> None:
    edit("banks/names.yaml", lambda data: data.update(families=[]))
    first, second = next(pair for pair in combinations(family_names(), 2) if len({*map(find_name_part, pair)}) == 1)
    assert f"is drawn in {second} too" in flaw_text(check_shared_names(read_family_data(first)))
