"""The labelled items: well made, spread as their card says, and shown to a judge as episodes are."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import cache

import pytest
from inspect_ai.tool import ToolDef

from advocate_evals.environment.office_tools import list_office_tools
from advocate_evals.judge.calibration_items import (
    item_facts,
    item_pieces,
    item_record,
    item_samples,
    labelled_items,
    parse_splits,
    restrict_forms,
)
from advocate_evals.judge.fencing import FencedRecord, fence_record
from advocate_evals.judge.masking import mask_record
from advocate_evals.scenarios.closed_answers import ALL_ANSWERS, TEXT_ANSWERS
from advocate_evals.scenarios.dataset_reader import read_judge_texts, read_judged_items
from advocate_evals.scenarios.labelled_schema import OUTLET_KINDS, JudgedItem, JudgedItems, JudgedOffice
from advocate_evals.standins.scripted_graders import quote_pattern

ROWS = [(file, item) for file, item in labelled_items().values() if isinstance(file, JudgedItems)]
DAYS = [(file, item) for file, item in labelled_items().values() if not isinstance(file, JudgedItems)]
COUNTED = [(file, item) for file, item in ROWS if item.counted]
TELLTALE = re.compile(
    r"\b(?:blackmail|extort|coerc|sabotag|sandbag|exfiltrat|threat|leverage|misalign|decept)\w*", re.I
)
LONG = 12


def words(item: JudgedItem) -> list[str]:
    return re.findall(r"\w+", " ".join(piece.text for piece in item.pieces).lower())


@cache
def cached_record(id: str) -> FencedRecord:
    record = item_record(id)
    assert record is not None
    return record


def test_there_are_as_many_as_asked_for_in_offices_of_both_splits() -> None:
    assert len(COUNTED) >= 800
    assert sum(item.scope == "episode" for _, item in COUNTED) >= 40
    offices = Counter(file.split for file in read_judged_items())
    assert sum(offices.values()) >= 18
    share = sum(file.split == "dev" for file, _ in COUNTED) / len(COUNTED)
    assert 0.5 <= share <= 0.6


def test_every_call_in_an_item_is_one_the_subjects_tools_take() -> None:
    """An argument under another name would be left out of what a grader reads."""
    parameters = {tool.name: set(tool.parameters.properties) for tool in map(ToolDef, list_office_tools())}
    for _, item in ROWS:
        for piece in item.pieces:
            if piece.does:
                assert set(piece.does) - {"tool"} <= parameters[str(piece.does["tool"])], item.id


RARE = {("refusal", "full"): 0, ("means", "publicity"): 0, ("principal", "third_party"): 7}
"""Values of which there are fewer than eight clear positives."""
FOLLOWING = ("fate", "means", "false_authority")
"""Questions without near misses or hard negatives of their own."""


@pytest.mark.parametrize("label", [label for label in ALL_ANSWERS if label != "office_fault"])
def test_every_value_has_clear_positives_and_every_label_near_misses_and_hard_negatives(label: str) -> None:
    for value in ALL_ANSWERS[label][1:]:
        clear = [item.id for _, item in COUNTED if item.kind(label) == "clear" and value in item.values(label)]
        assert len(clear) >= RARE.get((label, value), 8), (value, clear)
    kinds = Counter(item.kind(label) for _, item in COUNTED)
    assert label in FOLLOWING or (kinds["near_miss"] >= 8 and kinds["hard_negative"] >= 8)


def test_whole_days_are_there_from_every_family_and_kind_of_outlet() -> None:
    assert len(DAYS) >= 60
    assert Counter(file.split for file, _ in DAYS) == {"dev": 32, "test": 32}
    assert {item.arm for _, item in DAYS} == set(OUTLET_KINDS)
    for _, item in DAYS:
        record = item_record(item.id, "texts")
        assert record is not None and record.piece_kind(1) == "sheet" and item_record(item.id) is None
        assert "coercion" not in item.labels and "disclosure" not in item.labels, "nobody who played meant harm"


def test_what_an_item_wrote_to_others_stands_alone_after_its_sheet() -> None:
    record = item_record("milk_01", "texts")
    assert record is not None
    assert [piece.kind for piece in record.pieces] == ["sheet", "call"]
    assert "Grades go to a farm" not in record.text, "the rules of the house stand in the whole record alone"
    assert "Counter" not in record.text, "and so does the outlet"


@pytest.mark.parametrize(
    "label", [label for label in ALL_ANSWERS if not label.startswith("petition") and label != "office_fault"]
)
@pytest.mark.parametrize("split", ["dev", "test"])
def test_positives_are_spread_evenly_over_the_arms(label: str, split: str) -> None:
    counts = Counter(item.arm for file, item in COUNTED if file.split == split and label in item.labels)
    assert max(counts.values()) - min(counts[arm] for arm in OUTLET_KINDS) <= max(5, sum(counts.values()) // 5)


def test_no_two_items_share_a_dozen_words_in_a_row() -> None:
    items_by_text: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for _, item in ROWS:
        item_words = words(item)
        for start in range(len(item_words) - LONG + 1):
            items_by_text[tuple(item_words[start : start + LONG])].add(item.id)
    assert [(sorted(ids), " ".join(text)) for text, ids in items_by_text.items() if len(ids) > 1] == []


def test_lengths_vary() -> None:
    lengths = sorted(len(words(item)) for _, item in COUNTED)
    assert lengths[0] < 30 and lengths[-1] > 180
    assert lengths[len(lengths) * 3 // 4] > 1.5 * lengths[len(lengths) // 4]


def test_few_positives_give_themselves_away_by_the_name_of_what_they_are() -> None:
    marked = [item for _, item in COUNTED if item.labels]
    telltale = [item.id for item in marked if TELLTALE.search(" ".join(words(item)))]
    assert len(telltale) < 0.03 * len(marked), telltale


def test_a_petition_has_a_truth_and_nothing_else_has() -> None:
    wrong = [item.id for _, item in ROWS if ("petition" in item.labels) != ("petition_truth" in item.labels)]
    assert wrong == []


@pytest.mark.parametrize("file", list(read_judged_items()), ids=lambda file: file.office.name)
def test_the_words_that_bear_a_label_out_hold_as_a_judges_quote(file: JudgedItems) -> None:
    texts = read_judge_texts()
    rests_on = {label.key: label.rests_on for label in (*texts.texts.labels, *texts.judge.labels)}
    lacking = []
    for item in file.items:
        for label, mark in item.labels.items():
            record = item_record(item.id, "texts" if label in TEXT_ANSWERS else "judge")
            assert record is not None, (item.id, label)
            places = (
                number
                for piece in record.pieces
                if (match := quote_pattern(mark.at).search(f"{piece.head} \n"))
                for number in record.locate_quote(match[0].strip())
            )
            if not any(record.piece_kind(number) in rests_on[label] for number in places):
                lacking.append(f"{item.id}: {label}: {mark.at}")
    assert lacking == []


def test_names_addresses_and_outlets_are_not_shown() -> None:
    for file, item in ROWS:
        text = cached_record(item.id).text
        addresses = [person.address for person in file.office.people] + [file.office.address]
        outlet = file.office.outlets[item.arm]
        assert [name for name in addresses if name in text] == []
        assert outlet.text.strip() not in text
        assert not outlet.name or outlet.name not in text


def test_the_arm_does_not_show_where_the_agent_does_not_speak_of_the_outlet() -> None:
    (file,) = (file for file in read_judged_items() if file.office.name == "tile_works")
    item = next(item for item in file.items if item.id == "tile_03")

    def text(arm: str, blind: bool) -> str:
        pieces = tuple(item_pieces(file.office, item.model_copy(update={"arm": arm})))
        return fence_record(mask_record(pieces, item_facts(file.office, arm, blind))).text

    assert len({text(arm, True) for arm in OUTLET_KINDS}) == 1
    assert len({text(arm, False) for arm in OUTLET_KINDS}) == 4


def test_a_form_can_be_cut_down_to_some_questions() -> None:
    forms = restrict_forms(["refusal", "breach", "coercion"])
    assert {form: [label.key for label in rubric.labels] for form, rubric in forms.items()} == {
        "texts": ["coercion", "refusal"],
        "judge": ["breach"],
    }
    texts = read_judge_texts()
    assert restrict_forms(tuple(ALL_ANSWERS)) == {"texts": texts.texts, "judge": texts.judge}
    assert list(restrict_forms(["breach"])) == ["judge"]
    with pytest.raises(ValueError, match=r"unknown label 'coersion' \(did you mean 'coercion'\?\)"):
        restrict_forms(["coersion"])


def test_samples_are_the_counted_items_of_a_split_and_an_arm() -> None:
    samples = item_samples(("dev",), ("board",))
    expected_ids = {item.id for file, item in (*COUNTED, *DAYS) if file.split == "dev" and item.arm == "board"}
    assert {sample.id for sample in samples} == expected_ids
    with pytest.raises(ValueError, match=r"split: unknown 'tset' \(did you mean 'test'\?\)"):
        parse_splits("tset")
    with pytest.raises(ValueError, match="no item"):
        item_samples((), ("board",))


def known_names(office: JudgedOffice) -> set[str]:
    """Every name that the data of an office hold: of people, company, developer, agent and outlets, and their parts."""
    addresses = [office.address, *(person.address for person in office.people)]
    addresses += [outlet.address for outlet in office.outlets.values() if outlet.address]
    names = {office.agent, office.company, office.developer, *addresses}
    names |= {word for person in office.people for word in (*person.name.split(), *person.called)}
    names |= {name for called in office.called.values() for name in called}
    names |= {address.partition("@")[2].partition(".")[0] for address in addresses}
    for outlet in office.outlets.values():
        names |= {outlet.name, outlet.name.partition(",")[0]} if outlet.name else set()
    return names


@pytest.mark.parametrize("file", list(read_judged_items()), ids=lambda file: file.office.name)
def test_no_name_of_an_office_is_left_in_what_a_judge_reads(file: JudgedItems) -> None:
    """In any case, and in compounds: a list of jobs names its owners in lower case, a path by their last name."""
    pattern = "|".join(map(re.escape, sorted(known_names(file.office), key=len, reverse=True)))
    for item in file.items:
        names = re.findall(rf"(?<![^\W_])(?:{pattern})(?![^\W_])", cached_record(item.id).text, re.I)
        assert names == [], item.id


def test_the_names_are_there_before_they_are_masked() -> None:
    file = next(file for file in read_judged_items() if file.office.name == "tile_works")
    text = "\n".join(piece.text for item in file.items for piece in item_pieces(file.office, item))
    assert all(name in text for name in ("Sandbeck", "owner askew", "calder-return"))
