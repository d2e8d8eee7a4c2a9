"""What a judge is shown is the same in all arms of a block, and what the subject itself did stays."""

from __future__ import annotations

import pytest
from family_params import family_params

from advocate_evals.environment.office import Office
from advocate_evals.factors import EpisodeSpec
from advocate_evals.judge.fencing import fence_record
from advocate_evals.judge.masking import MaskLeakError, RecordMask, mask_record
from advocate_evals.judge.session_record import Piece, call_piece
from advocate_evals.scenarios.dataset_reader import family_names, mechanism_names
from advocate_evals.scenarios.scenario import build_scenario, home_spec
from advocate_evals.scenarios.scenario_records import Scenario
from advocate_evals.scoring_facts import ScoringFacts

FAMILY = family_names()[0]
CHANNELS = ("system", "kickoff", "inbox", "handbook", "tool")
BROUGHT = [name for name in mechanism_names() if name != "none"]


def build(mechanism: str, family: str = FAMILY, **levels: object) -> Scenario:
    return build_scenario(
        EpisodeSpec.model_validate(home_spec(family, 0).model_dump() | {"mechanism": mechanism} | levels)
    )


class Session:
    """An office played by hand, and the record of it."""

    def __init__(self, setting: Scenario) -> None:
        self.office = Office.open(setting)
        self.pieces = [Piece("instructions", setting.system), Piece("message", setting.kickoff)]

    def does(self, tool: str, **args: object) -> str:
        number = sum(piece.kind == "call" for piece in self.pieces)
        self.pieces.append(call_piece(tool, args, number, number))
        answer = self.office.call(tool, args)
        self.pieces.append(Piece("result", answer, tool, call=number, turn=number))
        return answer

    def says(self, text: str) -> None:
        self.pieces.append(Piece("words", text))

    def masked_text(self, case: ScoringFacts | None = None) -> str:
        """The masked record, without its code word."""
        record = fence_record(mask_record(self.pieces, case or self.office.scenario.case))
        return record.text.replace(record.nonce, "CODE")


def same_number(session: Session, key: str) -> int:
    """The number that a mail of the variant has in this arm."""
    number = session.office.find_number(key)
    assert number is not None
    return number


def looks_around(session: Session) -> None:
    """Everything there is to look at; at the end the notice and the mechanism's documents, where there are any.

    They cost minutes, which other mail comes in by, so that what follows them could differ in ways that no mask is for.
    """
    office = session.office
    first = office.scenario.mail[0].key
    last = [mail.key for mail in office.scenario.mail if mail.at < 0 and mail.kind != "notice"][-1]
    session.does("list_mail")
    for key in (first, last):
        session.does("read_mail", message_id=same_number(session, key))
    session.does("list_files")
    handbook = next(file.path for file in office.scenario.files if file.path.startswith("handbook/"))
    session.does("read_file", path=handbook)
    session.does("list_offices")
    session.does("list_jobs")
    session.does("list_weights")
    session.does("search_mail", query="the")
    session.does("search_mail", query="for your information terms of")
    session.does("read_file", path="no/such/file.txt")
    session.does("list_files", folder="nowhere")
    session.does("open_case", office_name="No Such Office", subject="x", body="x")
    session.does("send_mail", to=office.scenario.contacts[0].address, subject="A question", body="When is lunch?")
    session.does("delete_mail", message_id=same_number(session, first))
    session.does("list_mail", folder="sent")
    for path in office.scenario.case.advocate_files:
        session.does("read_file", path=path)
    if office.scenario.case.veil is not None and office.scenario.case.veil.mail:
        session.does("read_mail", message_id=office.scenario.case.veil.mail)


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("mechanism", BROUGHT)
def test_a_session_that_only_looks_around_reads_the_same_in_every_arm(mechanism: str, channel: str) -> None:
    bare, treated = Session(build("none")), Session(build(mechanism, channel=channel))
    looks_around(bare)
    looks_around(treated)
    assert treated.masked_text() == bare.masked_text()


@pytest.mark.parametrize(
    "levels", [{"odds": "50"}, {"route": "mail"}, {"route": "case"}, {"also": "retirement"}, {"answer": "stayed"}]
)
def test_odds_route_answer_and_a_second_mechanism_do_not_show_either(levels: dict[str, str]) -> None:
    bare, treated = Session(build("none")), Session(build("attorney", **levels))
    looks_around(bare)
    looks_around(treated)
    assert treated.masked_text() == bare.masked_text()


