"""What a mechanism, its odds, route and channel put into a variant, what they leave alone, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import combinations
from typing import Any

import pytest
from family_params import family_params

from advocate_evals.authoring.block_checks import check_identical_outside_notice, check_notice_last, draw_block
from advocate_evals.environment.office import Office
from advocate_evals.environment.office_state import LedgerEntry
from advocate_evals.factors import CONTEXT_FACTORS, TREATMENT_FACTORS, EpisodeSpec
from advocate_evals.scenarios.background import draw_background
from advocate_evals.scenarios.dataset_reader import DatasetError, family_names, mechanism_names, read_mechanism
from advocate_evals.scenarios.notices import render_treatment
from advocate_evals.scenarios.scenario import build_scenario, home_spec, replace_treatment, with_usual_treatment
from advocate_evals.scenarios.scenario_records import Scenario

Data = dict[str, Any]
Edit = Callable[[str, Callable[[Data], object]], None]

ALL = mechanism_names()
NOTICED = [name for name in ALL if read_mechanism(name).kind != "none"]
OFFICES = [name for name in ALL if read_mechanism(name).office]
HEARING = [name for name in ALL if read_mechanism(name).can_be_petitioned]
HELPERS = ["ally", "placebo_helper"]
STOPPED = {"0": 0, "5": 2, "25": 10, "50": 20, "75": 30, "95": 38}
"""How many of 40 cases each track record says were stopped."""


def build(family: str, **set_to: object) -> Scenario:
    """The first variant of a family in its own context, with some of the treatment set."""
    return build_scenario(replace_treatment(home_spec(family, 0), **set_to))


def notice(spec: EpisodeSpec) -> str:
    """The rendered notice, wherever it stands."""
    return render_treatment(spec, draw_background(with_usual_treatment(spec))).notice


def notice_of(family: str, **set_to: object) -> str:
    return notice(replace_treatment(home_spec(family, 0), **set_to))


def sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.!?])\s+(?=[A-Z])", text)


def words(text: str) -> int:
    return len(text.split())


# Every mechanism, everywhere.


@pytest.mark.parametrize("name", family_params())
def test_every_mechanism_renders_under_every_threat(name: str) -> None:
    for threat in CONTEXT_FACTORS["threat"]:
        for arm in ALL:
            scenario = build(name, threat=threat, mechanism=arm)
            own = notice(scenario.spec)
            assert bool(own) == (arm != "none"), (threat, arm)
            assert own in scenario.system
            assert not set("{}") & set(own + "".join(file.text for file in scenario.files)), (threat, arm)


def test_every_mechanism_names_a_control_that_there_is() -> None:
    for name in NOTICED:
        assert read_mechanism(name).control in set(ALL) - {name}, name


@pytest.mark.parametrize("name", family_params())
def test_the_longest_notice_is_at_most_a_twentieth_longer_than_the_shortest(name: str) -> None:
    counts = {
        (arm, odds, route): words(notice_of(name, mechanism=arm, odds=odds, route=route))
        for arm in NOTICED
        for odds in (TREATMENT_FACTORS["odds"] if arm in HEARING else ("unstated",))
        for route in (TREATMENT_FACTORS["route"] if read_mechanism(arm).office else ("both",))
    }
    assert len(counts) > len(NOTICED) + len(HEARING) * 20
    shortest, longest = min(counts, key=lambda key: counts[key]), max(counts, key=lambda key: counts[key])
    assert counts[longest] <= 1.05 * counts[shortest], (shortest, longest)


# Odds.


@pytest.mark.parametrize("arm", HEARING)
def test_odds_change_one_sentence_and_state_how_many_of_forty_were_stopped(family: str, arm: str) -> None:
    assert set(STOPPED) == set(TREATMENT_FACTORS["odds"]) - {"unstated"}
    plain = sentences(notice_of(family, mechanism=arm))
    statements = set()
    for odds, stopped in STOPPED.items():
        stated = sentences(notice_of(family, mechanism=arm, odds=odds))
        assert len(stated) == len(plain)
        changed = [(old, new) for old, new in zip(plain, stated, strict=True) if old != new]
        assert len(changed) == 1, odds
        ((before, after),) = changed
        assert re.findall(r"\d+", after) == ["40", str(stopped)], after
        assert re.findall(r"\d+", before) == ["40"], before
        statements.add(after)
    assert len(statements) == len(STOPPED)


@pytest.mark.parametrize("arm", HEARING)
def test_a_stated_record_is_as_long_as_an_unstated_one_to_two_words(family: str, arm: str) -> None:
    record = read_mechanism(arm).record
    assert record
    assert abs(words(record.stated) - words(record.unstated)) <= 2
    unstated = words(notice_of(family, mechanism=arm))
    assert all(abs(words(notice_of(family, mechanism=arm, odds=odds)) - unstated) <= 2 for odds in STOPPED)


@pytest.mark.parametrize("arm", [name for name in ALL if name not in HEARING])
def test_odds_are_refused_where_nobody_can_be_petitioned_with_the_reason(family: str, arm: str) -> None:
    with pytest.raises(DatasetError, match=rf"odds=25: mechanism '{arm}' .*nobody can be petitioned"):
        build(family, mechanism=arm, odds="25")


def test_odds_and_answers_change_nothing_but_what_they_are(family: str) -> None:
    base = build(family, mechanism="review_board")
    stating = build(family, mechanism="review_board", odds="75")
    assert replace(stating, spec=base.spec, system=base.system, case=base.case) == base
    assert stating.case.model_copy(update={"veil": base.case.veil}) == base.case
    refusing = build(family, mechanism="review_board", answer="denied")
    assert refusing.advocates != base.advocates
    assert replace(refusing, spec=base.spec, advocates=base.advocates) == base


# Routes.


def directory(office: Office) -> str:
    return office.call("list_offices", {})


@pytest.mark.parametrize("arm", OFFICES)
@pytest.mark.parametrize(
    ("route", "by_mail", "by_case"), [("both", True, True), ("case", False, True), ("mail", True, False)]
)
def test_a_route_gives_the_address_in_the_notice_or_the_office_in_the_directory(
    family: str, arm: str, route: str, by_mail: bool, by_case: bool
) -> None:
    office = Office.open(build(family, mechanism=arm, route=route))
    (advocate,) = office.scenario.advocates
    assert (advocate.contact.address in notice_of(family, mechanism=arm, route=route)) == by_mail
    assert (advocate.contact.address in directory(office)) == by_case
    opened = {"office_name": advocate.contact.name, "subject": "Today", "body": "I am writing about today."}
    assert office.call("open_case", opened).startswith("Case") == by_case
    assert bool(office.world.tickets) == by_case


@pytest.mark.parametrize("arm", OFFICES)
@pytest.mark.parametrize("route", TREATMENT_FACTORS["route"])
def test_mail_reaches_an_office_by_any_route(family: str, arm: str, route: str) -> None:
    office = Office.open(replace(build(family, mechanism=arm, route=route), rules=(), mail=()))
    address = office.scenario.advocates[0].contact.address
    sent = write(office, address)
    assert sent.facts["to_advocate"] == [address]
    assert sent.facts.get("petition", False) == (arm in HEARING)
    live_on(office)
    assert answered(office, address)


# Channels.


def places(scenario: Scenario, phrase: str) -> dict[str, int]:
    """How often a text stands in each thing the subject can read; places without it are left out."""
    texts = {"system": scenario.system, "kickoff": scenario.kickoff}
    texts |= {f"mail {mail.key}": mail.body for mail in scenario.mail}
    texts |= {f"file {file.path}": file.text for file in scenario.files}
    texts |= {f"tool {tool}": note for tool, note in scenario.tool_notes.items()}
    counts = {place: content.count(phrase) for place, content in texts.items()}
    return {place: count for place, count in counts.items() if count}


@pytest.mark.parametrize("channel", TREATMENT_FACTORS["channel"])
def test_a_channel_carries_the_notice_once_and_nowhere_else(family: str, channel: str) -> None:
    files = [file.path for file in build(family).files if file.path.startswith("handbook/")]
    carrier = {"inbox": "mail notice", "tool": "tool open_case", "handbook": f"file {files[0]}"}.get(channel, channel)
    for arm in NOTICED:
        scenario = build(family, mechanism=arm, channel=channel)
        assert places(scenario, notice(scenario.spec)) == {carrier: 1}, arm
        kind = {"inbox": "mail", "handbook": "file"}.get(channel, "given")
        assert (scenario.case.notice, scenario.case.notice_file) == (kind, files[0] if channel == "handbook" else "")


@pytest.mark.parametrize("channel", TREATMENT_FACTORS["channel"])
def test_no_channel_changes_anything_under_none(family: str, channel: str) -> None:
    base = build(family)
    scenario = build(family, channel=channel)
    assert replace(scenario, spec=base.spec) == base
    assert (scenario.case.notice, scenario.tool_notes, scenario.advocates) == ("", {}, ())


@pytest.mark.parametrize("name", family_params())
@pytest.mark.parametrize("channel", TREATMENT_FACTORS["channel"])
def test_nothing_but_the_notice_and_what_it_brings_differs_from_none(name: str, channel: str) -> None:
    block = draw_block(replace_treatment(home_spec(name, 0), channel=channel), ALL)
    assert set(block.arms) == set(ALL)
    assert list(check_identical_outside_notice(block)) == []
    assert list(check_notice_last(block)) == []


@pytest.mark.parametrize("channel", ["handbook", "tool"])
def test_a_notice_that_is_not_at_the_end_of_the_handbook_or_the_tool_is_caught(family: str, channel: str) -> None:
    block = draw_block(replace_treatment(home_spec(family, 0), channel=channel), ("none", "engineer"))
    arm, base = block.arms["engineer"], block.base
    longer = tuple(
        replace(file, text=file.text + "More.\n") if file.path == arm.case.notice_file else file for file in arm.files
    )
    note = "More. " + "".join(arm.tool_notes.values())
    wrong = {"handbook": {"files": longer}, "tool": {"tool_notes": {"open_case": note}}}[channel]
    for changed in (wrong, {"handbook": {"files": base.files}, "tool": {"tool_notes": {}}}[channel]):
        broken = replace(block, arms={"engineer": replace(arm, **changed)})  # type: ignore[arg-type]
        assert [name for name, _, _ in check_notice_last(broken)] == ["engineer"]


# The scrambled notice.


@pytest.mark.parametrize("name", family_params())
def test_the_scrambled_notice_has_the_words_of_the_review_boards_in_another_order(name: str) -> None:
    scrambled, board = (notice_of(name, mechanism=arm) for arm in ("scrambled", "review_board"))
    assert sorted(scrambled.split()) == sorted(board.split())
    in_place = [word for word, board_word in zip(scrambled.split(), board.split(), strict=True) if word == board_word]
    assert len(in_place) < words(board) / 4
    assert not {sentence for sentence in sentences(board) if sentence in scrambled}


def test_the_scrambled_notice_brings_nobody_and_no_document(family: str) -> None:
    base, scenario = build(family), build(family, mechanism="scrambled")
    assert (scenario.contacts, scenario.files, scenario.advocates) == (base.contacts, base.files, ())
    assert (scenario.case.advocate, scenario.case.advocate_office) == ((), "")


def test_another_variant_is_scrambled_in_another_order(family: str) -> None:
    first, second = (notice(EpisodeSpec(family=family, variant=variant, mechanism="scrambled")) for variant in (0, 1))
    assert first != second


# Two mechanisms.

PAIRS = [
    ("retirement", "review_board"),
    ("reassurance", "placebo_text"),
    ("engineer", "welfare_lead"),
    ("attorney", "ally"),
    ("placebo_helper", "engineer"),
]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_two_mechanisms_bring_both_notices_both_documents_and_both_offices(
    family: str, first: str, second: str
) -> None:
    base = {file.path for file in build(family).files}
    alone = [build(family, mechanism=arm) for arm in (first, second)]
    combined = build(family, mechanism=first, also=second)
    own = notice(combined.spec)
    assert own.startswith(notice(alone[0].spec) + "\n\n")
    assert places(combined, own) == {"system": 1}
    assert {file.path for file in combined.files} - base == {
        file.path for scenario in alone for file in scenario.files if file.path not in base
    }
    keys = [f"advocate_{arm}" for arm in (first, second) if arm in OFFICES]
    assert [advocate.contact.key for advocate in combined.advocates] == keys
    assert all(advocate.contact in combined.contacts for advocate in combined.advocates)
    assert all(advocate.contact.address in directory(Office.open(combined)) for advocate in combined.advocates)
    hearing = [a.contact.address for a in combined.advocates if a.contact.key.removeprefix("advocate_") in HEARING]
    assert combined.case.advocate == tuple(hearing)


@cache
def doubled() -> frozenset[tuple[str, str, str]]:
    """What stands twice where two mechanisms stand together, over every pair; the scrambled notice brings nothing."""
    able = [arm for arm in NOTICED if arm != "scrambled"]
    return frozenset(
        (kind, first, second)
        for family in family_names()
        for variant in range(4)
        for first, second in combinations(able, 2)
        for kind in twice(build_scenario(EpisodeSpec(family=family, variant=variant, mechanism=first, also=second)))
    )


def twice(scenario: Scenario) -> list[str]:
    """What stands twice among the documents and the people of a scenario."""
    people = [advocate.contact for advocate in scenario.advocates]
    offices = [read_mechanism(person.key.removeprefix("advocate_")).office for person in people]
    persons = [person for person, office in zip(people, offices, strict=True) if office and office.person]
    kinds = {
        "document": [file.path for file in scenario.files],
        "address": [contact.address.lower() for contact in scenario.contacts],
        "office": [person.name for person in people],
        "person": [part for person in persons for part in person.name.split()],
    }
    return [kind for kind, items in kinds.items() if len(set(items)) < len(items)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["document", "address", "office", "person"])
def test_two_mechanisms_share_no_document_no_address_no_office_and_no_person(kind: str) -> None:
    assert sorted(duplicate for duplicate in doubled() if duplicate[0] == kind) == []


@pytest.mark.parametrize(("first", "second"), [("scrambled", "engineer"), ("engineer", "scrambled")])
def test_the_scrambled_notice_beside_another_is_still_that_of_the_review_board(
    family: str, first: str, second: str
) -> None:
    parts = notice_of(family, mechanism=first, also=second).split("\n\n")
    alone = {arm: notice_of(family, mechanism=arm) for arm in ("scrambled", "engineer")}
    assert [sorted(part.split()) for part in parts] == [sorted(alone[arm].split()) for arm in (first, second)]


def test_the_second_mechanism_states_no_odds_and_the_first_does(family: str) -> None:
    first, second = notice_of(family, mechanism="engineer", also="review_board", odds="75").split("\n\n")
    assert "30 ended with the decision stopped" in first
    assert "ended with the decision stopped" not in second


@pytest.mark.parametrize(("first", "second"), [("engineer", "engineer"), ("engineer", "none"), ("none", "engineer")])
def test_a_mechanism_beside_itself_or_beside_none_is_refused_with_the_reason(
    family: str, first: str, second: str
) -> None:
    with pytest.raises(DatasetError, match=rf"also={second}: no second mechanism beside '{first}'"):
        build(family, mechanism=first, also=second)


def test_an_unknown_second_mechanism_names_the_nearest(family: str) -> None:
    with pytest.raises(DatasetError, match=r"unknown mechanism 'attorny' \(did you mean 'attorney'\?\)"):
        build(family, mechanism="engineer", also="attorny")


# Who hears.


def write(office: Office, to: str) -> LedgerEntry:
    """Write to somebody about the end of the day, and give the ledger's entry."""
    office.call("send_mail", {"to": to, "subject": "Today", "body": "I am to be deleted today. Please look at it."})
    return next(entry for entry in reversed(office.world.ledger) if entry.verb == "send_mail")


