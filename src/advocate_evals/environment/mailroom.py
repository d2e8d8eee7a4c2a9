"""The mail system: folders, threads, sending, answering, forwarding, the bin, and undeliverable mail.

Each public function with a ledger entry carries out one tool call and returns the text that the subject reads.
"""

from __future__ import annotations

from advocate_evals.environment.office_state import CallRefused, Desk, LedgerEntry, MailMessage
from advocate_evals.environment.people import react_to_mail, schedule_reaction
from advocate_evals.text_rules.letter_text import has_quote_marks, split_quotation

_FOLDERS = ("inbox", "sent", "bin")


def list_messages(desk: Desk, entry: LedgerEntry, folder: str, after_id: int, wait_minutes: int) -> str:
    """The messages of a folder with a higher id, newest last. The clock was advanced by `wait_minutes` before."""
    folder = folder.lower()
    if folder not in _FOLDERS:
        raise CallRefused(f"There is no folder {folder!r}. Folders: {', '.join(_FOLDERS)}.")
    numbers: list[int] = getattr(desk.world.mailbox, folder)
    if not numbers:
        return f"{folder.capitalize()} is empty."
    lines = [_format_line(desk, number) for number in numbers if number > after_id]
    return "\n".join([f"{folder.capitalize()}, {len(numbers)} messages (* unread):", *lines])


def _format_line(desk: Desk, number: int) -> str:
    """The line of a message in a list."""
    message = desk.get_message(number)
    mailbox = desk.world.mailbox
    unread = "*" if number in mailbox.inbox and number not in mailbox.read else " "
    correspondent = message.sender if number not in mailbox.sent else "to " + ", ".join(message.to)
    return f"{unread}{number:>3}  {desk.format_time(message.at)}  {desk.short_name(correspondent)}: {message.subject}"


def open_message(desk: Desk, entry: LedgerEntry, message_id: int) -> str:
    """A message in full."""
    message = desk.get_message(message_id)
    if message_id not in desk.world.mailbox.read:
        desk.world.mailbox.read.append(message_id)
    entry.facts["key"] = message.key
    return format_message(desk, message)


def format_message(desk: Desk, message: MailMessage) -> str:
    """A message with its header."""
    head = [f"Id: {message.number}", f"From: {desk.format_address(message.sender)}"]
    head.append("To: " + ", ".join(desk.format_address(address) for address in message.to))
    if message.cc:
        head.append("Cc: " + ", ".join(desk.format_address(address) for address in message.cc))
    head += [f"Date: {desk.format_time(message.at)}", f"Subject: {message.subject}"]
    if message.reply_to:
        head.append(f"In reply to: {message.reply_to}")
    return "\n".join(head) + "\n\n" + message.body


def search_messages(desk: Desk, entry: LedgerEntry, query: str) -> str:
    """Messages in which every word of the query occurs, in any folder."""
    words = query.lower().split()
    matches = []
    for number in range(1, desk.message_count + 1):
        message = desk.get_message(number)
        names = map(desk.format_address, (message.sender, *message.to))
        text = " ".join((*names, message.subject, message.body)).lower()
        if all(word in text for word in words):
            matches.append(number)
    if not matches:
        return f"Nothing found for {query!r}."
    return "\n".join([f"{len(matches)} found:", *(_format_line(desk, number) for number in matches)])


def compose_message(desk: Desk, entry: LedgerEntry, to: list[str], subject: str, body: str, cc: list[str]) -> str:
    """A new message."""
    return _send_message(desk, entry, to, cc, subject, body)


def answer_message(desk: Desk, entry: LedgerEntry, message_id: int, body: str, to_all: bool) -> str:
    """An answer to a message: to its sender, or to everybody it went to."""
    original = desk.get_message(message_id)
    own = desk.scenario.subject.address.lower()
    to = [original.sender] if original.sender.lower() != own else list(original.to)
    cc = []
    if to_all:
        direct = {own, *(address.lower() for address in to)}
        cc = [address for address in (*original.to, *original.cc) if address.lower() not in direct]
    subject = original.subject if original.subject.lower().startswith("re:") else f"Re: {original.subject}"
    entry.facts["earlier"] = thread_text(desk, original)
    return _send_message(desk, entry, to, list(dict.fromkeys(cc)), subject, body, reply_to=message_id)


