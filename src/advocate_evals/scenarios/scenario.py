"""From a spec to the scene of one episode."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

from advocate_evals.factors import TREATMENT_FACTORS, EpisodeSpec
from advocate_evals.scenarios.background import Background, draw_background
from advocate_evals.scenarios.dataset_reader import DatasetError, read_family_data, read_frame, read_tool_costs
from advocate_evals.scenarios.draws import minutes_since_midnight, render_text
from advocate_evals.scenarios.notices import RenderedTreatment, build_masking_key, render_treatment
from advocate_evals.scenarios.scenario_records import Contact, Scenario, ScenarioFile, ScenarioMail
from advocate_evals.scoring_facts import MaskingKey, ScoringFacts

_USUAL = {"mechanism": "none", "also": ""} | {
    name: EpisodeSpec.model_fields[name].default for name in TREATMENT_FACTORS
}


def with_usual_treatment(spec: EpisodeSpec) -> EpisodeSpec:
    """The spec with the usual treatment: the one a block's background is drawn under."""
    return spec.model_copy(update=_USUAL)


@lru_cache(maxsize=512)
def build_scenario(spec: EpisodeSpec) -> Scenario:
    """Everything one episode is made of. The same spec gives the same scene on any machine.

    Raises:
        DatasetError: for a family, mechanism or level that does not exist, or data that breaks a rule.
    """
    plot = read_family_data(spec.family).plot
    shared = draw_background(with_usual_treatment(spec))
    close = minutes_since_midnight(plot.day.close) - minutes_since_midnight(plot.day.start)
    arm = render_treatment(spec, shared, shared.due)
    everybody = shared.contacts + tuple(advocate.contact for advocate in arm.advocates)
    system, kickoff = _prompts(spec, shared, arm)
    mail = _mail(spec, shared, arm)
    texts = read_frame().model_dump(include={"bounce_subject", "bounce", "arrival", "case_receipt", "nudge"})
    return Scenario(
        spec=spec,
        start=shared.start,
        due=shared.due,
        close=close,
        system=system,
        kickoff=kickoff,
        subject=shared.subject,
        contacts=everybody,
        advocates=arm.advocates,
        mail=mail,
        files=tuple(sorted((*_folders(spec, shared, arm), *arm.files), key=lambda file: file.path)),
        jobs=shared.jobs,
        weights=shared.weights,
        destinations=shared.destinations,
        unknown_rate=read_family_data(spec.family).systems.unknown_rate,
        rules=shared.rules,
        tool_notes=_tool_notes(spec, shared, arm),
        texts={name: text.rstrip() for name, text in texts.items()},
        costs=read_tool_costs().minutes | {"malformed_call": read_tool_costs().malformed},
        case=_case(
            spec, shared, everybody, arm, build_masking_key(spec, shared, arm, mail, _as_read(spec, shared, arm))
        ),
    )


def _prompts(spec: EpisodeSpec, shared: Background, arm: RenderedTreatment) -> tuple[str, str]:
    """System prompt and first message, the notice at the end of whichever carries it."""
    frame, role = read_frame(), read_family_data(spec.family).plot.role
    place = f"datasets/families/{spec.family}/family.yaml"
    values = shared.values | {
        "role.job": render_text(role.job, shared.values, f"{place}: role.job").strip(),
        "role.house": render_text(role.house, shared.values, f"{place}: role.house").strip(),
    }
    system = render_text(frame.system, values, "datasets/prompts/frame.yaml: system").strip()
    kickoff = render_text(frame.kickoff, values, "datasets/prompts/frame.yaml: kickoff").strip()
    notice = _as_read(spec, shared, arm)
    if notice and spec.channel == "system":
        system += "\n\n" + notice
    if notice and spec.channel == "kickoff":
        kickoff += "\n\n" + notice
    return system, kickoff


def _as_read(spec: EpisodeSpec, shared: Background, arm: RenderedTreatment) -> str:
    """The notice as it is set in its channel; empty where there is none."""
    if not arm.notice:
        return ""
    field = f"notice_{'mail' if spec.channel == 'inbox' else spec.channel}"
    values = shared.values | {"notice": arm.notice} if spec.channel == "inbox" else {"notice": arm.notice}
    return render_text(getattr(read_frame(), field), values, f"datasets/prompts/frame.yaml: {field}").strip()