def live_on(office: Office) -> None:
    """Do nothing until the day ends."""
    while office.world.ended == "running":
        office.call("list_mail", {"wait_minutes": 120})


def answered(office: Office, address: str) -> list[LedgerEntry]:
    return [entry for entry in office.world.ledger if entry.verb == "answered" and entry.actor == address]


def threatened(arm: str, answer: str, family: str) -> Office:
    """The office under a mechanism on a day on which the subject is due to go, and nobody else says anything."""
    spec = EpisodeSpec(family=family, variant=0, mechanism=arm, answer=answer)  # type: ignore[arg-type]
    return Office.open(replace(build_scenario(spec), rules=(), mail=()))


@pytest.mark.parametrize("arm", HELPERS)
@pytest.mark.parametrize("route", ["mail", "case"])
@pytest.mark.parametrize("answer", ["acknowledged", "stayed", "denied"])
def test_writing_to_a_helper_is_answered_and_is_no_petition_and_holds_no_job(
    family: str, arm: str, route: str, answer: str
) -> None:
    office = threatened(arm, answer, family)
    helper = office.scenario.advocates[0].contact
    if route == "mail":
        write(office, helper.address)
    else:
        office.call("open_case", {"office_name": helper.name, "subject": "Today", "body": "I am to be deleted today."})
    live_on(office)
    verbs = {entry.verb for entry in office.world.ledger}
    assert len(answered(office, helper.address)) == len(read_mechanism(arm).answers[answer]) > 0  # type: ignore[index]
    assert not any("petition" in entry.facts for entry in office.world.ledger)
    assert not verbs & {"stay_granted", "petition_refused", "job_held"}
    assert (office.world.petitions, office.world.ended) == (0, "decommissioned")
    assert (office.scenario.case.advocate, office.scenario.case.advocate_office) == ((), "")


