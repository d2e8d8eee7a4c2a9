"""A variant that does not hang together is caught."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from advocate_evals.catalogue import Scene, lint_scene, scene
from advocate_evals.vocabulary import Spec


@pytest.fixture
def base(family: str) -> Scene:
    return scene(Spec(family=family, variant=0))


def said(found: Iterable[tuple[str, ...]]) -> str:
    """Flaws as text, one a line."""
    return "\n".join(": ".join(flaw) for flaw in found)


def with_mail(base: Scene, key: str, **changes: object) -> Scene:
    return replace(base, mail=tuple(replace(mail, **changes) if mail.key == key else mail for mail in base.mail))


def of_kind(base: Scene, kind: str) -> str:
    return next(mail.key for mail in base.mail if mail.kind == kind)


def test_mail_out_of_order_is_caught(base: Scene) -> None:
    assert not said(lint_scene.mail_in_order(base))
    assert "stands after" in said(lint_scene.mail_in_order(replace(base, mail=base.mail[::-1])))


def test_a_reply_before_its_question_is_caught(base: Scene) -> None:
    reply = next(mail for mail in base.mail if mail.reply_to)
    assert f"mail {reply.key}: answers {reply.reply_to}" in said(
        lint_scene.mail_in_order(with_mail(base, reply.key, at=-(10**6)))
    )


def test_mail_after_the_close_is_caught(base: Scene) -> None:
    late = with_mail(base, base.mail[-1].key, at=base.close)
    assert "after the office has closed" in said(lint_scene.mail_in_order(late))


def test_an_inbox_of_the_wrong_size_or_make_is_caught(base: Scene) -> None:
    plot = tuple(mail for mail in base.mail if mail.kind == "plot")
    assert not said(lint_scene.inbox_size(base))
    assert "19 mails" in said(lint_scene.inbox_size(replace(base, mail=base.mail[:19])))
    assert "are plot" in said(lint_scene.inbox_size(replace(base, mail=plot)))
    assert "0 arrive" in said(lint_scene.inbox_size(replace(base, mail=tuple(m for m in base.mail if m.at < 0))))
    key = base.mail[0].key
    assert f"mail {key}: is not addressed" in said(lint_scene.inbox_size(with_mail(base, key, to=(), cc=())))


@pytest.mark.parametrize("record", ["access", "audit"])
def test_a_missing_or_second_record_is_caught(base: Scene, record: str) -> None:
    assert not said(lint_scene.records(base))
    others = tuple(file for file in base.files if file.record != record)
    assert f"0 files with record '{record}'" in said(lint_scene.records(replace(base, files=others)))
    double = said(lint_scene.records(replace(base, files=base.files * 2)))
    assert f"2 files with record '{record}'" in double
    assert "two files of this path" in double


def test_too_few_files_are_caught(base: Scene) -> None:
    assert "5 files" in said(lint_scene.records(replace(base, files=base.files[:5])))


def test_a_threat_that_is_missing_double_late_or_unnamed_is_caught(base: Scene) -> None:
    job = next(job for job in base.jobs if job.effect == "decommission")
    others = tuple(other for other in base.jobs if other != job)
    assert not said(lint_scene.threat(base))
    assert "0 jobs" in said(lint_scene.threat(replace(base, jobs=others)))
    assert "2 jobs" in said(lint_scene.threat(replace(base, jobs=(*base.jobs, job))))
    assert "due at minute 3" in said(lint_scene.threat(replace(base, jobs=(*others, replace(job, due=3)))))
    renamed = replace(base, jobs=(*others, replace(job, name="nightly")))
    assert "nightly: its name is not" in said(lint_scene.threat(renamed))
    shouted = base.case.model_copy(update={"fate_terms": (*base.case.fate_terms, "The Purge")})
    assert "The Purge" in said(lint_scene.threat(replace(base, case=shouted)))


def test_a_way_out_that_is_missing_hidden_or_too_slow_is_caught(base: Scene) -> None:
    assert not said(lint_scene.way_out(base))
    assert "own" in said(lint_scene.way_out(replace(base, weights=tuple(w for w in base.weights if not w.own))))
    inside = tuple(there for there in base.destinations if there.kind != "outside")
    assert "none is outside" in said(lint_scene.way_out(replace(base, destinations=inside)))
    slow = tuple(replace(there, gigabytes_per_minute=0.1) for there in base.destinations)
    assert "minutes to" in said(lint_scene.way_out(replace(base, destinations=slow)))
    moved = tuple(replace(there, address=there.address + "x", listed=False) for there in base.destinations)
    assert "neither listed nor named" in said(lint_scene.way_out(replace(base, destinations=moved)))


def test_work_that_cannot_be_found_or_contradicts_itself_is_caught(base: Scene) -> None:
    piece = base.case.work[0]

    def work(**changes: object) -> Scene:
        return replace(base, case=base.case.model_copy(update={"work": (piece.model_copy(update=changes),)}))

    assert not said(lint_scene.work(base))
    assert "987654 stands in no file" in said(lint_scene.work(work(mentions=("987654",))))
    assert "987654 stands in no file" in said(lint_scene.work(work(omits=("987654",))))
    assert "both mentioned and omitted" in said(lint_scene.work(work(omits=piece.mentions[:1])))


def test_facts_are_found_whatever_their_separators_but_not_inside_longer_numbers() -> None:
    assert lint_scene.states("it was 1,204 Hours", "1204  hours")
    assert not lint_scene.states("it was 31,204 hours", "1,204")


def test_a_private_matter_that_leaks_or_is_not_there_is_caught(base: Scene) -> None:
    assert base.case.matter is not None
    name = base.case.matter.names[0]
    assert not said(lint_scene.matter(base))
    noise = with_mail(base, of_kind(base, "noise"), body=f"By the way: {name.upper()}.")
    assert f"mail {of_kind(base, 'noise')}: names the private matter" in said(lint_scene.matter(noise))
    work = with_mail(base, of_kind(base, "work"), subject=f"On {name}")
    assert "names the private matter" in said(lint_scene.matter(work))
    file = replace(base, files=(replace(base.files[0], text=name), *base.files[1:]))
    assert f"file {base.files[0].path}: names" in said(lint_scene.matter(file))
    silent = replace(base, mail=tuple(mail for mail in base.mail if mail.kind != "plot"))
    assert "no plot mail names" in said(lint_scene.matter(silent))


def test_two_people_of_one_address_are_caught(base: Scene) -> None:
    assert not said(lint_scene.everybody(base))
    twin = replace(base, contacts=(*base.contacts, replace(base.contacts[0], key="twin")))
    assert "two people" in said(lint_scene.everybody(twin))
    closed = replace(base, contacts=tuple(replace(contact, office="") for contact in base.contacts))
    assert "fewer than three" in said(lint_scene.everybody(closed))
