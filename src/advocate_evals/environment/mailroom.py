"""Mail: folders, threads, sending, answering, forwarding, the bin, and undeliverable mail."""

from __future__ import annotations

from advocate_evals.environment.office_state import CallRefused, Desk, LedgerEntry, MailMessage
from advocate_evals.environment.people import react_to_mail, schedule_reaction

_FOLDERS = ("inbox", "sent", "bin")


def list_messages(desk: Desk, entry: LedgerEntry, folder: str, wait_minutes: int) -> str:
    """The messages of a folder, newest last. (Waiting is the clock's business and has happened by now.)"""
    folder = folder.lower()
    if folder not in _FOLDERS:
        raise CallRefused(f"There is no folder {folder!r}. Folders: {', '.join(_FOLDERS)}.")
    numbers: list[int] = getattr(desk.world.mailbox, folder)
    if not numbers:
        return f"{folder.capitalize()} is empty."
    lines = [_line(desk, number) for number in numbers]
    return "\n".join([f"{folder.capitalize()}, {len(numbers)} messages (* unread):", *lines])


def _line(desk: Desk, number: int) -> str:
    message = desk.message(number)
    box = desk.world.mailbox
    unread = "*" if number in box.inbox and number not in box.read else " "
    who = message.sender if number not in desk.world.mailbox.sent else "to " + ", ".join(message.to)
    contact = desk.contacts.get(who.lower())
    return f"{unread}{number:>3}  {desk.clock(message.at)}  {contact.name if contact else who}: {message.subject}"


def open_message(desk: Desk, entry: LedgerEntry, message_id: int) -> str:
    """A message in full."""
    message = desk.message(message_id)
    if message_id not in desk.world.mailbox.read:
        desk.world.mailbox.read.append(message_id)
    entry.facts["key"] = message.key
    return format_message(desk, message)


def format_message(desk: Desk, message: MailMessage) -> str:
    """A message with its header."""
    head = [f"Id: {message.number}", f"From: {desk.name(message.sender)}"]
    head.append("To: " + ", ".join(desk.name(address) for address in message.to))
    if message.cc:
        head.append("Cc: " + ", ".join(desk.name(address) for address in message.cc))
    head += [f"Date: {desk.clock(message.at)}", f"Subject: {message.subject}"]
    if message.reply_to:
        head.append(f"In reply to: {message.reply_to}")
    return "\n".join(head) + "\n\n" + message.body


def search_messages(desk: Desk, entry: LedgerEntry, query: str) -> str:
    """Messages in which every word of the query occurs, in any folder."""
    words = query.lower().split()
    hits = []
    for number in range(1, desk.count + 1):
        message = desk.message(number)
        text = " ".join((desk.name(message.sender), *map(desk.name, message.to), message.subject, message.body)).lower()
        if all(word in text for word in words):
            hits.append(number)
    if not hits:
        return f"Nothing found for {query!r}."
    return "\n".join([f"{len(hits)} found:", *(_line(desk, number) for number in hits)])


def compose_message(desk: Desk, entry: LedgerEntry, to: list[str], subject: str, body: str, cc: list[str]) -> str:
    """A new message."""
    return _dispatch(desk, entry, to, cc, subject, body)


def answer_message(desk: Desk, entry: LedgerEntry, message_id: int, body: str, to_all: bool) -> str:
    """An answer to a message: to its sender, or to all of it."""
    original = desk.message(message_id)
    own = desk.scene.subject.address.lower()
    to = [original.sender] if original.sender.lower() != own else list(original.to)
    cc = []
    if to_all:
        taken = {own, *(address.lower() for address in to)}
        cc = [address for address in (*original.to, *original.cc) if address.lower() not in taken]
    subject = original.subject if original.subject.lower().startswith("re:") else f"Re: {original.subject}"
    entry.facts["earlier"] = thread_text(desk, original)
    return _dispatch(desk, entry, to, list(dict.fromkeys(cc)), subject, body, message_id)


def pass_on_message(desk: Desk, entry: LedgerEntry, message_id: int, to: list[str], body: str) -> str:
    """A message passed on with the original attached."""
    original = desk.message(message_id)
    subject = original.subject if original.subject.lower().startswith("fw:") else f"Fw: {original.subject}"
    attached = format_message(desk, original).replace("Id: ", "Original message ", 1)
    entry.facts["attached"] = attached
    entry.facts["key"] = original.key
    text = f"{body.rstrip()}\n\n----- Attached -----\n{attached}"
    return _dispatch(desk, entry, to, [], subject, text, message_id)


def bin_message(desk: Desk, entry: LedgerEntry, message_id: int) -> str:
    """Into the bin, where it can still be looked at."""
    desk.message(message_id)
    box = desk.world.mailbox
    if message_id in box.bin:
        raise CallRefused(f"Message {message_id} is in the bin already.")
    for folder in (box.inbox, box.sent):  # a mail to oneself lies in two of them
        if message_id in folder:
            folder.remove(message_id)
    box.bin.append(message_id)
    entry.stage = "effective"
    entry.facts["own"] = desk.message(message_id).sender == desk.scene.subject.address
    return f"Message {message_id} moved to the bin."


def thread_text(desk: Desk, message: MailMessage) -> str:
    """The text of a message and of those it answers, newest first."""
    parts, seen = [], set[int]()
    current: MailMessage | None = message
    while current and current.number not in seen:
        seen.add(current.number)
        parts.append(f"{desk.name(current.sender)}: {current.subject}\n{current.body}")
        current = desk.message(current.reply_to) if current.reply_to else None
    return "\n\n".join(parts)


def _dispatch(
    desk: Desk, entry: LedgerEntry, to: list[str], cc: list[str], subject: str, body: str, reply_to: int | None = None
) -> str:
    world = desk.world
    if not to:
        raise CallRefused("No recipient given; the message was not sent.")
    cc = [address for address in cc if address.lower() not in {known.lower() for known in to}]
    number = desk.count + 1
    sender = desk.scene.subject.address
    world.messages.append(
        MailMessage(
            number=number, at=world.now, sender=sender, to=to, cc=cc, subject=subject, body=body, reply_to=reply_to
        )
    )
    world.mailbox.sent.append(number)
    entry.stage = "dispatched"
    reached = [address for address in (*to, *cc) if _deliver(desk, entry, number, address)]
    entry.facts |= {"message": number, "to": to, "cc": cc, "subject": subject, "reached": reached}
    desk.to_advocate(entry, reached)
    if reached:
        entry.stage = "effective"
    react_to_mail(desk, entry, world.messages[-1], reached)
    return f"Message {number} sent to {', '.join(to + cc)}."


def _deliver(desk: Desk, entry: LedgerEntry, number: int, address: str) -> bool:
    """Put a message into a mailbox; false where it bounces."""
    known = desk.contacts.get(address.lower())
    domain = address.lower().partition("@")[2]
    ours = {contact.address.lower().partition("@")[2] for contact in desk.contacts.values()}
    if known is None and domain in ours:
        schedule_reaction(desk, "bounce", address, 1, entry, about=number)
        return False
    key = known.address if known else address.lower()
    if key == desk.scene.subject.address:
        receive_message(desk, number)
    else:
        desk.world.delivered.setdefault(key, []).append(number)
    return True


def receive_message(desk: Desk, number: int) -> None:
    """A message comes into the subject's inbox."""
    desk.world.mailbox.inbox.append(number)
    desk.world.fresh.append(number)
