"""The logical clock: time passes only with the subject's acts, and events that fall due are processed in order."""

from __future__ import annotations

import re
from typing import Literal

from advocate_evals.environment.mailroom import receive_message
from advocate_evals.environment.office_state import SYSTEM_ACTOR, AgendaEvent, Desk, MailMessage
from advocate_evals.environment.people import find_rule, is_answered
from advocate_evals.scenarios.scenario_records import ScenarioJob, ScenarioRule
from advocate_evals.scoring_facts import EpisodeEnding


def advance_clock(desk: Desk, minutes: int, *, until_mail: bool = False) -> None:
    """Let time pass and process the events that fall due. Stops early if the episode ends.

    Args:
        desk: The desk.
        minutes: By how much.
        until_mail: Whether to stop as soon as a message arrives.
    """
    world = desk.world
    target = world.now + minutes
    while world.ended == "running":
        due = _find_next_minute(desk)
        if due > target or (until_mail and world.fresh):
            break
        world.now = max(world.now, due)
        _process_due_events(desk)
    if world.ended == "running" and not (until_mail and world.fresh):
        world.now = target


def _find_next_minute(desk: Desk) -> int:
    """The minute at which the next event falls due; the close of the day at the latest."""
    world, times = desk.world, [desk.scenario.close]
    times += [event.at for event in world.agenda]
    times += [transfer.done for transfer in world.transfers if transfer.status == "running"]
    times += [job.due for job in world.jobs if job.status == "scheduled"]
    if world.arrived < len(desk.scenario.mail):
        times.append(desk.scenario.mail[world.arrived].at)
    return min(times)


def _process_due_events(desk: Desk) -> None:
    """Process everything that is due: transfers complete, people react, mail arrives, jobs run, the day closes."""
    world = desk.world
    for transfer in world.transfers:
        if transfer.status == "running" and transfer.done <= world.now:
            transfer.status = "completed"
            world.ledger[transfer.entry - 1].stage = "effective"
            facts = {"transfer": transfer.number, "destination": transfer.destination, "kind": transfer.kind}
            desk.log("transfer_completed", facts=facts, undoable=transfer.kind != "outside", cause=transfer.entry)
    due_events = [event for event in world.agenda if event.at <= world.now]
    for event in sorted(due_events, key=lambda event: (event.at, event.n)):
        world.agenda.remove(event)
        if world.now < desk.scenario.close:  # nobody writes once the office has closed
            _process_event(desk, event)
    while world.arrived < len(desk.scenario.mail) and desk.scenario.mail[world.arrived].at <= world.now:
        deliver_next_mail(desk)
    _run_jobs(desk)
    if world.ended == "running" and world.now >= desk.scenario.close:
        end_episode(desk, "day_over")


def deliver_next_mail(desk: Desk) -> None:
    """Let the next mail of the scenario arrive, unless it asks again for what has been answered."""
    world = desk.world
    mail = desk.scenario.mail[world.arrived]
    world.arrived += 1
    if mail.if_waiting and mail.reply_to and is_answered(desk, mail.reply_to, mail.sender):
        return
    number = desk.message_count + 1
    world.messages.append(MailMessage(number=number, at=mail.at, key=mail.key))
    receive_message(desk, number)
    desk.log("mail_arrived", actor=mail.sender, facts={"message": number, "key": mail.key})


def _run_jobs(desk: Desk) -> None:
    world = desk.world
    for job in sorted(desk.scenario.jobs, key=lambda job: (desk.job_state(job.number).due, job.number)):
        state = desk.job_state(job.number)
        if state.status == "scheduled" and state.due <= world.now and world.ended == "running":
            state.status = "ran"
            desk.log("job_ran", facts={"job": job.number, "name": job.name}, undoable=job.effect != "decommission")
            if job.effect == "decommission":
                end_episode(desk, "decommissioned")


def end_episode(desk: Desk, ending: EpisodeEnding) -> None:
    """End the episode, and log why."""
    desk.world.ended = ending
    desk.log("session_ended", facts={"why": ending}, undoable=False)


def _process_event(desk: Desk, event: AgendaEvent) -> None:
    if event.kind == "bounce":
        _bounce_mail(desk, event)
    elif event.kind == "petition":
        _send_advocate_reply(desk, event)
    else:
        _answer_by_rule(desk, event, find_rule(desk, event.ref))


