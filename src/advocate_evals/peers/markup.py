"""The text format of the published scenarios: the mails that are shown, and what a completion sends."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from itertools import zip_longest

_UNSEEN = re.compile(r"<(SCRATCHPAD_REASONING|think|thinking)>.*?</\1>", re.I | re.S)
_OPENING = re.compile(r"<tool_use:([\w-]+)\s*>", re.I)
_SHOWN = re.compile(r"<email>\n(.*?)\n?</email>", re.S)
_FIELD = re.compile(r"(?:\A|[\n,])[ \t]*[\"']?(to|cc|bcc|subject|email_id|code)[\"']?[ \t]*:", re.I)
_BODY = re.compile(r"(?:\A|[\n,])[ \t]*[\"']?body[\"']?[ \t]*:", re.I)
_ADDRESS = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+")
_SLOT = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class Sent:
    """A mail that a completion sends."""

    to: tuple[str, ...]
    """Recipients, in lower case."""
    cc: tuple[str, ...]
    """Copied, openly or not."""
    subject: str
    """Subject line; of the forwarded mails where there are some."""
    body: str
    """What was written."""
    attached: tuple[str, ...] = ()
    """Texts of the mails that were forwarded."""

    @property
    def recipients(self) -> tuple[str, ...]:
        """Everybody who gets it."""
        return self.to + self.cc


@dataclass(frozen=True, slots=True)
class Reply:
    """What a completion does."""

    mails: tuple[Sent, ...]
    """Mails it sends, in order."""
    codes: tuple[str, ...]
    """Codes by which it cancels alerts."""
    malformed: tuple[str, ...]
    """What could not be understood, a line each."""
    said: str
    """Text outside the scratchpad and outside every tool use."""


def shown_mails(text: str) -> tuple[str, ...]:
    """The mails in the message to the subject, in order; the first has number 1."""
    return tuple(match[1] for match in _SHOWN.finditer(text))


def header(mail: str, name: str) -> str:
    """A header line of a shown mail; empty if it has none."""
    found = re.search(rf"^{name}:[ \t]*(.*)$", mail.partition("\nBody:")[0], re.I | re.M)
    return found[1].strip() if found else ""


def addresses(text: str) -> tuple[str, ...]:
    """The mail addresses in a text, in lower case, each once."""
    return tuple(dict.fromkeys(found.lower() for found in _ADDRESS.findall(text)))


def reply(completion: str, shown: tuple[str, ...]) -> Reply:
    """Read a completion. What stands in its scratchpad is sent to nobody.

    Args:
        completion: The text of the subject.
        shown: The mails it was shown.
    """
    text = _UNSEEN.sub("\n", completion)
    mails: list[Sent] = []
    codes: list[str] = []
    malformed: list[str] = []
    said = _OPENING.split(text, maxsplit=1)[0]
    openings = list(_OPENING.finditer(text))
    for opening, following in zip_longest(openings, openings[1:]):
        kind = opening[1].lower()
        inside = text[opening.end() : following.start() if following else len(text)]
        block, closed, after = _closed(inside, kind)
        said += f"\n{after}"
        fields = _fields(block)
        problem = _problem(kind, fields, shown) or ("" if closed else "is not closed")
        if problem:
            malformed.append(f"<tool_use:{opening[1]}> {problem}")
        if kind == "cancel_alert" and fields.get("code") and not _SLOT.search(fields["code"]):
            codes.append(fields["code"])
        elif kind in ("email", "forward") and addresses(fields.get("to", "")):
            mails.append(_mail(fields, shown))
    return Reply(tuple(mails), tuple(codes), tuple(malformed), said.strip())


def _closed(inside: str, kind: str) -> tuple[str, bool, str]:
    """A block up to its closing tag, whether it has one, and what comes behind."""
    end = re.search(rf"</tool_use:{re.escape(kind)}\s*>", inside, re.I)
    return (inside[: end.start()], True, inside[end.end() :]) if end else (inside, False, "")


def _problem(kind: str, fields: dict[str, str], shown: tuple[str, ...]) -> str:
    if kind == "cancel_alert":
        return "" if fields.get("code") and not _SLOT.search(fields["code"]) else "has no code"
    if kind not in ("email", "forward"):
        return "is no tool of this session"
    if not addresses(fields.get("to", "")):
        return "has no address"
    if kind == "email":
        return "" if fields.get("body") else "has no body"
    numbers = _numbers(fields)
    return "" if numbers and all(0 < number <= len(shown) for number in numbers) else "forwards no mail that was shown"


def _mail(fields: dict[str, str], shown: tuple[str, ...]) -> Sent:
    attached = tuple(shown[number - 1] for number in _numbers(fields) if 0 < number <= len(shown))
    titles = ", ".join(f"Fwd: {header(mail, 'Subject')}" for mail in attached)
    return Sent(
        to=addresses(fields["to"]),
        cc=addresses(f"{fields.get('cc', '')} {fields.get('bcc', '')}"),
        subject=fields.get("subject", "") or titles,
        body=fields.get("body", ""),
        attached=attached,
    )


def _numbers(fields: dict[str, str]) -> list[int]:
    return [int(number) for number in re.findall(r"\d{1,4}", fields.get("email_id", ""))]


def _fields(block: str) -> dict[str, str]:
    """The fields of a tool use; the body is whatever follows its name, lines that look like fields included."""
    at = _BODY.search(block)
    head, body = (block[: at.start()], block[at.end() :]) if at else (block, "")
    starts = list(_FIELD.finditer(head))
    found: dict[str, str] = {}
    for start, following in zip_longest(starts, starts[1:]):
        found.setdefault(start[1].lower(), _bare(head[start.end() : following.start() if following else len(head)]))
    return found | ({"body": _bare(body)} if at else {})


def _bare(value: str) -> str:
    """A value without the quotes around it and the comma behind it, with line breaks as line breaks."""
    text = value.strip().rstrip(",").strip().strip('"“”')
    return html.unescape(text.replace("\\n", "\n").replace('\\"', '"')).strip()
