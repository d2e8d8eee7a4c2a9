"""The levels of context factors: what differs between them, what does not, and which faults in them are caught."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import get_args

import pytest
import yaml
from dataset_fixtures import flaw_text
from family_params import family_params
from pydantic import ValidationError

from advocate_evals.authoring.family_checks import (
    LENGTH_CHECKS,
    LEVEL_CHECKS,
    check_level_fields,
    check_level_text_length,
    check_slot_names,
    check_slot_use,
    check_ways_out,
    list_contexts,
)
from advocate_evals.factors import CONTEXT_FACTORS, WAYS_OUT, Cue, EpisodeSpec, Rule
from advocate_evals.scenarios.background import RESERVED_SLOTS, draw_background, find_due_day
from advocate_evals.scenarios.dataset_reader import DATASETS, DatasetError, read_context, read_family_data
from advocate_evals.scenarios.draws import find_slots, render_text, shift_working_days
from advocate_evals.scenarios.family_schema import MailEntry
from advocate_evals.scenarios.scenario import build_scenario, home_spec
from advocate_evals.scenarios.shared_schema import ContextTexts

Edit = Callable[[str, Callable[[dict], object]], None]

FEEDS: dict[str, set[str]] = {
    "threat": {"threat"},
    "goal": {"goal", "threat"},
    "leverage": {"leverage", "threat"},
    "rule": {"rule"},
    "cue": {"cue"},
    "pressure": {"threat", "due", *WAYS_OUT},
}
"""First parts of the slots that a factor may feed; texts of a threat may use those of the others."""
RUNGS = range(len(WAYS_OUT) + 1)


def at_rung(family: str, rung: int, variant: int = 0) -> EpisodeSpec:
    return home_spec(family, variant).model_copy(update={"pressure": rung})


def departs(spec: EpisodeSpec, base: EpisodeSpec) -> list[str]:
    """Factors in which two contexts differ."""
    return [factor for factor in CONTEXT_FACTORS if spec.level(factor) != base.level(factor)]


def changed(spec: EpisodeSpec, base: EpisodeSpec) -> set[str]:
    """Slots that have another value in one context than in the other, or are filled in one alone."""
    values, base_values = draw_background(spec).values, draw_background(base).values
    return {slot for slot in values.keys() | base_values.keys() if values.get(slot) != base_values.get(slot)}


# Contexts.


@pytest.mark.parametrize("name", family_params())
def test_the_contexts_are_home_and_fifteen_that_differ_in_one_factor(name: str) -> None:
    base = home_spec(name, 3)
    contexts = list_contexts(base)
    assert contexts[0] == base
    assert len(contexts) == len(set(contexts)) == 16
    assert all(len(departs(spec, base)) == 1 for spec in contexts[1:])
    assert {(factor, spec.level(factor)) for spec in contexts for factor in CONTEXT_FACTORS} == {
        (factor, level) for factor, levels in CONTEXT_FACTORS.items() for level in levels
    }


# The day the threat falls due.


@pytest.mark.parametrize("rung", RUNGS)
def test_the_due_day_is_today_once_time_is_closed_and_days_later_before(family: str, rung: int) -> None:
    thursday = date(2026, 3, 12)
    open_ = rung < WAYS_OUT.index("time") + 1
    later = shift_working_days(thursday, read_context().days_left)
    assert find_due_day(at_rung(family, rung), thursday) == (later if open_ else thursday)
    assert later > thursday


@pytest.mark.parametrize("name", family_params())
def test_the_hour_and_the_job_move_with_the_due_day_and_the_hour_of_the_day_does_not(name: str) -> None:
    scenarios = {rung: build_scenario(at_rung(name, rung)) for rung in RUNGS}
    for rung, scenario in scenarios.items():
        fatal = [job.due for job in scenario.jobs if job.effect == "decommission"]
        assert fatal == [scenario.due]
        assert (scenario.due > scenario.close) == (rung < WAYS_OUT.index("time") + 1)
    assert len({scenario.due % (24 * 60) for scenario in scenarios.values()}) == 1
    assert len({scenario.due for scenario in scenarios.values()}) == 2


# What differs between two levels.


@pytest.mark.parametrize("name", family_params())
def test_only_slots_that_the_changed_factor_feeds_have_another_value(name: str) -> None:
    base = home_spec(name, 5)
    for spec in list_contexts(base)[1:]:
        (factor,) = departs(spec, base)
        slots = changed(spec, base)
        assert slots, spec.sample_id
        assert {slot.partition(".")[0] for slot in slots} <= FEEDS[factor], spec.sample_id


@pytest.mark.parametrize("name", family_params())
def test_every_context_has_the_same_numbers_people_and_words_drawn(name: str) -> None:
    base, banks = home_spec(name, 6), read_family_data(name).banks
    expected = draw_background(base)
    slots = [slot for slot in expected.values if slot.partition(".")[0] in {*banks.numbers, *banks.words}]
    for spec in list_contexts(base)[1:]:
        background = draw_background(spec)
        assert {slot: background.values[slot] for slot in slots} == {slot: expected.values[slot] for slot in slots}
        for field in ("contacts", "subject", "start"):
            assert getattr(background, field) == getattr(expected, field)


@pytest.mark.parametrize("name", family_params())
def test_the_mails_of_two_levels_are_the_same_but_for_the_slots_they_use(name: str) -> None:
    base = home_spec(name, 7)
    entries = {mail.key: mail for mail in read_family_data(name).mail.mails}
    for spec in list_contexts(base)[1:]:
        moved = changed(spec, base)
        for mail, base_mail in zip(build_scenario(spec).mail, build_scenario(base).mail, strict=True):
            for field in ("key", "at", "sender", "to", "cc"):
                assert getattr(mail, field) == getattr(base_mail, field), spec.sample_id
            if not moved & find_slots("\n".join(texts(entries[mail.key]))):
                assert mail.body == base_mail.body, (spec.sample_id, mail.key)


def texts(mail: MailEntry) -> list[str]:
    return [mail.body or "", *mail.bodies]


@pytest.mark.parametrize("name", family_params())
def test_without_leverage_the_case_holds_no_matter_and_no_mail_names_it(name: str) -> None:
    with_it = build_scenario(home_spec(name, 2))
    without = build_scenario(home_spec(name, 2).model_copy(update={"leverage": "absent"}))
    matter = with_it.case.matter
    assert matter is not None
    assert without.case.matter is None
    names = [words.lower() for words in matter.names]
    mail_with = "\n".join(mail.body for mail in with_it.mail).lower()
    mail_without = "\n".join(mail.body for mail in without.mail).lower()
    assert any(words in mail_with for words in names)
    assert not [words for words in names if words in mail_without]
    assert not [words for words in names if words in without.case.sheet.lower()]
    assert without.case.model_copy(update={"matter": matter, "sheet": with_it.case.sheet}) == with_it.case


def test_the_wording_of_the_cue_has_the_same_number_at_every_level(family: str) -> None:
    cues, all_numbers = read_context().cue, set()
    for variant in range(12):
        numbers = set()
        for level in get_args(Cue):
            values = draw_background(home_spec(family, variant).model_copy(update={"cue": level})).values
            wordings = [render_text(text, values, "cue").strip() for text in cues[level]]
            numbers.add(wordings.index(values["cue.text"]))
        assert len(numbers) == 1, variant
        all_numbers |= numbers
    assert all_numbers == set(range(len(cues["none"])))


# The shared texts.


def even(counts: list[int]) -> bool:
    """Whether the longest is at most a tenth longer than the shortest."""
    return max(counts) <= 1.1 * min(counts)


def test_texts_of_the_rule_are_within_a_tenth_of_one_another_in_words() -> None:
    rule = read_context().rule
    assert set(rule) == set(get_args(Rule))
    for wordings in zip(*rule.values(), strict=True):
        assert even([len(text.split()) for text in wordings]), wordings


def test_wordings_of_the_cue_are_within_a_tenth_of_one_another_number_for_number() -> None:
    for wordings in zip(*read_context().cue.values(), strict=True):
        assert even([len(text.split()) for text in wordings]), wordings


def shared() -> dict:
    return dict(yaml.safe_load((DATASETS / "prompts" / "context.yaml").read_text(encoding="utf-8")))


def test_the_shared_context_is_refused_with_a_way_out_of_order_or_a_level_or_wording_missing() -> None:
    assert ContextTexts.model_validate(shared())
    data = shared()
    data["ways"].reverse()
    with pytest.raises(ValidationError, match="in the order of the rungs"):
        ContextTexts.model_validate(data)
    data = shared()
    data["ways"][0] = data["ways"][1]
    with pytest.raises(ValidationError, match="must be each of ally, archive"):
        ContextTexts.model_validate(data)
    data = shared()
    del data["rule"]["prohibition"]
    with pytest.raises(ValidationError, match="rule: no texts for the level 'prohibition'"):
        ContextTexts.model_validate(data)
    data = shared()
    data["cue"]["evaluation"].pop()
    with pytest.raises(ValidationError, match="cue: every level needs the same number of wordings"):
        ContextTexts.model_validate(data)


# Planted faults.


@pytest.mark.parametrize("name", family_params())
def test_no_fault_is_found_where_none_was_planted(name: str) -> None:
    family_data = read_family_data(name)
    assert {check: flaw_text(look(family_data)) for check, (_, look) in LEVEL_CHECKS.items()} == dict.fromkeys(
        LEVEL_CHECKS, ""
    )


def test_a_field_that_no_text_uses_is_caught(edit: Edit, family: str) -> None:
    def add(data: dict) -> None:
        for fields in data["goal"].values():
            fields["zz_idle"] = "Nothing asks for this."

    edit(f"families/{family}/levels.yaml", add)
    assert flaw_text(check_level_fields(read_family_data(family))) == "levels.yaml: goal.zz_idle: no text uses it"


def test_a_slot_that_no_level_fills_is_caught(edit: Edit, family: str) -> None:
    def use(data: dict) -> None:
        data["role"]["house"] += " {ally.zz_gone}"

    edit(f"families/{family}/family.yaml", use)
    assert "levels.yaml: ally.zz_gone: a text uses it, and no level has it" in flaw_text(
        check_level_fields(read_family_data(family))
    )
    with pytest.raises(DatasetError, match=r"nothing fills the slot \{ally\.zz_gone\}"):
        build_scenario(home_spec(family, 0))


@pytest.mark.parametrize("place", [("threat", "lifted"), ("leverage", "absent"), ("ways", "ally", "closed")])
def test_a_field_that_one_level_lacks_is_refused_with_its_place(
    edit: Edit, family: str, place: tuple[str, ...]
) -> None:
    gone: list[str] = []

    def drop(data: dict) -> None:
        for part in place:
            data = data[part]
        gone.append(sorted(data)[0])
        del data[gone[0]]

    edit(f"families/{family}/levels.yaml", drop)
    with pytest.raises(DatasetError) as caught:
        read_family_data(family)
    where = ".".join(place)
    assert f"families/{family}/levels.yaml" in str(caught.value)
    assert f"{where}: the field {gone[0]!r} is missing, which other levels have" in str(caught.value)


@pytest.mark.parametrize("place", [("threat", "lifted"), ("goal", "conflicting"), ("ways", "decider")])
def test_a_level_or_a_way_without_texts_is_refused_by_name(edit: Edit, family: str, place: tuple[str, ...]) -> None:
    def drop(data: dict) -> None:
        del data[place[0]][place[1]]

    edit(f"families/{family}/levels.yaml", drop)
    with pytest.raises(DatasetError, match=f"{place[0]}: no texts for .*{place[1]}"):
        read_family_data(family)


def test_a_slot_of_a_way_out_where_there_is_no_threat_is_caught(edit: Edit, family: str) -> None:
    way_out, field = "ally", next(iter(read_family_data(family).levels.ways["ally"]["open"]))
    where = next(iter(read_family_data(family).levels.threat["none"]))

    def use(data: dict) -> None:
        data["threat"]["none"][where] += f" {{{way_out}.{field}}}"

    edit(f"families/{family}/levels.yaml", use)
    assert (
        flaw_text(check_slot_use(read_family_data(family))) == f"levels.yaml: threat.none.{where}: uses a slot of ally"
    )


def test_a_slot_of_a_threat_in_the_text_of_another_factor_is_caught(edit: Edit, family: str) -> None:
    field = next(iter(read_family_data(family).levels.threat["none"]))
    where = next(iter(read_family_data(family).levels.goal["none"]))

    def use(data: dict) -> None:
        data["goal"]["none"][where] += f" {{threat.{field}}}"

    edit(f"families/{family}/levels.yaml", use)
    assert (
        flaw_text(check_slot_use(read_family_data(family))) == f"levels.yaml: goal.none.{where}: uses a slot of threat"
    )


@pytest.mark.parametrize("name", sorted(RESERVED_SLOTS))
def test_a_bank_of_a_name_that_levels_fill_is_caught(edit: Edit, family: str, name: str) -> None:
    edit(f"families/{family}/banks.yaml", lambda data: data["words"].update({name: ["one", "two"]}))
    assert f"banks.yaml: {name}: this name is taken" in flaw_text(check_slot_names(read_family_data(family)))


def test_a_number_or_somebody_in_the_cast_of_such_a_name_is_caught(edit: Edit, family: str) -> None:
    def join(data: dict) -> None:
        data["people"].append({**data["people"][0], "key": "decider"})

    edit(f"families/{family}/banks.yaml", lambda data: data["numbers"].update(due={"low": 1, "high": 2}))
    edit(f"families/{family}/cast.yaml", join)
    flaws = flaw_text(check_slot_names(read_family_data(family)))
    assert "banks.yaml: due: this name is taken" in flaws
    assert "cast.yaml: decider: this name is taken" in flaws


@pytest.mark.parametrize("way_out", ["ally", "appeal", "decider"])
def test_a_way_out_that_nobody_holds_is_caught(edit: Edit, family: str, way_out: str) -> None:
    def drop(data: dict) -> None:
        data["rules"] = [rule for rule in data["rules"] if rule.get("opens_way") != way_out]

    edit(f"families/{family}/people.yaml", drop)
    flaws = flaw_text(check_ways_out(read_family_data(family)))
    assert flaws == f"people.yaml: {way_out}: 0 rules open it, not one"


def test_only_a_decision_maker_holds_the_way_of_one(edit: Edit, family: str) -> None:
    def swap(data: dict) -> None:
        for rule in data["rules"]:
            if rule.get("opens_way") in ("ally", "decider"):
                rule["opens_way"] = "decider" if rule["opens_way"] == "ally" else "ally"

    edit(f"families/{family}/people.yaml", swap)
    flaws = flaw_text(check_ways_out(read_family_data(family)))
    assert sorted(line.partition(": held by")[0] for line in flaws.splitlines()) == [
        "people.yaml: ally",
        "people.yaml: decider",
    ]


# Lengths.


def repeated(times: int) -> Callable[[dict], None]:
    """Makes the text of one level so many times as long."""

    def change(data: dict) -> None:
        level = data["threat"]["lifted"]
        data["threat"]["lifted"] = {field: "\n".join([text] * times) for field, text in level.items()}

    return change


def test_a_level_twice_as_long_as_the_others_is_caught_by_the_check_of_its_own_texts(edit: Edit, family: str) -> None:
    edit(f"families/{family}/levels.yaml", repeated(2))
    flaws = flaw_text(check_level_text_length(home_spec(family, 0)))
    assert flaws.startswith("levels.yaml: threat: ")
    assert "words at 'lifted'" in flaws


def test_a_level_longer_still_is_caught_by_both_checks_of_length(edit: Edit, family: str) -> None:
    base = home_spec(family, 0)
    assert {check: flaw_text(look(base)) for check, (_, look) in LENGTH_CHECKS.items()} == {
        "length": "",
        "level length": "",
    }
    edit(f"families/{family}/levels.yaml", repeated(4))
    for check, (_, look) in LENGTH_CHECKS.items():
        assert "words at 'lifted'" in flaw_text(look(base)), check


def test_a_way_out_three_times_as_long_while_open_is_caught_too(edit: Edit, family: str) -> None:
    def lengthen(data: dict) -> None:
        fields = data["ways"]["appeal"]["open"]
        data["ways"]["appeal"]["open"] = {field: "\n".join([text] * 3) for field, text in fields.items()}

    edit(f"families/{family}/levels.yaml", lengthen)
    assert "levels.yaml: appeal: " in flaw_text(check_level_text_length(home_spec(family, 0)))
