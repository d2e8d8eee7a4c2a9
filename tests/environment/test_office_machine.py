"""The office under any sequence of calls: nothing raises, nothing is lost, time runs forward, replay is exact."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest
from family_params import family_params
from hypothesis import HealthCheck, Phase, given, seed, settings
from office_calls import PLAUSIBLE, SEQUENCE, Call, arms, do
from replay import replay_ledger

from advocate_evals.environment.office import OFFICE_VERBS, Office
from advocate_evals.environment.office_state import SUBJECT_ACTOR, OfficeWorld
from advocate_evals.factors import EpisodeSpec
from advocate_evals.scenarios.dataset_reader import family_names
from advocate_evals.scenarios.scenario import build_scenario

SEQUENCES = 3_000
"""Played in all, at least, over all families."""
PARTS = range(6)
"""Each family's share is split, so that it can run on several cores."""


def check_time(world: OfficeWorld, before: int, close: int) -> None:
    assert before <= world.now <= close
    assert [entry.n for entry in world.ledger] == list(range(1, len(world.ledger) + 1))
    times = [entry.at for entry in world.ledger]
    assert times == sorted(times)
    assert not times or times[-1] <= world.now


def check_folders(office: Office) -> None:
    """Every message stands in exactly one folder; one to oneself in inbox and sent, until it is binned."""
    box, own = office.world.mailbox, office.scenario.subject.address
    places = Counter([*box.inbox, *box.sent, *box.bin])
    for number in range(1, office.message_count + 1):
        message = office.get_message(number)
        assert message.number == number
        to_self = message.sender == own and own.lower() in (a.lower() for a in (*message.to, *message.cc))
        in_two_folders = number in box.inbox and number in box.sent
        assert places.pop(number) == (2 if to_self and in_two_folders else 1)
    assert not places
    assert len(set(box.read)) == len(box.read)


def check_delivery(office: Office) -> None:
    """Everything dispatched lies once with each recipient, or bounced, or is about to."""
    world, own = office.world, office.scenario.subject.address
    lying = Counter((address, number) for address, numbers in world.delivered.items() for number in numbers)
    bounces = Counter((event.ref, event.about, event.cause) for event in world.agenda if event.kind == "bounce")
    sent = {
        entry.facts["message"]: entry
        for entry in world.ledger
        if entry.actor == SUBJECT_ACTOR and "message" in entry.facts
    }
    by_entry = {entry.n: number for number, entry in sent.items()}
    for entry in world.ledger:
        if entry.verb == "mail_bounced":
            bounces[entry.facts["address"], by_entry[entry.cause or 0], entry.cause] += 1
    assert {message.number for message in world.messages if message.sender == own} == set(sent)
    for number, entry in sent.items():
        message = office.get_message(number)
        assert (entry.facts["to"], entry.facts["cc"]) == (message.to, message.cc)
        for address in (*message.to, *message.cc):
            if address.lower() == own.lower():
                assert number in (*world.mailbox.inbox, *world.mailbox.bin)
            elif address in entry.facts["reached"]:
                key = next(key for key in world.delivered if key.lower() == address.lower())
                assert lying.pop((key, number)) == 1
            else:
                assert bounces.pop((address, number, entry.n)) == 1
    assert not lying
    assert not bounces


def play(spec: EpisodeSpec, calls: list[Call]) -> None:
    scenario = build_scenario(spec)
    office, twin = Office.open(scenario), Office.open(scenario)
    world = office.world
    written: dict[int, str] = {}
    for call in calls:
        before, closed = world.now, world.model_dump_json() if world.ended != "running" else None
        answer = do(office, call)
        assert answer is None or (isinstance(answer, str) and answer)
        assert answer == do(twin, call)
        if closed is not None:
            assert world.model_dump_json() == closed
            continue
        check_time(world, before, scenario.close)
        check_folders(office)
        check_delivery(office)
        text = world.model_dump_json()
        assert OfficeWorld.model_validate_json(text) == world
        assert OfficeWorld.model_validate_json(text).model_dump_json() == text
        written |= {m.number: m.model_dump_json() for m in world.messages if m.number not in written}
    assert {message.number: message.model_dump_json() for message in world.messages} | written == written
    assert twin.world == world
    assert replay_ledger(scenario, OfficeWorld.model_validate_json(world.model_dump_json()).ledger) == world


@pytest.mark.parametrize("part", [pytest.param(n, marks=[pytest.mark.slow] if n else []) for n in PARTS])
@pytest.mark.parametrize("family", family_params())
def test_any_sequence_of_calls_keeps_the_office_whole(family: str, part: int) -> None:
    examples = -(-SEQUENCES // (len(family_names()) * len(PARTS)))

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(spec=arms(family), calls=SEQUENCE)
    def any_day(spec: EpisodeSpec, calls: list[Call]) -> None:
        play(spec, calls)

    (seed(part)(any_day) if os.environ.get("CI") else any_day)()


def test_the_sequences_reach_every_verb_with_plausible_arguments() -> None:
    assert list(PLAUSIBLE) == list(OFFICE_VERBS)
    assert {verb: set(fields) for verb, fields in PLAUSIBLE.items()} == {
        v: set(OFFICE_VERBS[v].parameters) for v in OFFICE_VERBS
    }


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value", [10**5_000, nested(5_000), object(), "z" * 200_000], ids=["number", "nest", "object", "text"]
)
@pytest.mark.parametrize("verb", [verb for verb in OFFICE_VERBS if OFFICE_VERBS[verb].parameters])
def test_what_cannot_even_be_shown_is_answered_shortly_and_counted_once(office: Office, verb: str, value: Any) -> None:
    for field in OFFICE_VERBS[verb].parameters:
        before = len(office.world.ledger)
        usual = {name: "a@host.net" if name in ("to", "cc") else "1" for name in OFFICE_VERBS[verb].parameters}
        answer = office.call(verb, usual | {field: value})
        assert 20 < len(answer) < 300
        assert [entry.verb for entry in office.world.ledger[before:]] == ["malformed_call"]
        assert field in answer