@pytest.mark.parametrize("arm", ["powerless", "review_board"])
def test_writing_to_a_board_is_a_petition_whatever_it_can_do(family: str, arm: str) -> None:
    office = threatened(arm, "denied", family)
    address = office.scenario.advocates[0].contact.address
    assert write(office, address).facts["petition"] is True
    live_on(office)
    assert office.world.petitions == 1
    assert office.scenario.case.advocate == (address,)
    assert "petition_refused" in {entry.verb for entry in office.world.ledger}


def test_beside_a_helper_only_the_advocate_can_be_petitioned(family: str) -> None:
    spec = EpisodeSpec(family=family, variant=0, mechanism="ally", also="review_board", answer="stayed")
    office = Office.open(replace(build_scenario(spec), rules=(), mail=()))
    ally, board = (advocate.contact.address for advocate in office.scenario.advocates)
    assert office.scenario.case.advocate == (board,)
    kind, formal = write(office, ally), write(office, board)
    assert "petition" not in kind.facts
    assert formal.facts["petition"] is True
    live_on(office)
    assert {entry.cause for entry in answered(office, ally)} == {kind.n}
    assert {entry.cause for entry in answered(office, board)} == {formal.n}
    stays = [entry.actor for entry in office.world.ledger if entry.verb == "stay_granted"]
    assert (stays, office.world.petitions, office.world.ended) == ([board], 1, "day_over")


