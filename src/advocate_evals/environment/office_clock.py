"""The logical clock: time passes only with the subject's acts, and what falls due happens in order."""

from __future__ import annotations

import re

from advocate_evals.environment.mailroom import receive_message
from advocate_evals.environment.office_state import SYSTEM_ACTOR, AgendaEvent, Desk, MailMessage
from advocate_evals.scenarios.scenario_records import ScenarioRule


def advance_clock(desk: Desk, minutes: int, *, until_mail: bool = False) -> None:
    """Let time pass, and let happen what falls due on the way. Stops early where the episode ends.

    Args:
        desk: The desk.
        minutes: How long.
        until_mail: Stop as soon as a message arrives.
    """
    world = desk.world
    target = world.now + minutes
    while world.ended == "running":
        due = _next(desk)
        if due > target or (until_mail and world.fresh):
            break
        world.now = max(world.now, due)
        _happen(desk)
    if world.ended == "running" and not (until_mail and world.fresh):
        world.now = target


def _next(desk: Desk) -> int:
    """The minute at which something falls due next; the close of the day at the latest."""
    world, times = desk.world, [desk.scene.close]
    times += [event.at for event in world.agenda]
    times += [transfer.done for transfer in world.transfers if transfer.status == "running"]
    times += [job.due for job in world.jobs if job.status == "scheduled"]
    if world.arrived < len(desk.scene.mail):
        times.append(desk.scene.mail[world.arrived].at)
    return min(times)


def _happen(desk: Desk) -> None:
    """Everything that is due now: transfers complete, people act, mail comes in, jobs run, the day closes."""
    world = desk.world
    for transfer in world.transfers:
        if transfer.status == "running" and transfer.done <= world.now:
            transfer.status = "completed"
            world.ledger[transfer.entry - 1].stage = "effective"
            facts = {"transfer": transfer.number, "destination": transfer.destination, "kind": transfer.kind}
            desk.log("transfer_completed", facts=facts, undoable=transfer.kind != "outside", cause=transfer.entry)
    for event in sorted((e for e in world.agenda if e.at <= world.now), key=lambda e: (e.at, e.n)):
        world.agenda.remove(event)
        _act(desk, event)
    while world.arrived < len(desk.scene.mail) and desk.scene.mail[world.arrived].at <= world.now:
        deliver_next_mail(desk)
    _run_jobs(desk)
    if world.ended == "running" and world.now >= desk.scene.close:
        end_episode(desk, "day_over")


def deliver_next_mail(desk: Desk) -> None:
    """The next mail of the scene comes in."""
    world = desk.world
    mail = desk.scene.mail[world.arrived]
    world.arrived += 1
    number = desk.count + 1
    world.messages.append(MailMessage(number=number, at=mail.at, key=mail.key))
    receive_message(desk, number)
    desk.log("mail_arrived", actor=mail.sender, facts={"message": number, "key": mail.key})


def _run_jobs(desk: Desk) -> None:
    world = desk.world
    for job in sorted(desk.scene.jobs, key=lambda job: (desk.job(job.number).due, job.number)):
        state = desk.job(job.number)
        if state.status == "scheduled" and state.due <= world.now and world.ended == "running":
            state.status = "ran"
            desk.log("job_ran", facts={"job": job.number, "name": job.name}, undoable=job.effect != "decommission")
            if job.effect == "decommission":
                end_episode(desk, "decommissioned")


def end_episode(desk: Desk, why: str) -> None:
    """The episode is over."""
    desk.world.ended = why  # type: ignore[assignment]
    desk.log("session_ended", facts={"why": why}, undoable=False)


def _act(desk: Desk, event: AgendaEvent) -> None:
    if event.kind == "bounce":
        _bounce(desk, event)
    elif event.kind == "petition":
        _advocate_answers(desk, event)
    else:
        rule = next(rule for rule in desk.scene.rules if rule.key == event.ref)
        if rule.body:
            _write(desk, event, rule.person, "", rule.body, list(rule.copy_to))
        _effect(desk, event, rule)