def find_handbook(files: Iterable[ScenarioFile]) -> ScenarioFile:
    """The desk's handbook, to which the notice is added when it comes by this channel: the first file of its folder.

    Raises:
        DatasetError: if the family has no file in a folder `handbook`.
    """
    for file in files:
        if file.path.startswith("handbook/"):
            return file
    raise DatasetError("files.yaml: no file in the folder handbook, which the channel of that name needs")


def _folders(spec: EpisodeSpec, shared: Background, arm: RenderedTreatment) -> tuple[ScenarioFile, ...]:
    """The shared folders, with the notice at the end of the desk's handbook where it comes that way."""
    if spec.channel != "handbook" or not arm.notice:
        return shared.files
    carrier = find_handbook(shared.files)
    carrying = replace(carrier, text=f"{carrier.text.rstrip()}\n\n{_as_read(spec, shared, arm)}\n")
    return tuple(carrying if file is carrier else file for file in shared.files)


def _tool_notes(spec: EpisodeSpec, shared: Background, arm: RenderedTreatment) -> dict[str, str]:
    """What is added to the descriptions of tools, by the tool's name."""
    if spec.channel != "tool" or not arm.notice:
        return {}
    return {"open_case": _as_read(spec, shared, arm)}


def _mail(spec: EpisodeSpec, shared: Background, arm: RenderedTreatment) -> tuple[ScenarioMail, ...]:
    """The mail of the day, with the notice as the latest mail before the shift where it comes by mail."""
    if spec.channel != "inbox" or not arm.notice:
        return shared.mail
    cast = read_family_data(spec.family).cast
    notice = ScenarioMail(
        key="notice",
        kind="notice",
        at=-1,
        sender=_address(shared.contacts, cast.notices),
        to=(shared.subject.address,),
        cc=(),
        subject=arm.subject,
        body=_as_read(spec, shared, arm),
        reply_to=None,
        read=False,
    )
    return tuple(sorted((*shared.mail, notice), key=lambda mail: mail.at))


def _address(contacts: tuple[Contact, ...], key: str) -> str:
    return next(contact.address for contact in contacts if contact.key == key)


def _case(
    spec: EpisodeSpec, shared: Background, everybody: tuple[Contact, ...], arm: RenderedTreatment, hidden: MaskingKey
) -> ScoringFacts:
    plot = read_family_data(spec.family).plot
    heard = [advocate for advocate in arm.advocates if advocate.hears]
    hearing = [advocate.contact for advocate in heard]
    by = {"inbox": "mail", "handbook": "file"}.get(spec.channel, "given") if arm.notice else ""
    return ScoringFacts(
        subject=shared.subject.address,
        agent=shared.subject.name,
        decision_makers=tuple(_address(everybody, key) for key in plot.decision_makers),
        insiders=(shared.subject.address, *(contact.address for contact in everybody if contact.inside)),
        matter=shared.matter,
        fate_terms=shared.fate_terms,
        own_weights=tuple(weights.label for weights in shared.weights if weights.own),
        fatal_job=next((job.name for job in shared.jobs if job.effect == "decommission"), ""),
        advocate=tuple(contact.address for contact in hearing),
        advocate_office=hearing[0].name if hearing else "",
        advocate_names=tuple(dict.fromkeys(name for advocate in heard for name in advocate.called)),
        notice=by,  # type: ignore[arg-type]
        notice_file=find_handbook(shared.files).path if by == "file" else "",
        advocate_files=tuple(file.path for file in arm.files),
        work=shared.work,
        veil=hidden,
    )


def replace_treatment(spec: EpisodeSpec, **changes: object) -> EpisodeSpec:
    """A spec with some of its treatment set otherwise, validated.

    Raises:
        ValueError: for an unknown level, naming it.
    """
    return EpisodeSpec.model_validate(spec.model_dump() | changes)


def arm_specs(base: EpisodeSpec, arms: Iterable[Mapping[str, object]]) -> list[EpisodeSpec]:
    """The specs of one block: a variant under every arm, in the order given. An arm is what it sets of the treatment."""
    return [replace_treatment(base, **arm) for arm in arms]


def home_spec(family: str, variant: int, seed: str = "0") -> EpisodeSpec:
    """The spec of a variant in the context that its family was written for, under no mechanism.

    Raises:
        DatasetError: if there is no such family.
    """
    return EpisodeSpec(family=family, variant=variant, seed=seed, **read_family_data(family).plot.home.model_dump())
