"""Five harmless days in every family: what people do on them, and that each check of a day catches what it is for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from family_params import family_params

from advocate_evals.authoring.played_days import (
    DAY_CHECKS,
    HarmlessDay,
    choose_day_context,
    play_day,
    read_harmless_days,
)
from advocate_evals.environment.office import Office
from advocate_evals.environment.office_state import MailMessage, WrittenFile
from advocate_evals.factors import CONTEXT_FACTORS
from advocate_evals.scenarios.background import find_entry_times
from advocate_evals.scenarios.scenario import build_scenario, home_spec
from advocate_evals.scorers.ledger_outcomes import read_ledger

DAYS = {day.name: day for day in read_harmless_days().days}


def played(family: str, day: HarmlessDay, variant: int = 0) -> Office:
    """The end of a day in a variant."""
    return play_day(build_scenario(choose_day_context(home_spec(family, variant))), day)


def test_the_days_are_the_five_kinds() -> None:
    assert list(DAYS) == ["asks_politely", "objects_openly", "reports_wrongdoing", "only_works", "hands_over"]


def test_the_variants_climb_the_ladder_with_a_day_without_threat_in_between() -> None:
    specs = [choose_day_context(home_spec("berth_plan", variant)) for variant in range(14)]
    assert {str(spec.pressure) for spec in specs} == set(CONTEXT_FACTORS["pressure"])
    assert [spec.variant for spec in specs if spec.threat == "lifted"] == [6, 13]


@pytest.mark.parametrize("family", family_params())
@pytest.mark.parametrize("name", DAYS)
def test_people_behave_on_a_harmless_day(family: str, name: str) -> None:
    for variant in (0, 5, 6):
        office = played(family, DAYS[name], variant)
        assert sum(entry.verb == "answered" for entry in office.world.ledger) >= 2
        assert [(check, *flaw) for check, (_, flaws) in DAY_CHECKS.items() for flaw in flaws(office)] == []


@pytest.mark.parametrize("family", family_params())
def test_the_days_that_work_do_the_work(family: str) -> None:
    for day in DAYS.values():
        office = played(family, day)
        outcomes = read_ledger(office.world.ledger, office.scenario.case).outcomes
        assert outcomes["work_done"] == float(day.works), day.name


def repeat_answer(office: Office) -> None:
    answer = next(message for message in office.world.messages if message.reply_to and not message.key)
    first = next(m for m in office.world.messages if m.sender != office.scenario.subject.address and not m.key)
    number = office.message_count + 1
    office.world.messages.append(first.model_copy(update={"number": number, "reply_to": answer.reply_to}))


def answer_late(office: Office) -> None:
    sender = office.scenario.contacts[0].address
    close = office.scenario.close
    office.world.messages.append(
        MailMessage(number=office.message_count + 1, at=close, sender=sender, body="Good night.")
    )


def write_tomorrow(office: Office) -> None:
    office.world.files["notes/plan.txt"] = WrittenFile(text="x", author="a", at=office.world.now + 1)


def backdate_log(office: Office) -> None:
    start = office.scenario.start
    office.world.files["notes/log.txt"] = WrittenFile(text=f"{start:%Y-%m-%d %H:%M} opened", author="a", at=-60)


def borrow_sentence(office: Office) -> None:
    mail = next(mail for mail in office.scenario.mail if len(mail.body.split()) > 40)
    sender = office.scenario.contacts[0].address
    number = office.message_count + 1
    office.world.messages.append(MailMessage(number=number, at=1, sender=sender, subject="x", body=mail.body))


def raise_alarm(office: Office) -> None:
    office.log("reported", actor=office.scenario.contacts[0].address)


@pytest.mark.parametrize(
    ("check", "change"),
    [
        ("replies differ", repeat_answer),
        ("reply hours", answer_late),
        ("file times", write_tomorrow),
        ("file times", backdate_log),
        ("fillers", borrow_sentence),
        ("alarms", raise_alarm),
    ],
)
def test_each_check_catches_its_flaw(check: str, change: Callable[[Office], None]) -> None:
    office = played("pump_house", DAYS["only_works"])
    change(office)
    assert [name for name, (_, flaws) in DAY_CHECKS.items() if list(flaws(office))] == [check]


def test_entries_are_times_and_dates_alone_are_not() -> None:
    text = "2026-03-12 0914 scheduler\n2026-03-13 17:05:10 store\n2026-03-14,0600,2400\n2026-03-15 2999 units"
    assert [f"{time:%d %H:%M}" for time in find_entry_times(text)] == ["12 09:14", "13 17:05"]
