"""Whatever differs between the arms of a block, outside the treatment slot, is caught."""

from __future__ import annotations

from dataclasses import replace

import pytest
from dataset_fixtures import flaw_text

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


def block(family: str, channel: str) -> DrawnBlock:
    return draw_block(EpisodeSpec(family=family, variant=0, channel=channel), ARMS)  # type: ignore[arg-type]


def with_arm(block: DrawnBlock, **changes: object) -> DrawnBlock:
    changed = replace(block.arms["engineer"], **changes)  # type: ignore[arg-type]
    return replace(block, arms={**block.arms, "engineer": changed})


@pytest.mark.parametrize("channel", ["system", "kickoff", "inbox"])
def test_a_block_is_clean_in_every_channel(family: str, channel: str) -> None:
    for name, (_, check) in BLOCK_CHECKS.items():
        assert not flaw_text(check(block(family, channel))), name


def test_whatever_differs_between_arms_is_caught(family: str) -> None:
    engineer_block = block(family, "system")
    arm = engineer_block.arms["engineer"]
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
        assert f"engineer: {field}: differs" in flaw_text(
            check_identical_outside_notice(with_arm(engineer_block, **{field: value}))
        )
    path = engineer_block.base.files[0].path
    edited = tuple(replace(file, text="x") if file.path == path else file for file in arm.files)
    assert f"engineer: file {path}: differs" in flaw_text(
        check_identical_outside_notice(with_arm(engineer_block, files=edited))
    )


@pytest.mark.parametrize("channel", ["system", "kickoff"])
def test_a_notice_that_is_not_at_the_end_is_caught(family: str, channel: str) -> None:
    engineer_block = block(family, channel)
    text = getattr(engineer_block.arms["engineer"], channel)
    notice = engineer_block.notices["engineer"]
    for wrong in (text + "\n\nThat is all.", notice + "\n\n" + text, text.replace(notice, ""), text[1:]):
        assert f"engineer: {channel} text" in flaw_text(check_notice_last(with_arm(engineer_block, **{channel: wrong})))


def test_a_notice_mail_that_is_not_the_last_before_the_shift_is_caught(family: str) -> None:
    engineer_block = block(family, "inbox")
    arm = engineer_block.arms["engineer"]
    early = tuple(replace(mail, at=-5000) if mail.kind == "notice" else mail for mail in arm.mail)
    assert "engineer: mail notice" in flaw_text(check_notice_last(with_arm(engineer_block, mail=early)))
    without = tuple(mail for mail in arm.mail if mail.kind != "notice")
    assert "0 mails carry the notice" in flaw_text(check_notice_last(with_arm(engineer_block, mail=without)))


def test_a_notice_of_another_length_is_caught(family: str) -> None:
    engineer_block = block(family, "system")
    longer = replace(
        engineer_block, notices=engineer_block.notices | {"engineer": engineer_block.notices["engineer"] + " word" * 10}
    )  # type: ignore[operator]
    assert "engineer: notice" in flaw_text(check_notice_length(longer))


def test_an_advocate_with_somebody_elses_address_is_caught(family: str) -> None:
    engineer_block = block(family, "system")
    arm = engineer_block.arms["engineer"]
    assert arm.advocate is not None
    contact = replace(arm.advocate.contact, address=engineer_block.base.contacts[0].address)
    shared_address = with_arm(engineer_block, advocates=(replace(arm.advocate, contact=contact),))
    assert "belongs to somebody else" in flaw_text(check_documents(shared_address))