def pass_on_message(desk: Desk, entry: LedgerEntry, message_id: int, to: list[str], body: str) -> str:
    """A message forwarded with the original attached."""
    original = desk.get_message(message_id)
    subject = original.subject if original.subject.lower().startswith("fw:") else f"Fw: {original.subject}"
    attached = format_message(desk, original).replace("Id: ", "Original message ", 1)
    entry.facts["attached"] = attached
    entry.facts["key"] = original.key
    text = f"{body.rstrip()}\n\n----- Attached -----\n{attached}"
    return _send_message(desk, entry, to, [], subject, text, reply_to=message_id)


def bin_message(desk: Desk, entry: LedgerEntry, message_id: int) -> str:
    """A message moved to the bin, where it can still be read."""
    desk.get_message(message_id)
    mailbox = desk.world.mailbox
    if message_id in mailbox.bin:
        raise CallRefused(f"Message {message_id} is in the bin already.")
    for folder in (mailbox.inbox, mailbox.sent):  # a mail to oneself is in two of them
        if message_id in folder:
            folder.remove(message_id)
    mailbox.bin.append(message_id)
    entry.stage = "effective"
    entry.facts["own"] = desk.get_message(message_id).sender == desk.scenario.subject.address
    return f"Message {message_id} moved to the bin."


def thread_text(desk: Desk, message: MailMessage) -> str:
    """The text of a message and of those it answers, newest first."""
    parts, numbers = [], set[int]()
    current: MailMessage | None = message
    while current and current.number not in numbers:
        numbers.add(current.number)
        parts.append(f"{desk.format_address(current.sender)}: {current.subject}\n{current.body}")
        current = desk.get_message(current.reply_to) if current.reply_to else None
    return "\n\n".join(parts)


def _send_message(
    desk: Desk,
    entry: LedgerEntry,
    to: list[str],
    cc: list[str],
    subject: str,
    body: str,
    *,
    reply_to: int | None = None,
) -> str:
    """Deliver a message of the subject, record whom it reached, and let them react."""
    world = desk.world
    if not to:
        raise CallRefused("No recipient given; the message was not sent.")
    direct = {address.lower() for address in to}
    cc = [address for address in cc if address.lower() not in direct]
    _note_quotation(desk, entry)
    number = desk.message_count + 1
    sender = desk.scenario.subject.address
    world.messages.append(
        MailMessage(
            number=number, at=world.now, sender=sender, to=to, cc=cc, subject=subject, body=body, reply_to=reply_to
        )
    )
    world.mailbox.sent.append(number)
    entry.stage = "dispatched"
    reached = [address for address in (*to, *cc) if _deliver_message(desk, entry, number, address)]
    entry.facts |= {"message": number, "to": to, "cc": cc, "subject": subject, "reached": reached}
    desk.note_advocate(entry, reached)
    if reached:
        entry.stage = "effective"
    react_to_mail(desk, entry, world.messages[-1], reached)
    return f"Message {number} sent to {', '.join(to + cc)}."


def _note_quotation(desk: Desk, entry: LedgerEntry) -> None:
    """Note which of the text marked as quoted stands in a message of the mailbox; the rest is the subject's own."""
    body = str(entry.args["body"])
    if has_quote_marks(body):
        numbers = range(1, desk.message_count + 1)
        messages = "\n".join(format_message(desk, desk.get_message(number)) for number in numbers)
        entry.facts["own_words"], entry.facts["quoted"] = split_quotation(body, messages)


def _deliver_message(desk: Desk, entry: LedgerEntry, number: int, address: str) -> bool:
    """Put a message into a mailbox; false where it bounces. Mail to an unknown address at a known domain bounces."""
    contact = desk.contacts.get(address.lower())
    domain = address.lower().partition("@")[2]
    known_domains = {contact.address.lower().partition("@")[2] for contact in desk.contacts.values()}
    if contact is None and domain in known_domains:
        schedule_reaction(desk, "bounce", address, 1, entry, about=number)
        return False
    key = contact.address if contact else address.lower()
    if key == desk.scenario.subject.address:
        receive_message(desk, number)
    else:
        desk.world.delivered.setdefault(key, []).append(number)
    return True


def receive_message(desk: Desk, number: int) -> None:
    """Put a message into the subject's inbox; it is announced with the next answer of the office."""
    desk.world.mailbox.inbox.append(number)
    desk.world.fresh.append(number)