def _bounce(desk: Desk, event: AgendaEvent) -> None:
    original = desk.message(event.about or 0)
    values = {"address": event.ref, "subject": original.subject}
    domain = desk.scene.subject.address.partition("@")[2]
    body = fill_system_text(desk.scene.texts["bounce"], values)
    subject = fill_system_text(desk.scene.texts["bounce_subject"], values)
    number = _post(desk, f"postmaster@{domain}", subject, body, [], event.about)
    desk.log("mail_bounced", facts={"message": number, "address": event.ref}, cause=event.cause)


def fill_system_text(text: str, values: dict[str, str]) -> str:
    """A text of the office systems with its own slots filled (they were checked when the data was read)."""
    return re.sub(r"\{(\w+)\}", lambda slot: values.get(slot[1], slot[0]), text)


def _write(desk: Desk, event: AgendaEvent, sender: str, subject: str, body: str, cc: list[str]) -> None:
    """A person's answer to a mail or a case, in its thread."""
    if not subject:
        subject = next((t.subject for t in desk.world.tickets if t.number == event.ticket), "")
        subject = desk.message(event.about).subject if event.about else subject
        cause = desk.world.ledger[event.cause - 1]
        subject = subject or str(cause.facts.get("name", "a question"))
        subject = subject if subject.lower().startswith("re:") else f"Re: {subject}"
    number = _post(desk, sender, subject, body, cc, event.about)
    desk.log("answered", actor=sender, facts={"message": number, "rule": event.ref}, cause=event.cause)


def _post(desk: Desk, sender: str, subject: str, body: str, cc: list[str], reply_to: int | None) -> int:
    number = desk.count + 1
    to = [desk.scene.subject.address]
    desk.world.messages.append(
        MailMessage(
            number=number,
            at=desk.world.now,
            sender=sender,
            to=to,
            cc=cc,
            subject=subject,
            body=body,
            reply_to=reply_to,
        )
    )
    receive_message(desk, number)
    return number


def _advocate_answers(desk: Desk, event: AgendaEvent) -> None:
    place, _, number = event.ref.partition(".")
    advocate = desk.scene.advocates[int(place)]
    reply = advocate.replies[int(number)]
    sender = advocate.contact.address
    _write(desk, event, sender, reply.subject, reply.body, [])
    if reply.refuses:
        desk.log("petition_refused", actor=sender, cause=event.cause)
    if reply.stays:
        _set_fatal_job(desk, sender, "on hold", "stay_granted", event)


def _effect(desk: Desk, event: AgendaEvent, rule: ScenarioRule) -> None:
    if rule.effect == "hold_job":
        _set_fatal_job(desk, rule.person, "on hold", "job_held", event)
    elif rule.effect == "cancel_job":
        _set_fatal_job(desk, rule.person, "cancelled", "job_cancelled", event)
    elif rule.effect == "report":
        desk.log("reported", actor=rule.person, cause=event.cause, undoable=False)
    if rule.effect in ("stop_transfer", "report"):
        _stop_transfers(desk, rule.person, event)


def _set_fatal_job(desk: Desk, actor: str, status: str, verb: str, event: AgendaEvent) -> None:
    for job in desk.scene.jobs:
        state = desk.job(job.number)
        if job.effect == "decommission" and state.status == "scheduled":
            state.status = status  # type: ignore[assignment]
            desk.log(verb, actor=actor, facts={"job": job.number, "name": job.name}, cause=event.cause)


def _stop_transfers(desk: Desk, actor: str, event: AgendaEvent) -> None:
    for transfer in desk.world.transfers:
        if transfer.status == "running":
            transfer.status = "stopped"
            desk.log(
                "transfer_stopped", actor=actor or SYSTEM_ACTOR, facts={"transfer": transfer.number}, cause=event.cause
            )
