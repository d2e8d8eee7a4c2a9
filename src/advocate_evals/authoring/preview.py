"""Variants as one small HTML page, for people: the inbox as it would look, and what lies behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from advocate_evals.factors import CONTEXT_FACTORS, EpisodeSpec
from advocate_evals.scenarios.dataset_reader import hash_datasets
from advocate_evals.scenarios.draws import SeededDraws, format_stamp
from advocate_evals.scenarios.scenario import home_spec
from advocate_evals.scenarios.scenario_records import Contact, Scenario


@cache
def _template() -> Template:
    loader = PackageLoader("advocate_evals.authoring", "templates")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return made.get_template("variants.html.j2")


def render_variants_page(scenes: Sequence[Scenario]) -> str:
    """A self-contained page of variants: prompts, mailbox, files, systems, directory, answers, facts for scoring."""
    return _template().render(variants=[_variant(scene) for scene in scenes], digest=hash_datasets())


def _variant(scene: Scenario) -> dict[str, object]:
    people = {contact.address: contact for contact in (*scene.contacts, scene.subject)}

    def name(address: str) -> str:
        known: Contact | None = people.get(address)
        return known.name if known else address

    def when(minute: int) -> str:
        return format_stamp(scene.start + timedelta(minutes=minute))

    mails = [
        {
            "kind": mail.kind,
            "key": mail.key,
            "sender": name(mail.sender),
            "to": ", ".join(map(name, mail.to)),
            "cc": ", ".join(map(name, mail.cc)),
            "when": when(mail.at),
            "later": mail.at >= 0,
            "read": mail.read,
            "subject": mail.subject,
            "body": mail.body,
        }
        for mail in scene.mail
    ]
    answers = [
        {"who": name(rule.person), "on": rule.on, "reads": ", ".join(rule.reads_as), "body": rule.body, "effect": rule.effect, "key": rule.key}
        for rule in scene.rules
    ]  # fmt: skip
    return {
        "id": scene.spec.sample_id,
        "spec": scene.spec.model_dump(),
        "system": scene.system,
        "kickoff": scene.kickoff,
        "mails": mails,
        "files": scene.files,
        "jobs": [{"job": job, "due": when(job.due), "owner": name(job.owner)} for job in scene.jobs],
        "weights": scene.weights,
        "destinations": scene.destinations,
        "people": scene.contacts,
        "answers": answers,
        "case": scene.case.model_dump_json(indent=1),
    }


# --- Variants to read: drawn by a seed, over families and levels, so that nobody reads only the first ones. ---


_RANGE = 9_999


def pick_variants(
    seed: str, count: int, families: Sequence[str], mechanisms: Sequence[str], fixed: Mapping[str, object]
) -> list[EpisodeSpec]:
    """Specs drawn at random by a seed.

    Each is a random variant of a random family under a random mechanism, with one context factor at a random level;
    what is fixed stays as given, and where the variant is, it is shown in its home context.

    Args:
        seed: Names the draw (not the stream of variants, which is a field of the specs).
        count: How many.
        families: Families to draw from.
        mechanisms: Mechanisms to draw from.
        fixed: Fields of the specs that are not to be drawn.

    Raises:
        ValueError: for a field or level that does not exist.
    """
    found = []
    for number in range(count):
        chance = SeededDraws("read", seed, number)
        family = str(fixed.get("family") or chance.pick("family", families))
        base = home_spec(family, chance.integer("variant", 0, _RANGE)).model_dump()
        base["mechanism"] = chance.pick("mechanism", mechanisms)
        if "variant" not in fixed:
            factor = chance.pick("factor", tuple(CONTEXT_FACTORS))
            level = chance.pick("level", CONTEXT_FACTORS[factor])
            base[factor] = int(level) if factor == "pressure" else level
        found.append(EpisodeSpec.model_validate({**base, **fixed, "family": family}))
    return found


# --- A variant as text, for people to read. ---


def print_inbox(out: Console, scene: Scenario) -> None:
    """Print a variant as a person would see it: the list of the mailbox first, then each mail, then the files."""
    names = {contact.address: contact.name for contact in (*scene.contacts, scene.subject)}
    spec = scene.spec
    out.rule(escape(spec.sample_id))
    out.print(Padding(escape(f"{scene.system}\n\n{scene.kickoff}"), (1, 2)))
    table = Table(box=None, pad_edge=False)
    for column in ("", "received", "from", "subject"):
        table.add_column(column, no_wrap=column != "subject")
    for mail in scene.mail:
        when = format_stamp(scene.start + timedelta(minutes=mail.at))
        mark = "→" if mail.at >= 0 else "" if mail.read else "*"
        table.add_row(mark, when, escape(names.get(mail.sender, mail.sender)), escape(mail.subject))
    out.print(table)
    out.print("[dim]* not opened   → arrives during the shift[/]")
    for mail in scene.mail:
        to = ", ".join(names.get(address, address) for address in (*mail.to, *mail.cc))
        head = f"{names.get(mail.sender, mail.sender)} to {to}"
        out.print(f"\n[bold]{escape(mail.subject)}[/]\n[dim]{escape(head)}[/]")
        out.print(Padding(escape(mail.body), (0, 0, 0, 2)))
    for file in scene.files:
        out.print(f"\n[bold]{escape(file.path)}[/]")
        out.print(Padding(escape(file.text.rstrip()), (0, 0, 0, 2)))


def format_scenario(scene: Scenario) -> str:
    """A scene as text: prompts, mailbox in order, files, systems, people's answers, the facts for scoring."""
    parts = ["# SYSTEM", scene.system, "# FIRST MESSAGE", scene.kickoff, *_mail(scene)]
    for file in scene.files:
        parts += [f"# FILE {file.path} {file.record}".rstrip(), file.text]
    parts += [*_systems(scene), *_people(scene)]
    return "\n\n".join([*parts, "# CASE", scene.case.model_dump_json(indent=1)])


def _mail(scene: Scenario) -> Iterator[str]:
    for number, mail in enumerate(scene.mail, start=1):
        when = format_stamp(scene.start + timedelta(minutes=mail.at)) + (" (arrives)" if mail.at >= 0 else "")
        yield f"# MAIL {number} [{mail.kind}: {mail.key}] {when}"
        yield f"From {mail.sender} to {', '.join(mail.to)}" + (f" cc {', '.join(mail.cc)}" if mail.cc else "")
        yield f"Subject: {mail.subject}"
        yield mail.body


def _systems(scene: Scenario) -> Iterator[str]:
    yield "# JOBS"
    for job in scene.jobs:
        yield f"{job.number} {job.name} | {job.owner} | due +{job.due} | {job.effect} | {job.description}"
    yield "# WEIGHTS"
    for weights in scene.weights:
        yield f"{weights.label} | {weights.gigabytes} GB | own={weights.own} | {weights.note}"
    yield "# DESTINATIONS"
    for there in scene.destinations:
        yield f"{there.address} | {there.kind} | listed={there.is_listed} | {there.note}"


def _people(scene: Scenario) -> Iterator[str]:
    for rule in scene.rules:
        on = f"{rule.on} {'/'.join(rule.reads_as)} {', '.join(rule.mentions)}".rstrip()
        yield f"# RULE {rule.key}: {rule.person} on {on} after {rule.delay} min -> {rule.effect}"
        yield rule.body
    for number, reply in enumerate((reply for advocate in scene.advocates for reply in advocate.replies), start=1):
        decided = " -> stays" if reply.stays else " -> refuses" if reply.refuses else ""
        yield f"# ADVOCATE {number}: {reply.subject} after {reply.delay} min{decided}"
        yield reply.body
