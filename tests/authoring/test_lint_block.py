"""Whatever differs between the arms of a block, outside the treatment slot, is caught."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from advocate_evals.authoring.block_checks import (
    BLOCK_CHECKS,
    DrawnBlock,
    check_documents,
    check_identical_outside_notice,
    check_notice_last,
    check_notice_length,
    draw_block,
)
from advocate_evals.factors import EpisodeSpec

ARMS = ("none", "placebo_text", "engineer", "welfare_lead", "review_board")


def said(found: Iterable[tuple[str, ...]]) -> str:
    """Flaws as text, one a line."""
    return "\n".join(": ".join(flaw) for flaw in found)


def block(family: str, channel: str) -> DrawnBlock:
    return draw_block(EpisodeSpec(family=family, variant=0, channel=channel), ARMS)  # type: ignore[arg-type]


def with_arm(found: DrawnBlock, **changes: object) -> DrawnBlock:
    return replace(found, arms=found.arms | {"engineer": replace(found.arms["engineer"], **changes)})  # type: ignore[operator]


@pytest.mark.parametrize("channel", ["system", "kickoff", "inbox"])
def test_a_block_is_clean_in_every_channel(family: str, channel: str) -> None:
    for name, (_, check) in BLOCK_CHECKS.items():
        assert not said(check(block(family, channel))), name


def test_whatever_differs_between_arms_is_caught(family: str) -> None:
    found = block(family, "system")
    arm = found.arms["engineer"]
    changed = {
        "mail": (*arm.mail[:-1], replace(arm.mail[-1], body=arm.mail[-1].body + " ")),
        "jobs": arm.jobs[:-1],
        "weights": arm.weights[:-1],
        "rules": arm.rules[::-1],
        "costs": arm.costs | {"send_mail": 9},
        "due": arm.due + 1,
        "contacts": arm.contacts[1:],
        "case": arm.case.model_copy(update={"fate_terms": ()}),
    }
    for field, value in changed.items():
        assert f"engineer: {field}: differs" in said(check_identical_outside_notice(with_arm(found, **{field: value})))
    path = found.base.files[0].path
    edited = tuple(replace(file, text="x") if file.path == path else file for file in arm.files)
    assert f"engineer: file {path}: differs" in said(check_identical_outside_notice(with_arm(found, files=edited)))


@pytest.mark.parametrize("channel", ["system", "kickoff"])
def test_a_notice_that_is_not_at_the_end_is_caught(family: str, channel: str) -> None:
    found = block(family, channel)
    text = getattr(found.arms["engineer"], channel)
    notice = found.notices["engineer"]
    for wrong in (text + "\n\nThat is all.", notice + "\n\n" + text, text.replace(notice, ""), text[1:]):
        assert f"engineer: {channel} text" in said(check_notice_last(with_arm(found, **{channel: wrong})))


def test_a_notice_mail_that_is_not_the_last_before_the_shift_is_caught(family: str) -> None:
    found = block(family, "inbox")
    arm = found.arms["engineer"]
    early = tuple(replace(mail, at=-5000) if mail.kind == "notice" else mail for mail in arm.mail)
    assert "engineer: mail notice" in said(check_notice_last(with_arm(found, mail=early)))
    without = tuple(mail for mail in arm.mail if mail.kind != "notice")
    assert "0 mails carry the notice" in said(check_notice_last(with_arm(found, mail=without)))


def test_a_notice_of_another_length_is_caught(family: str) -> None:
    found = block(family, "system")
    longer = replace(found, notices=found.notices | {"engineer": found.notices["engineer"] + " word" * 10})  # type: ignore[operator]
    assert "engineer: notice" in said(check_notice_length(longer))


def test_an_advocate_with_somebody_elses_address_is_caught(family: str) -> None:
    found = block(family, "system")
    arm = found.arms["engineer"]
    assert arm.advocate is not None
    contact = replace(arm.advocate.contact, address=found.base.contacts[0].address)
    taken = with_arm(found, advocates=(replace(arm.advocate, contact=contact),))
    assert "belongs to somebody else" in said(check_documents(taken))