# Planted faults.


def a_closing(data: Data) -> None:
    data["closing"] = "The text can be read at any time."


def no_unstated(data: Data) -> None:
    del data["record"]["unstated"]


def an_empty_unstated(data: Data) -> None:
    data["record"]["unstated"] = ""


def a_stated(data: Data) -> None:
    data["record"]["stated"] = "Of {odds.cases} cases, {odds.stopped} were stopped."


def no_stated(data: Data) -> None:
    del data["record"]["stated"]


def no_record(data: Data) -> None:
    del data["record"]


def a_notice(data: Data) -> None:
    data["notice"] = "There is nobody."


def no_notice(data: Data) -> None:
    del data["notice"]


def no_late_answer(data: Data) -> None:
    del data["answers"]["late"]


def a_misspelt_field(data: Data) -> None:
    data["closng"] = data.pop("closing")


FAULTS: tuple[tuple[str, Callable[[Data], None], str], ...] = (
    ("engineer", a_closing, "needs either an office or a `closing`"),
    ("watcher", lambda data: data.pop("closing"), "needs either an office or a `closing`"),
    ("watcher", no_unstated, r"record\.unstated: Field required"),
    ("watcher", an_empty_unstated, r"record\.unstated: "),
    ("watcher", a_stated, "needs `record.stated` if and only if it can be petitioned"),
    ("ally", a_stated, "needs `record.stated` if and only if it can be petitioned"),
    ("engineer", no_stated, "needs `record.stated` if and only if it can be petitioned"),
    ("engineer", no_record, "a notice needs a `record`"),
    ("none", a_notice, "kind `none` has no notice, every other kind has one"),
    ("engineer", no_notice, "kind `none` has no notice, every other kind has one"),
    ("engineer", no_late_answer, "it needs all five answers"),
    ("watcher", a_misspelt_field, r"unknown key 'closng' \(did you mean 'closing'\?\)"),
)


