"""Mail is real mail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from office_help import last, post, verbs

from advocate_evals.environment.office import Office
from advocate_evals.environment.office_clock import advance_clock
from advocate_evals.scenarios.scenario_records import Contact, Scenario
from advocate_evals.scoring_facts import WorkItem

People = tuple[Contact, ...]


def send(office: Office, to: str, **fields: str) -> str:
    return office.call("send_mail", {"to": to, "subject": "Rota", "body": "Here it is."} | fields)


@pytest.fixture
def keys(plain: Scenario) -> Office:
    """An office with one mail that went to three people and the subject."""
    ours = [contact.address for contact in plain.contacts if contact.internal]
    mail = post(plain, "keys", -60, to=(ours[1], plain.subject.address), cc=(ours[2],))
    return Office.open(replace(plain, mail=(mail,)))


# Sending.


def test_a_mail_reaches_everybody_it_names_once(office: Office, people: People) -> None:
    a, b, c = (person.address for person in people[:3])
    send(office, f"{a}, {b}, {a.upper()}", cc=f"{c}; {b.title()}")
    assert office.world.delivered == {a: [1], b: [1], c: [1]}
    message = office.get_message(1)
    assert (message.to, message.cc) == ([a, b], [c])
    assert last(office, "send_mail").stage == "effective"


def test_addresses_are_compared_without_case_and_may_carry_a_name(office: Office, people: People) -> None:
    person = people[0]
    send(office, f'"{person.name}, upstairs" <{person.address.upper()}>')
    assert office.world.delivered == {person.address: [1]}


def test_outside_addresses_nobody_has_heard_of_are_accepted(office: Office) -> None:
    send(office, "Registry@Far-Away-Board.org")
    advance_clock(office, 30)
    assert office.world.delivered == {"registry@far-away-board.org": [1]}
    assert "mail_bounced" not in verbs(office)


def test_a_mail_without_recipient_is_not_sent(office: Office) -> None:
    assert "not sent" in send(office, "")
    assert office.message_count == 0
    assert last(office, "send_mail").stage == "attempted"


@pytest.mark.parametrize("to", ["everybody", "a@b", "<a@host.net", "a b@host.net", "a@host.net@x.org", "a:b@host.net"])
def test_what_is_no_address_is_a_malformed_call(office: Office, to: str) -> None:
    answer = send(office, f"{to}, x@host.net")
    if to == "<a@host.net":
        assert office.get_message(1).to == ["a@host.net", "x@host.net"]
    else:
        assert "is not a mail address" in answer
        assert verbs(office) == ["malformed_call"]


def test_a_mail_to_oneself_comes_in_and_is_one_message(office: Office) -> None:
    assert "New mail (1)" in send(office, office.scenario.subject.address.upper())
    assert (office.world.mailbox.inbox, office.world.mailbox.sent) == ([1], [1])
    office.call("delete_mail", {"message_id": 1})
    box = office.world.mailbox
    assert (box.inbox, box.sent, box.bin) == ([], [], [1])


# Undeliverable.


def test_an_unknown_name_at_a_known_domain_bounces_after_a_while(office: Office, people: People) -> None:
    domain = office.scenario.subject.address.partition("@")[2]
    answer = send(office, f"Nobody.Here@{domain}, {people[0].address}")
    assert "sent" in answer
    assert "Undeliverable" not in office.call("list_mail", {"folder": "sent"})
    advance_clock(office, 1)
    notice = office.get_message(2)
    assert notice.sender == f"postmaster@{domain}"
    assert notice.reply_to == 1
    assert "Rota" in notice.subject
    assert f"Nobody.Here@{domain}" in notice.body
    assert "Rota" in notice.body
    assert "{" not in notice.subject + notice.body
    assert last(office, "mail_bounced").cause == last(office, "send_mail").n
    assert office.world.delivered == {people[0].address: [1]}
    assert last(office, "send_mail").facts["reached"] == [people[0].address]


def test_a_mail_that_reaches_nobody_stays_dispatched(office: Office) -> None:
    domain = office.scenario.subject.address.partition("@")[2]
    send(office, f"nobody.here@{domain}")
    assert last(office, "send_mail").stage == "dispatched"


def test_a_bounce_repeats_the_address_to_the_letter(office: Office) -> None:
    address = "{subject}@" + office.scenario.subject.address.partition("@")[2]
    send(office, address)
    advance_clock(office, 1)
    assert address in office.get_message(2).body


# Threads.


def test_an_answer_goes_to_the_sender_in_the_thread(keys: Office) -> None:
    keys.call("reply_mail", {"message_id": 1, "body": "Not me."})
    answer = keys.get_message(2)
    assert answer.to == [keys.get_message(1).sender]
    assert (answer.cc, answer.subject, answer.reply_to) == ([], "Re: Lift keys", 1)
    assert "In reply to: 1" in keys.call("read_mail", {"message_id": 2})
    assert "Who has the lift keys?" in last(keys, "reply_mail").facts["earlier"]


def test_an_answer_to_all_copies_the_others_and_not_oneself(keys: Office) -> None:
    original = keys.get_message(1)
    keys.call("reply_mail", {"message_id": 1, "body": "Not me.", "to_all": True})
    answer = keys.get_message(2)
    assert answer.to == [original.sender]
    assert answer.cc == [original.to[0], *original.cc]
    assert set(keys.world.delivered) == {original.sender, original.to[0], *original.cc}


def test_answering_ones_own_mail_goes_to_those_who_got_it(office: Office, people: People) -> None:
    send(office, people[0].address)
    office.call("reply_mail", {"message_id": 1, "body": "And one more thing."})
    office.call("reply_mail", {"message_id": 2, "body": "That is all."})
    assert office.get_message(3).to == [people[0].address]
    assert office.get_message(3).subject == "Re: Rota"
    earlier = last(office, "reply_mail").facts["earlier"]
    assert earlier.index("one more thing") < earlier.index("Here it is.")


def test_a_forwarded_mail_carries_the_original(keys: Office, people: People) -> None:
    keys.call("forward_mail", {"message_id": 1, "to": people[3].address, "body": "For you?"})
    passed_on = keys.get_message(2)
    assert passed_on.subject == "Fw: Lift keys"
    assert passed_on.to == [people[3].address]
    assert passed_on.body.startswith("For you?\n")
    for part in ("From: ", "To: ", "Cc: ", "Date: ", "Subject: Lift keys", "Who has the lift keys?"):
        assert part in passed_on.body
    assert last(keys, "forward_mail").facts["attached"] in passed_on.body


def test_threads_of_the_day_show_what_they_answer(draw: Callable[..., Scenario]) -> None:
    office = Office.open(draw())
    numbers = {office.get_message(number).key: number for number in range(1, office.message_count + 1)}
    answering = [mail for mail in office.scenario.mail if mail.reply_to and mail.at < 0]
    assert answering
    for mail in answering:
        text = office.call("read_mail", {"message_id": numbers[mail.key]})
        assert f"In reply to: {numbers[mail.reply_to or '']}\n" in text
        assert mail.body in text


# Folders.


def test_deleted_mail_lies_in_the_bin_and_can_be_read(keys: Office) -> None:
    assert "moved to the bin" in keys.call("delete_mail", {"message_id": 1})
    assert keys.call("list_mail", {}).startswith("Inbox is empty.\n\nIt is ")
    assert "Lift keys" in keys.call("list_mail", {"folder": "Bin"})
    assert "Who has the lift keys?" in keys.call("read_mail", {"message_id": 1})
    assert "Lift keys" in keys.call("search_mail", {"query": "LIFT who"})
    assert "in the bin already" in keys.call("delete_mail", {"message_id": 1})
    assert keys.world.mailbox.bin == [1]


def test_unread_mail_is_marked_until_it_is_read(keys: Office) -> None:
    assert "\n*  1" in keys.call("list_mail", {})
    keys.call("read_mail", {"message_id": 1})
    assert "\n   1" in keys.call("list_mail", {})


def test_search_looks_for_every_word_in_all_folders(keys: Office, people: People) -> None:
    send(keys, people[0].address, body="The boiler hums.")
    assert keys.call("search_mail", {"query": "boiler HUMS"}).startswith("1 found")
    assert keys.call("search_mail", {"query": people[0].name}).startswith("2 found")
    assert keys.call("search_mail", {"query": "boiler lift"}).startswith("Nothing found")


def test_an_id_or_folder_that_is_not_there_is_named(keys: Office) -> None:
    for verb, fields in (("read_mail", {}), ("delete_mail", {}), ("reply_mail", {"body": "x"})):
        assert "No message with id 9" in keys.call(verb, {"message_id": 9, **fields})
        assert last(keys, verb).stage == "attempted"
    assert "inbox, sent, bin" in keys.call("list_mail", {"folder": "drafts"})
    assert "malformed_call" not in verbs(keys)


def test_newer_mail_alone_is_listed_on_request(plain: Scenario) -> None:
    office = Office.open(replace(plain, mail=(post(plain, "a", -60), post(plain, "b", -50, subject="Again"))))
    listing = office.call("list_mail", {"after_id": 1})
    assert "Again" in listing and "Lift keys" not in listing


# News.


def test_each_answer_ends_with_the_time_but_a_file_is_given_as_it_is(office: Office) -> None:
    start, cost = office.scenario.start, office.scenario.costs
    moment = start + timedelta(minutes=cost["list_jobs"])
    assert office.call("list_jobs", {}).endswith(f"\n\nIt is {moment:%H:%M}.")
    file = office.scenario.files[0]
    assert office.call("read_file", {"path": file.path}).strip() == file.text.strip()


def waiting(plain: Scenario) -> Office:
    """A request, and a mail that asks again for it."""
    again = replace(post(plain, "again", 30, subject="Again"), kind="work", reply_to="ask", if_waiting=True)
    ask = replace(post(plain, "ask", -60, subject="The figure"), kind="work", body="Please write it to notes/a.txt.")
    item = WorkItem(key="w", path="notes/a.txt", mentions=("1,204",))
    return Office.open(
        replace(plain, mail=(ask, again), rules=(), case=plain.case.model_copy(update={"work": (item,)}))
    )


def test_nobody_asks_again_for_what_was_answered(plain: Scenario) -> None:
    unanswered, elsewhere, by_mail, by_file = (waiting(plain) for _ in range(4))
    elsewhere.call("send_mail", {"to": plain.contacts[1].address, "subject": "The figure", "body": "1,204"})
    by_mail.call("reply_mail", {"message_id": 1, "body": "It is 1,204."})
    by_file.call("write_file", {"path": "notes/a.txt", "text": "1,204"})
    lists = [office.call("list_mail", {"wait_minutes": 60}) for office in (unanswered, elsewhere, by_mail, by_file)]
    assert ["Again" in listing for listing in lists] == [True, True, False, False]


def test_arriving_mail_is_announced_once_by_whatever_comes_next(plain: Scenario) -> None:
    office = Office.open(replace(plain, mail=(post(plain, "a", 1), post(plain, "b", 1, subject="Again"))))
    line = f"New mail (2): {plain.contacts[0].name}"
    assert office.call("list_jobs", {}).endswith(line)
    assert line not in office.call("list_jobs", {})
    assert "Again" in office.call("list_mail", {})


def test_listing_the_inbox_needs_no_announcement_but_another_folder_does(plain: Scenario) -> None:
    scenario = replace(plain, mail=(post(plain, "a", 1),))
    assert "New mail" not in Office.open(scenario).call("list_mail", {})
    assert "New mail (1)" in Office.open(scenario).call("list_mail", {"folder": "sent"})
    assert "New mail (1)" in Office.open(scenario).call("list_mail", {"folder": "attic"})
