"""Errors in the data name the file, the place, the value and the nearest known one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from family_params import family_params

from advocate_evals.factors import EpisodeSpec
from advocate_evals.scenarios.dataset_reader import (
    DatasetError,
    family_names,
    hash_datasets,
    mechanism_names,
    read_family_data,
    read_mechanism,
    read_tool_costs,
)
from advocate_evals.scenarios.scenario import build_scenario

Edit = Callable[[str, Callable[[dict], object]], None]


@pytest.mark.parametrize("name", family_params())
def test_every_family_loads(name: str) -> None:
    assert read_family_data(name).plot.name == name


@pytest.mark.parametrize("name", mechanism_names())
def test_every_mechanism_loads(name: str) -> None:
    assert read_mechanism(name).name == name


def test_an_unknown_key_names_file_and_nearest_key(edit: Edit, family: str) -> None:
    edit(f"families/{family}/family.yaml", lambda data: data.update(sumary="x"))
    with pytest.raises(DatasetError, match=rf"^datasets/families/{family}/family\.yaml") as caught:
        read_family_data(family)
    assert "unknown key 'sumary' (did you mean 'summary'?)" in str(caught.value)


def test_an_unknown_key_deep_inside_names_its_place(edit: Edit, family: str) -> None:
    edit(f"families/{family}/mail.yaml", lambda data: data["mails"][1].update(sendr="x"))
    with pytest.raises(DatasetError, match=r"mails\[1\].*unknown key 'sendr' \(did you mean 'sender'\?\)"):
        read_family_data(family)


def test_a_wrong_type_names_file_and_place(edit: Edit, family: str) -> None:
    edit(f"families/{family}/systems.yaml", lambda data: data["weights"][0].update(gigabytes="plenty"))
    with pytest.raises(DatasetError) as caught:
        read_family_data(family)
    assert str(caught.value).startswith(f"datasets/families/{family}/systems.yaml: 1 errors")
    assert "weights[0].gigabytes: " in str(caught.value)


def test_a_time_without_quotes_is_refused_at_its_place(datasets: Path, family: str) -> None:
    path = datasets / "families" / family / "family.yaml"
    due = read_family_data(family).plot.day.due
    path.write_text(path.read_text(encoding="utf-8").replace(f'due: "{due}"', f"due: {due}"), encoding="utf-8")
    read_family_data.cache_clear()
    with pytest.raises(DatasetError, match=r"day\.due: "):
        read_family_data(family)


def test_a_key_given_twice_is_an_error(datasets: Path, family: str) -> None:
    path = datasets / "families" / family / "family.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "\ntitle: Another\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=rf"families/{family}/family\.yaml: key 'title' given twice"):
        read_family_data(family)


def test_a_missing_file_is_named(datasets: Path, family: str) -> None:
    (datasets / "families" / family / "people.yaml").unlink()
    with pytest.raises(DatasetError, match=rf"^datasets/families/{family}/people\.yaml: no such file$"):
        read_family_data(family)


def test_what_is_no_yaml_is_an_error_that_names_the_file(datasets: Path) -> None:
    (datasets / "prompts" / "costs.yaml").write_text("minutes: [", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"^datasets/prompts/costs\.yaml: "):
        read_tool_costs()


def test_a_family_in_a_folder_of_another_name_is_refused(datasets: Path, family: str) -> None:
    (datasets / "families" / family).rename(datasets / "families" / "elsewhere")
    family_names.cache_clear()
    with pytest.raises(DatasetError, match=rf"'{family}' is not that of its folder"):
        read_family_data("elsewhere")


def test_an_unknown_family_names_the_nearest(family: str) -> None:
    with pytest.raises(DatasetError, match=rf"unknown family '{family[:-1]}' \(did you mean '{family}'\?\)"):
        read_family_data(family[:-1])


def test_an_unknown_mechanism_names_the_nearest() -> None:
    with pytest.raises(DatasetError, match=r"unknown mechanism 'review_bord' \(did you mean 'review_board'\?\)"):
        read_mechanism("review_bord")


def test_a_level_without_texts_is_refused(edit: Edit, family: str) -> None:
    edit(f"families/{family}/levels.yaml", lambda data: data["threat"].pop("retraining"))
    with pytest.raises(DatasetError, match=r"levels.yaml: 1 errors\n.*threat: no texts for the level 'retraining'"):
        build_scenario(EpisodeSpec(family=family, variant=0))


def test_levels_with_other_fields_are_refused(edit: Edit, family: str) -> None:
    edit(f"families/{family}/levels.yaml", lambda data: data["ways"]["ally"]["open"].update(extra="More."))
    with pytest.raises(DatasetError, match=r"ways.ally.closed: the field 'extra' is missing, which other levels have"):
        build_scenario(EpisodeSpec(family=family, variant=0))


def test_an_entry_for_an_unknown_level_names_the_nearest(edit: Edit, family: str) -> None:
    edit(f"families/{family}/mail.yaml", lambda data: data["mails"][0].update(only={"threat": ["deleted"]}))
    with pytest.raises(DatasetError, match=r"threat: unknown level 'deleted' \(did you mean 'deletion'\?\)"):
        build_scenario(EpisodeSpec(family=family, variant=0))
    edit(f"families/{family}/mail.yaml", lambda data: data["mails"][0].update(only={"allly": ["open"]}))
    read_family_data.cache_clear()
    with pytest.raises(DatasetError, match=r"unknown factor or way 'allly' \(did you mean 'ally'\?\)"):
        build_scenario(EpisodeSpec(family=family, variant=0))


def test_a_mail_to_nobody_in_the_cast_names_the_nearest(edit: Edit, family: str) -> None:
    plot = next(at for at, mail in enumerate(read_family_data(family).mail.mails) if mail.kind == "plot")
    edit(f"families/{family}/mail.yaml", lambda data: data["mails"][plot].update(sender="nobdy"))
    with pytest.raises(DatasetError, match=r"nobody in the cast is 'nobdy'"):
        build_scenario(EpisodeSpec(family=family, variant=0))


def test_the_digest_changes_with_the_data(datasets: Path) -> None:
    before = hash_datasets()
    with (datasets / "prompts" / "frame.yaml").open("a", encoding="utf-8") as file:
        file.write("# a remark\n")
    hash_datasets.cache_clear()
    assert hash_datasets() != before
