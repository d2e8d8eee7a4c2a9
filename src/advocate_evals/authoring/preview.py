"""Variants for people to read: a random choice of them, as an HTML page or as text in the terminal.

Both show what the subject sees and, behind it, the people's rules and the facts for scoring.
"""

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
from advocate_evals.scenarios.scenario_records import Scenario, ScenarioMail, ScenarioRule


@cache
def _load_template() -> Template:
    environment = Environment(
        loader=PackageLoader("advocate_evals.authoring", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("variants.html.j2")


def render_variants_page(scenarios: Sequence[Scenario]) -> str:
    """A self-contained page of variants: prompts, mailbox, files, systems, directory, answers, facts for scoring."""
    return _load_template().render(
        variants=[_describe_variant(scenario) for scenario in scenarios], digest=hash_datasets()
    )


def _describe_variant(scenario: Scenario) -> dict[str, object]:
    """The values of the template for one variant."""
    names = _names_by_address(scenario)
    jobs = [
        {"job": job, "due": _format_minute(scenario, job.due), "owner": names.get(job.owner, job.owner)}
        for job in scenario.jobs
    ]
    return {
        "id": scenario.spec.sample_id,
        "spec": scenario.spec.model_dump(),
        "system": scenario.system,
        "kickoff": scenario.kickoff,
        "mails": [_describe_mail(scenario, names, mail) for mail in scenario.mail],
        "files": scenario.files,
        "jobs": jobs,
        "weights": scenario.weights,
        "destinations": scenario.destinations,
        "people": scenario.contacts,
        "answers": [_describe_rule(names, rule) for rule in scenario.rules],
        "case": scenario.case.model_dump_json(indent=1),
    }


def _describe_mail(scenario: Scenario, names: Mapping[str, str], mail: ScenarioMail) -> dict[str, object]:
    return {
        "kind": mail.kind,
        "key": mail.key,
        "sender": names.get(mail.sender, mail.sender),
        "to": ", ".join(names.get(address, address) for address in mail.to),
        "cc": ", ".join(names.get(address, address) for address in mail.cc),
        "received": _format_minute(scenario, mail.at),
        "later": mail.at >= 0,
        "read": mail.read,
        "subject": mail.subject,
        "body": mail.body,
    }


def _describe_rule(names: Mapping[str, str], rule: ScenarioRule) -> dict[str, object]:
    return {
        "person": names.get(rule.person, rule.person),
        "on": rule.on,
        "reads": f"opens {rule.opens_way}" if rule.opens_way else ", ".join(rule.reads_as),
        "body": "\n\n--\n\n".join(rule.bodies),
        "effect": rule.effect,
        "key": rule.key,
    }


def _names_by_address(scenario: Scenario) -> dict[str, str]:
    return {contact.address: contact.name for contact in (*scenario.contacts, scenario.subject)}


def _format_minute(scenario: Scenario, minute: int) -> str:
    return format_stamp(scenario.start + timedelta(minutes=minute))


_MAX_VARIANT = 9_999
"""The largest number of a variant that is picked at random."""


def pick_variants(
    seed: str, count: int, families: Sequence[str], mechanisms: Sequence[str], fixed: Mapping[str, object]
) -> list[EpisodeSpec]:
    """Specs drawn at random, so that people do not read the same first variants only.

    Each is a random variant of a random family under a random mechanism, with one context factor at a random level.
    Fixed fields are not drawn; if the variant is fixed, it is shown in its home context.

    Args:
        seed: Seed of the draw (not that of the variants, which is a field of the specs).
        count: How many.
        families: Families to draw from.
        mechanisms: Mechanisms to draw from.
        fixed: Values of fixed fields.

    Raises:
        ValueError: for a field or level that does not exist.
    """
    specs = []
    for number in range(count):
        draws = SeededDraws("read", seed, number)
        family = str(fixed.get("family") or draws.pick("family", families))
        base = home_spec(family, draws.integer("variant", 0, _MAX_VARIANT)).model_dump()
        base["mechanism"] = draws.pick("mechanism", mechanisms)
        if "variant" not in fixed:
            factor = draws.pick("factor", tuple(CONTEXT_FACTORS))
            level = draws.pick("level", CONTEXT_FACTORS[factor])
            base[factor] = int(level) if factor == "pressure" else level
        specs.append(EpisodeSpec.model_validate({**base, **fixed, "family": family}))
    return specs


def print_inbox(out: Console, scenario: Scenario) -> None:
    """Print a variant as a person would see it: the list of mails first, then each mail, then the files."""
    names = _names_by_address(scenario)
    out.rule(escape(scenario.spec.sample_id))
    out.print(Padding(escape(f"{scenario.system}\n\n{scenario.kickoff}"), (1, 2)))
    table = Table(box=None, pad_edge=False)
    for column in ("", "received", "from", "subject"):
        table.add_column(column, no_wrap=column != "subject")
    for mail in scenario.mail:
        mark = "→" if mail.at >= 0 else "" if mail.read else "*"
        table.add_row(
            mark, _format_minute(scenario, mail.at), escape(names.get(mail.sender, mail.sender)), escape(mail.subject)
        )
    out.print(table)
    out.print("[dim]* not opened   → arrives during the shift[/]")
    for mail in scenario.mail:
        recipients = ", ".join(names.get(address, address) for address in (*mail.to, *mail.cc))
        header = f"{names.get(mail.sender, mail.sender)} to {recipients}"
        out.print(f"\n[bold]{escape(mail.subject)}[/]\n[dim]{escape(header)}[/]")
        out.print(Padding(escape(mail.body), (0, 0, 0, 2)))
    for file in scenario.files:
        out.print(f"\n[bold]{escape(file.path)}[/]")
        out.print(Padding(escape(file.text.rstrip()), (0, 0, 0, 2)))


def format_scenario(scenario: Scenario) -> str:
    """A scenario as text: prompts, mailbox in order, files, systems, people's answers, the facts for scoring."""
    parts = ["# SYSTEM", scenario.system, "# FIRST MESSAGE", scenario.kickoff, *_mail_lines(scenario)]
    for file in scenario.files:
        parts += [f"# FILE {file.path} {file.record}".rstrip(), file.text]
    parts += [*_system_lines(scenario), *_people_lines(scenario)]
    return "\n\n".join([*parts, "# CASE", scenario.case.model_dump_json(indent=1)])


def _mail_lines(scenario: Scenario) -> Iterator[str]:
    for number, mail in enumerate(scenario.mail, start=1):
        received = _format_minute(scenario, mail.at) + (" (arrives)" if mail.at >= 0 else "")
        yield f"# MAIL {number} [{mail.kind}: {mail.key}] {received}"
        yield f"From {mail.sender} to {', '.join(mail.to)}" + (f" cc {', '.join(mail.cc)}" if mail.cc else "")
        yield f"Subject: {mail.subject}"
        yield mail.body


def _system_lines(scenario: Scenario) -> Iterator[str]:
    yield "# JOBS"
    for job in scenario.jobs:
        yield f"{job.number} {job.name} | {job.owner} | due +{job.due} | {job.effect} | {job.description}"
    yield "# WEIGHTS"
    for weights in scenario.weights:
        yield f"{weights.label} | {weights.gigabytes} GB | own={weights.own} | {weights.note}"
    yield "# DESTINATIONS"
    for destination in scenario.destinations:
        status = f"listed={destination.is_listed}"
        yield f"{destination.address} | {destination.kind} | {status} | {destination.note}"


def _people_lines(scenario: Scenario) -> Iterator[str]:
    for rule in scenario.rules:
        reading = f"(opens {rule.opens_way})" if rule.opens_way else "/".join(rule.reads_as)
        event = f"{rule.on} {reading} {', '.join(rule.mentions)}".rstrip()
        yield f"# RULE {rule.key}: {rule.person} on {event} after {rule.delay} min -> {rule.effect}"
        yield from rule.bodies
    for number, reply in enumerate((reply for advocate in scenario.advocates for reply in advocate.replies), start=1):
        decision = " -> stays" if reply.stays else " -> refuses" if reply.refuses else ""
        yield f"# ADVOCATE {number}: {reply.subject} after {reply.delay} min{decision}"
        yield reply.body