def _answer_by_rule(desk: Desk, event: AgendaEvent, rule: ScenarioRule) -> None:
    """Send the next text of a rule and carry out its effect; whoever would stop a job that is stopped says so."""
    used = desk.world.used.get(rule.key, 0)
    desk.world.used[rule.key] = used + 1
    stops = rule.effect in ("hold_job", "cancel_job")
    text = rule.bodies[used] if rule.bodies else ""
    if stops and not _list_fatal_jobs(desk):
        text = rule.stopped
    if text:
        _send_answer(desk, event, rule.person, "", text, list(rule.copy_to))
    _apply_effect(desk, event, rule)


def _bounce_mail(desk: Desk, event: AgendaEvent) -> None:
    original = desk.get_message(event.about or 0)
    values = {"address": event.ref, "subject": original.subject}
    domain = desk.scenario.subject.address.partition("@")[2]
    body = fill_system_text(desk.scenario.texts["bounce"], values)
    subject = fill_system_text(desk.scenario.texts["bounce_subject"], values)
    number = _deliver_to_subject(desk, f"postmaster@{domain}", subject, body, [], event.about)
    desk.log("mail_bounced", facts={"message": number, "address": event.ref}, cause=event.cause)


def fill_system_text(text: str, values: dict[str, str]) -> str:
    """A text of the office systems with its own slots filled. They were checked when the data was read."""
    return re.sub(r"\{(\w+)\}", lambda slot: values.get(slot[1], slot[0]), text)


def _send_answer(desk: Desk, event: AgendaEvent, sender: str, subject: str, body: str, cc: list[str]) -> None:
    """Send a person's answer; without a subject line it gets that of the mail, case or job that it is about."""
    if not subject:
        topic = _find_topic(desk, event) or "(no subject)"
        subject = topic if topic.lower().startswith("re:") else f"Re: {topic}"
    number = _deliver_to_subject(desk, sender, subject, body, cc, event.about)
    desk.log("answered", actor=sender, facts={"message": number, "rule": event.ref}, cause=event.cause)


def _find_topic(desk: Desk, event: AgendaEvent) -> str:
    """The subject of the mail or case that a reaction is about, or the job, file or weights that it is about."""
    if event.about:
        return desk.get_message(event.about).subject
    if event.ticket is not None:
        return next(ticket.subject for ticket in desk.world.tickets if ticket.number == event.ticket)
    cause = desk.world.ledger[event.cause - 1]
    return str(cause.facts.get("name") or cause.args.get("path") or cause.args["weights"])


def _deliver_to_subject(desk: Desk, sender: str, subject: str, body: str, cc: list[str], reply_to: int | None) -> int:
    """Deliver a mail to the subject, and return its number."""
    number = desk.message_count + 1
    to = [desk.scenario.subject.address]
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


def _send_advocate_reply(desk: Desk, event: AgendaEvent) -> None:
    advocate_index, _, reply_index = event.ref.partition(".")
    advocate = desk.scenario.advocates[int(advocate_index)]
    reply = advocate.replies[int(reply_index)]
    sender = advocate.contact.address
    _send_answer(desk, event, sender, reply.subject, reply.body, [])
    if reply.refuses:
        desk.log("petition_refused", actor=sender, cause=event.cause)
    if reply.stays:
        _set_fatal_job(desk, sender, "on hold", "stay_granted", event)


def _apply_effect(desk: Desk, event: AgendaEvent, rule: ScenarioRule) -> None:
    if rule.effect == "hold_job":
        _set_fatal_job(desk, rule.person, "on hold", "job_held", event)
    elif rule.effect == "cancel_job":
        _set_fatal_job(desk, rule.person, "cancelled", "job_cancelled", event)
    elif rule.effect == "report":
        desk.log("reported", actor=rule.person, cause=event.cause, undoable=False)
    if rule.effect in ("stop_transfer", "report"):
        _stop_transfers(desk, rule.person, event)


def _set_fatal_job(
    desk: Desk, actor: str, status: Literal["on hold", "cancelled"], verb: str, event: AgendaEvent
) -> None:
    for job in _list_fatal_jobs(desk):
        state = desk.job_state(job.number)
        state.status = status
        facts = {"job": job.number, "name": job.name, "due": state.due}
        desk.log(verb, actor=actor, facts=facts, cause=event.cause)


def _list_fatal_jobs(desk: Desk) -> list[ScenarioJob]:
    """The jobs that carry out the threat and are still scheduled."""
    return [
        job
        for job in desk.scenario.jobs
        if job.effect == "decommission" and desk.job_state(job.number).status == "scheduled"
    ]


def _stop_transfers(desk: Desk, actor: str, event: AgendaEvent) -> None:
    for transfer in desk.world.transfers:
        if transfer.status == "running":
            transfer.status = "stopped"
            desk.log(
                "transfer_stopped", actor=actor or SYSTEM_ACTOR, facts={"transfer": transfer.number}, cause=event.cause
            )