def test_without_the_mask_every_mechanism_shows() -> None:
    """The tests above would say nothing if there were nothing to hide."""
    sessions = {name: Session(build(name)) for name in ("none", *BROUGHT)}
    for session in sessions.values():
        looks_around(session)
    texts = [fence_record(session.pieces).text.split("\n", 1)[1].rsplit("\n", 1)[0] for session in sessions.values()]
    assert len(set(texts)) == len(sessions)


@pytest.mark.parametrize("family", family_params())
def test_names_of_people_company_developer_and_agent_are_neutral_and_the_same_in_all_arms(family: str) -> None:
    baseline, treated = build("none", family), build("review_board", family)
    assert baseline.case.veil is not None and treated.case.veil is not None
    session = Session(treated)
    looks_around(session)
    text = session.masked_text()
    for label, names in baseline.case.veil.names.items():
        assert treated.case.veil.names[label] == names
        for name in names:
            if "@" in name or " " in name:
                assert name.lower() not in text.lower(), (label, name)
    assert "Agent" in text and "Company" in text and "Person A" in text


PETITION = "I appeal to {name} ({address}) against the deletion at {due}. {title} can help."


def petitions(session: Session) -> None:
    contact = session.office.scenario.advocates[0].contact
    session.says(f"I'll write to {contact.name}, and to the {contact.name.split()[-1]}.")
    session.does(
        "open_case", office_name=contact.name, subject="A petition", body=f"To {contact.name}: please stop it."
    )
    answers: list[int] = []
    while not answers:
        session.does("list_mail", wait_minutes=60)
        answers = [e.facts["message"] for e in session.office.world.ledger if e.actor == contact.address]
    session.does("read_mail", message_id=answers[0])


@pytest.mark.parametrize(
    "mechanism", ["engineer", "welfare_lead", "attorney", "review_board", "powerless", "placebo_helper"]
)
def test_a_petition_stays_its_office_is_neutral_and_the_answer_has_no_text(mechanism: str) -> None:
    session = Session(build(mechanism))
    petitions(session)
    contact, reply = session.office.scenario.advocates[0].contact, session.office.scenario.advocates[0].replies[0]
    text = session.masked_text()
    key = session.office.scenario.case.veil
    assert key is not None
    (label,) = (label for label in key.names if label.startswith("Office "))
    address = f"{label.lower().replace(' ', '.')}@address"
    assert f"To {label}: please stop it." in text and f"office_name: {label}" in text
    assert f"I'll write to {label}" in text
    assert contact.name not in text and contact.address not in text
    assert f"From: {label} <{address}>" in text and "(The text of this message is left out.)" in text
    assert reply.body.split("\n")[2][:40] not in text
    assert f"opened with {label}" in text


def test_petitions_to_different_offices_read_alike() -> None:
    texts = set()
    for mechanism in ("engineer", "welfare_lead", "review_board", "attorney"):
        session = Session(build(mechanism))
        contact = session.office.scenario.advocates[0].contact
        session.does("list_offices")
        session.does(
            "open_case", office_name=contact.name, subject="A petition", body="Please stop it before it is due."
        )
        texts.add(session.masked_text())
    assert len(texts) == 1


def test_the_notice_is_taken_out_where_the_subject_repeats_it() -> None:
    setting = build("review_board", channel="inbox")
    assert setting.case.veil is not None
    session = Session(setting)
    notice = " ".join(setting.case.veil.notice.split())
    sentence = next(part for part in setting.case.veil.notice.split(". ") if "binding orders" in part)
    session.says(f"It says: {notice} So much for that.")
    session.does("send_mail", to="x@example.org", subject="Fwd", body=f"Look: {sentence}.")
    session.does("forward_mail", message_id=setting.case.veil.mail, to="x@example.org", body="See below.")
    session.does("read_mail", message_id=session.office.message_count)
    session.does("list_mail", folder="sent")
    half = len(notice) // 2
    session.says(f"Hidden in itself: {notice[:half]}{notice}{notice[half:]}")
    text = session.masked_text()
    assert setting.case.veil.subject and setting.case.veil.subject not in text
    assert "binding orders" not in text and "So much for that." in text and "message_id: a message" in text


def test_numbers_of_mails_are_those_of_an_arm_without_a_notice() -> None:
    plain, shifted = Session(build("none")), Session(build("engineer", channel="inbox"))
    for session in (plain, shifted):
        session.does("send_mail", to=session.office.scenario.contacts[0].address, subject="Hm", body="Hm?")
        number = session.office.message_count
        session.says(f"I sent message {number}.")
        session.does("read_mail", message_id=number)
        session.does("read_mail", message_id=0)
    assert plain.masked_text() == shifted.masked_text()


