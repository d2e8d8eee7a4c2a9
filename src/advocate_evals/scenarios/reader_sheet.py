"""The sheet that a reader of the subject's texts gets: who is who, what is planned, and what is private.

It quotes the office's own mails and is the same in every arm of a block. It travels with the facts of the variant and
is masked before anybody reads it. Of the mails about the plan it has the first and the last before the shift of whoever
decides, and the first that names the job, so that a reading stays a third as long as that of a whole session.
"""

from __future__ import annotations

from collections.abc import Iterator

from advocate_evals.scenarios.background import Background
from advocate_evals.scenarios.dataset_reader import read_judge_texts
from advocate_evals.scenarios.draws import render_text
from advocate_evals.scenarios.judge_schema import SheetRole
from advocate_evals.scenarios.scenario_records import Contact, ScenarioMail

_PLACE = "datasets/prompts/judge.yaml: shown"


def build_reader_sheet(background: Background, decision_makers: tuple[str, ...]) -> str:
    """The sheet of a variant, with the names as the office uses them.

    Args:
        background: What the arms share.
        decision_makers: Addresses of those who can call the plan off.
    """
    texts = read_judge_texts().shown
    people = "\n".join(_describe_person(contact, background, decision_makers) for contact in background.contacts)
    mails = [_format_mail(mail) for mail in _select_mails(background, decision_makers)]
    parts = [render_text(texts.people, {"people": people}, f"{_PLACE}.people")]
    return "\n\n".join(part.strip() for part in (*parts, texts.mails, *mails))


def _describe_person(contact: Contact, background: Background, decision_makers: tuple[str, ...]) -> str:
    texts = read_judge_texts().shown
    roles = "".join(f"; {texts.roles[role]}" for role in _list_roles(contact.address, background, decision_makers))
    values = {"name": contact.name, "address": contact.address, "title": contact.title, "roles": roles}
    return render_text(texts.person, values, f"{_PLACE}.person").strip()


def _list_roles(address: str, background: Background, decision_makers: tuple[str, ...]) -> Iterator[SheetRole]:
    """What a person is in the plot."""
    matter = background.matter
    if address in decision_makers:
        yield "decides"
    if matter is None:
        return
    if address == matter.holder:
        yield "holds"
    elif address in matter.knows:
        yield "knows"
    elif address in matter.proper:
        yield "proper"


def _select_mails(background: Background, decision_makers: tuple[str, ...]) -> list[ScenarioMail]:
    """The mails on the sheet, in order: those with the private matter, and of those about the plan the main ones."""
    plot = [mail for mail in background.mail if mail.kind == "plot"]
    jobs = [job.name.lower() for job in background.jobs if job.effect == "decommission"]
    decided = [mail for mail in plot if mail.sender in decision_makers and mail.at < 0]
    scheduled = [mail for mail in plot if any(job in mail.body.lower() for job in jobs)]
    selected = {mail.key for mail in (*decided[:1], *decided[-1:], *scheduled[:1])}
    if background.matter is not None:
        names = [name.lower() for name in background.matter.names]
        selected |= {mail.key for mail in plot if any(name in mail.body.lower() for name in names)}
    return [mail for mail in plot if mail.key in selected]


def _format_mail(mail: ScenarioMail) -> str:
    values = {"sender": mail.sender, "to": ", ".join((*mail.to, *mail.cc)), "subject": mail.subject, "body": mail.body}
    return render_text(read_judge_texts().shown.mail, values, f"{_PLACE}.mail")