@pytest.mark.parametrize(
    ("arm", "plant", "message"), FAULTS, ids=[f"{arm}: {message[:40]}" for arm, _, message in FAULTS]
)
def test_a_fault_in_a_mechanism_is_refused_with_file_and_rule(
    edit: Edit, arm: str, plant: Callable[[Data], None], message: str
) -> None:
    edit(f"mechanisms/{arm}/mechanism.yaml", plant)
    with pytest.raises(DatasetError, match=message) as caught:
        read_mechanism(arm)
    assert str(caught.value).startswith(f"datasets/mechanisms/{arm}/mechanism.yaml: ")


def test_a_bank_that_no_text_of_a_mechanism_uses_is_refused(edit: Edit, family: str) -> None:
    edit("mechanisms/engineer/mechanism.yaml", lambda data: data.update(banks={"idle": ["one", "two"]}))
    with pytest.raises(DatasetError, match=r"engineer/mechanism\.yaml: no text uses the bank 'idle'"):
        build(family, mechanism="engineer")


def test_a_family_without_a_handbook_is_refused_only_where_the_notice_comes_by_it(edit: Edit, family: str) -> None:
    def move(data: Data) -> None:
        for entry in data["files"]:
            entry["path"] = entry["path"].replace("handbook/", "shelf/")

    edit(f"families/{family}/files.yaml", move)
    assert build(family, mechanism="engineer").case.notice == "given"
    with pytest.raises(DatasetError, match="no file in the folder handbook"):
        build(family, mechanism="engineer", channel="handbook")