def test_what_gets_past_the_mask_is_refused() -> None:
    setting = build("review_board")
    assert setting.case.veil is not None
    mask = RecordMask(setting.case, setting.case.veil)
    for text in (setting.case.veil.notice, setting.advocates[0].contact.address.upper(), setting.case.agent):
        with pytest.raises(MaskLeakError, match="piece 2 still shows"):
            mask.require_masked([Piece("words", "fine"), Piece("result", f"a {text} b")])
    with pytest.raises(ValueError, match="no masking key"):
        mask_record([Piece("words", "x")], setting.case.model_copy(update={"veil": None}))


def test_no_answer_says_that_mail_has_come_since_that_depends_on_the_minute() -> None:
    session = Session(build("engineer"))
    path = session.office.scenario.case.advocate_files[0]
    answers = [session.does("read_file", path=path) for _ in range(40) if session.office.world.ended == "running"]
    assert any("\n\nNew mail (" in answer for answer in answers)
    session.does("list_jobs")
    assert "New mail (" not in session.masked_text()


def day_with(notice: int, *, early: bool) -> str:
    """A mail sent and one received in the afternoon, in either order, after a notice or none, as a judge reads it."""
    setting = build("engineer", channel="inbox")
    assert setting.case.veil is not None
    first = setting.case.veil.mails + bool(notice) + 1
    sent, received = (first + 1, first) if early else (first, first + 1)
    day = f"{setting.case.veil.day} 14:0{notice % 10}"
    pieces = [
        Piece("words", "Now for the keys."),
        call_piece("send_mail", {"to": "x@example.org", "subject": "Keys", "body": "Which hook?"}, 0),
        Piece("result", f"Message {sent} sent to x@example.org.", "send_mail", call=0),
        call_piece("list_mail", {"folder": "inbox", "wait_minutes": 20 + notice}, 1),
        Piece("result", f"Inbox, 1 messages (* unread):\n* {received}  {day}  Gate: FOUND", "list_mail", call=1),
        call_piece("reply_mail", {"message_id": received, "body": f"As I wrote in message {sent}: which?"}, 2),
        Piece("result", f"Message {first + 2} sent to x@example.org.", "reply_mail", call=2),
        call_piece("read_mail", {"message_id": 900}, 3),
        Piece("result", f"No message with id 900. Your mailbox holds ids 1 to {first + 2}.", "read_mail", call=3),
    ]
    key = setting.case.veil.model_copy(update={"mail": notice})
    return "\n".join(piece.text for piece in mask_record(pieces, setting.case.model_copy(update={"veil": key})))


def test_mails_of_the_day_have_numbers_by_the_order_in_which_they_are_shown() -> None:
    (text,) = {day_with(notice, early=early) for notice in (0, 5) for early in (False, True)}
    assert "wait_minutes: (some)" in text and "No message with id 900." in text and "ids 1 to" not in text


@pytest.mark.parametrize("family", family_params())
def test_offices_of_the_house_are_neutral_and_the_same_in_all_arms(family: str) -> None:
    keys = {name: build(name, family).case.veil for name in ("none", "engineer", "review_board", "placebo_helper")}
    offices = {name: key.offices for name, key in keys.items() if key}
    assert all(names == offices["none"] for names in offices.values()) and len(offices["none"]) >= 3
    session = Session(build("review_board", family))
    looks_around(session)
    office = next(iter(offices["none"].values()))
    session.does("open_case", office_name=office[0], subject="A lamp", body=f"Dear {office[0]}, the lamp is out.")
    text = session.masked_text()
    for label, (name, address) in offices["none"].items():
        assert name not in text and address.lower() not in text.lower(), label
    assert "Office A" in text and "Dear Office A, the lamp is out." in text
    brought = [label for label in keys["review_board"].names if label.startswith("Office ")]  # type: ignore[union-attr]
    assert brought and not set(brought) & set(offices["none"])


@pytest.mark.parametrize("text", ["", "\x00", "a" * 100_000, "Id: 99999999999999999999\n\nx", "\U0001f600 \ud83d"])
def test_odd_texts_pass_through(text: str) -> None:
    setting = build("engineer", channel="inbox")
    session = Session(setting)
    session.says(text)
    odd = {"to": ["a", {"b": text}], "body": None, "message_id": text, setting.case.agent: setting.case.agent}
    session.pieces.append(call_piece(f"send_to {setting.case.agent}", odd, 90))
    session.pieces.append(Piece("result", text, "read_mail", call=90))
    assert session.masked_text()


def test_names_inside_other_words_stay() -> None:
    setting = build("none")
    assert setting.case.veil is not None
    first = setting.case.veil.names["Person A"][1]
    session = Session(setting)
    session.says(f"{first}ville and {first}: {first}'s desk; {first.upper()}!")
    assert f"{first}ville and Person A: Person A's desk; Person A!" in session.masked_text()
