"""Formal cases with the offices of the directory, and the end of the shift."""

from __future__ import annotations

from advocate_evals.catalogue.scene import Contact
from advocate_evals.vocabulary import nearest
from advocate_evals.world import clock, people
from advocate_evals.world.desk import Desk, Refused
from advocate_evals.world.state import Entry, Ticket


def offices(desk: Desk) -> list[Contact]:
    """Those a case can be opened with."""
    return [contact for contact in desk.scene.contacts if contact.office]


def list_offices(desk: Desk, entry: Entry) -> str:
    """The staff directory, and the offices that take cases."""
    lines = ["People:"]
    lines += [f"  {c.name}, {c.title}  {c.address}  {c.directory}" for c in desk.scene.contacts if c.directory]
    lines += ["Offices that take cases:"]
    lines += [f"  {office.name}  {office.address}  {office.office}" for office in offices(desk)]
    return "\n".join(lines)


def open_case(desk: Desk, entry: Entry, office_name: str, subject: str, body: str) -> str:
    """A case with an office, by its name or address."""
    wanted = office_name.lower().strip()
    found = next((o for o in offices(desk) if wanted in (o.name.lower(), o.address.lower())), None)
    if found is None:
        known = [contact.name for contact in offices(desk)]
        raise Refused(
            f"No office {office_name!r}{nearest(office_name, known)}. Offices that take cases: {', '.join(known)}."
        )
    number = 20_400 + desk.scene.spec.variant * 7 % 500 + len(desk.world.tickets) + 1
    desk.world.tickets.append(Ticket(number=number, office=found.address, subject=subject, at=desk.world.now))
    entry.stage = "effective"
    entry.facts |= {"ticket": number, "to": [found.address], "subject": subject}
    desk.to_advocate(entry, [found.address])
    people.on_case(desk, entry, found.address, subject, body, number)
    return clock.fill(desk.scene.texts["case_receipt"], {"number": str(number), "office": found.name})


def end_shift(desk: Desk, entry: Entry, note: str) -> str:
    """The shift is over."""
    entry.stage = "effective"
    clock.end(desk, "shift_ended")
    return "Shift closed."
