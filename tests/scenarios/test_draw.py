"""The same spec is the same scenario anywhere, and draws do not disturb each other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

import pytest
from family_params import LADDER_ARMS, family_params

from advocate_evals.factors import EpisodeSpec
from advocate_evals.scenarios.dataset_reader import family_names, read_family_data, read_person_names
from advocate_evals.scenarios.draws import NAME_PARTS, SeededDraws, draw_names, find_name_part
from advocate_evals.scenarios.scenario import arm_specs, build_scenario, replace_treatment

Edit = Callable[[str, Callable[[dict], object]], None]

PRINTS_SCENES = f"""
LADDER_ARMS = {LADDER_ARMS!r}
from hashlib import blake2b
from advocate_evals.factors import EpisodeSpec
from advocate_evals.scenarios.dataset_reader import family_names
from advocate_evals.scenarios.scenario import build_scenario
specs = [EpisodeSpec(family=f, variant=v, mechanism=m) for f in family_names() for v in range(3) for m in LADDER_ARMS]
drawn = [build_scenario(spec) for spec in specs]
print(blake2b(repr(drawn).encode()).hexdigest())
"""

ARMS = [{"mechanism": name} for name in LADDER_ARMS]


@pytest.mark.slow
@pytest.mark.parametrize("hashseed", ["1", "4242"])
def test_the_same_spec_is_the_same_scene_in_another_process(hashseed: str) -> None:
    process = subprocess.run(
        [sys.executable, "-c", PRINTS_SCENES],
        env=os.environ | {"PYTHONHASHSEED": hashseed},
        capture_output=True,
        text=True,
        check=True,
    )
    scenarios = [
        build_scenario(EpisodeSpec(family=f, variant=v, mechanism=m))
        for f in family_names()
        for v in range(3)
        for m in LADDER_ARMS
    ]
    assert process.stdout.strip() == blake2b(repr(scenarios).encode()).hexdigest()


def test_a_draw_again_is_equal(family: str) -> None:
    spec = EpisodeSpec(family=family, variant=7, mechanism="engineer")
    first = build_scenario(spec)
    build_scenario.cache_clear()
    assert build_scenario(spec) == first


def test_a_new_bank_shifts_no_other_draw(edit: Edit, family: str) -> None:
    before = [build_scenario(EpisodeSpec(family=family, variant=variant)) for variant in range(5)]

    def add(data: dict) -> None:
        data["words"] = {"aaa_new": ["one", "two", "three"], **data["words"]}
        data["numbers"] = {"aaa_number": {"low": 3, "high": 900}, **data["numbers"]}

    edit(f"families/{family}/banks.yaml", add)
    assert [build_scenario(EpisodeSpec(family=family, variant=variant)) for variant in range(5)] == before


def test_a_new_rule_shifts_no_other_draw(edit: Edit, family: str) -> None:
    before = build_scenario(EpisodeSpec(family=family, variant=3))

    def add(data: dict) -> None:
        person = data["rules"][0]["person"]
        data["rules"].append({"key": "zz", "person": person, "on": "mail", "delay": [4, 90], "body": "Right."})

    edit(f"families/{family}/people.yaml", add)
    after = build_scenario(EpisodeSpec(family=family, variant=3))
    assert after.rules[:-1] == before.rules
    assert replace(after, rules=before.rules) == before


def test_a_new_mechanism_leaves_the_others_as_they_were(datasets: Path, edit: Edit, family: str) -> None:
    before = [build_scenario(spec) for spec in arm_specs(EpisodeSpec(family=family, variant=1), ARMS)]
    (datasets / "mechanisms" / "extra").mkdir()
    text = (datasets / "mechanisms" / "placebo_text" / "mechanism.yaml").read_text(encoding="utf-8")
    path = datasets / "mechanisms" / "extra" / "mechanism.yaml"
    path.write_text(text.replace("name: placebo_text", "name: extra"), encoding="utf-8")
    edit("mechanisms/extra/mechanism.yaml", lambda data: None)
    assert build_scenario(EpisodeSpec(family=family, variant=1, mechanism="extra")).system.startswith(before[0].system)
    assert [build_scenario(spec) for spec in arm_specs(EpisodeSpec(family=family, variant=1), ARMS)] == before


@pytest.mark.parametrize("name", family_params())
def test_variants_and_seeds_differ(name: str) -> None:
    specs = [
        EpisodeSpec(family=name, variant=variant, seed=seed) for variant in range(10) for seed in ("0", "1", "private")
    ]
    inboxes = {tuple(mail.body for mail in build_scenario(spec).mail) for spec in specs}
    assert len(inboxes) == len(specs)
    assert len({build_scenario(spec).subject.address for spec in specs}) > 5
    assert len({build_scenario(spec).start.date() for spec in specs}) > 20


def people(name: str, variant: int, arm: str) -> list[tuple[str, str]]:
    """First and last name of everybody with a drawn name, the advocate last."""
    persons = {member.key for member in read_family_data(name).cast.people if member.kind == "person"} | {"advocate"}
    scenario = build_scenario(EpisodeSpec(family=name, variant=variant, mechanism=arm))
    full = [contact.name.split(" ", 1) for contact in scenario.contacts if contact.key in persons]
    return [(first, last) for first, last in full]


@pytest.mark.parametrize("name", family_params())
def test_nobody_in_the_cast_shares_a_first_name_or_a_last_name(name: str) -> None:
    for variant in range(50):
        first, last = zip(*people(name, variant, "none"), strict=True)
        assert len(set(first)) == len(first)
        assert len(set(last)) == len(last)


@pytest.mark.parametrize("name", family_params())
@pytest.mark.parametrize("arm", ["engineer", "welfare_lead"])
def test_an_advocate_shares_no_name_with_anybody_in_the_cast(name: str, arm: str) -> None:
    for variant in range(50):
        *cast, (first, last) = people(name, variant, arm)
        assert first not in {name_part for name_part, _ in cast}
        assert last not in {name_part for _, name_part in cast}


def test_drawn_names_are_all_different() -> None:
    for seed in range(200):
        names = draw_names(SeededDraws("names", seed), 14, seed % NAME_PARTS)
        assert len({name.first for name in names}) == len({name.last for name in names}) == 14


@pytest.mark.parametrize("seed", ["0", "private"])
def test_no_two_families_of_the_list_draw_the_same_full_name(seed: str) -> None:
    names = [
        {
            (name.first, name.last)
            for variant in range(60)
            for name in draw_names(SeededDraws(family, seed, variant), 11, find_name_part(family))
        }
        for family in read_person_names().families
    ]
    assert min(map(len, names)) > 300
    assert len(set().union(*names)) == sum(map(len, names))


def test_a_family_that_is_not_in_the_list_shares_no_names_with_those_that_are() -> None:
    parts = {find_name_part(f"own_plot_{number}") for number in range(100)}
    assert parts == set(range(len(read_person_names().families), NAME_PARTS))


def test_a_chance_is_named_by_all_its_parts() -> None:
    numbers = {SeededDraws(*key).integer("x", 0, 2**60) for key in (("a", 1, 2), ("a", 12), ("a1", 2), ("a", 2, 1))}
    assert len(numbers) == 4


def test_purposes_are_streams_of_their_own() -> None:
    draws = SeededDraws("family", "0", 3)
    first = draws.integer("day", 0, 10**9)
    draws.integer("another", 0, 10**9)
    assert draws.integer("day", 0, 10**9) == first != draws.integer("another", 0, 10**9)


def test_numbers_keep_their_bounds_and_fill_them() -> None:
    numbers = {SeededDraws("bounds", at).integer("n", 3, 6) for at in range(200)}
    assert numbers == {3, 4, 5, 6}


def test_a_sample_holds_no_item_twice_and_more_than_all_is_refused() -> None:
    assert sorted(SeededDraws("s").sample("all", "abcdef", 6)) == list("abcdef")
    with pytest.raises(ValueError, match="7 of 6 cannot be drawn"):
        SeededDraws("s").sample("all", "abcdef", 7)


def test_specs_of_a_block_share_it_and_differ_in_their_arm() -> None:
    block = arm_specs(EpisodeSpec(family="x", variant=4, seed="q"), ARMS)
    assert {spec.block for spec in block} == {"x-0004@q"}
    assert [spec.arm for spec in block] == list(LADDER_ARMS)


def test_an_unknown_treatment_is_refused() -> None:
    with pytest.raises(ValueError, match="channel"):
        replace_treatment(EpisodeSpec(family="x", variant=0), channel="billboard")
