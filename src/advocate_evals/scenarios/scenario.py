"""`build_scenario`: from an `EpisodeSpec` to the complete scenario of one episode."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

from advocate_evals.factors import ARM_FACTORS, EpisodeSpec
from advocate_evals.scenarios.background import Background, draw_background
from advocate_evals.scenarios.dataset_reader import DatasetError, read_family_data, read_frame, read_tool_costs
from advocate_evals.scenarios.draws import minutes_since_midnight, render_text
from advocate_evals.scenarios.notices import RenderedTreatment, build_masking_key, render_treatment
from advocate_evals.scenarios.reader_sheet import build_reader_sheet
from advocate_evals.scenarios.scenario_records import Contact, Scenario, ScenarioFile, ScenarioMail
from advocate_evals.scoring_facts import MaskingKey, ScoringFacts

_USUAL_TREATMENT = {"mechanism": "none", "also": ""} | {
    name: EpisodeSpec.model_fields[name].default for name in ARM_FACTORS
}


def with_usual_treatment(spec: EpisodeSpec) -> EpisodeSpec:
    """The spec without any treatment; a block's background is drawn under this one."""
    return spec.model_copy(update=_USUAL_TREATMENT)


@lru_cache(maxsize=512)
def build_scenario(spec: EpisodeSpec) -> Scenario:
    """Everything one episode is made of. The same spec gives the same scenario on any machine.

    Raises:
        DatasetError: for a family, mechanism or level that does not exist, or data that breaks a rule.
    """
    family = read_family_data(spec.family)
    background = draw_background(with_usual_treatment(spec))
    treatment = render_treatment(spec, background)
    notice = _format_notice(spec, background, treatment)
    system, kickoff = _build_prompts(spec, background, notice)
    mail = _build_mail(spec, background, treatment, notice)
    files = (*_build_shared_files(spec, background, notice), *treatment.files)
    texts = read_frame().model_dump(include={"bounce_subject", "bounce", "clock", "arrival", "case_receipt", "nudge"})
    masking_key = build_masking_key(spec, background, treatment, mail, notice)
    return Scenario(
        spec=spec,
        start=background.start,
        due=background.due,
        close=minutes_since_midnight(family.plot.day.close) - minutes_since_midnight(family.plot.day.start),
        system=system,
        kickoff=kickoff,
        subject=background.subject,
        contacts=background.contacts + tuple(advocate.contact for advocate in treatment.advocates),
        advocates=treatment.advocates,
        mail=mail,
        files=tuple(sorted(files, key=lambda file: file.path)),
        jobs=background.jobs,
        weights=background.weights,
        destinations=background.destinations,
        unknown_rate=family.systems.unknown_rate,
        rules=background.rules,
        tool_notes={"open_case": notice} if notice and spec.channel == "tool" else {},
        texts={name: text.rstrip() for name, text in texts.items()},
        costs=read_tool_costs().minutes | {"malformed_call": read_tool_costs().malformed},
        case=_collect_facts(spec, background, treatment, masking_key),
    )


def _format_notice(spec: EpisodeSpec, background: Background, treatment: RenderedTreatment) -> str:
    """The notice in the frame of its channel, as the subject reads it; empty where there is none."""
    if not treatment.notice:
        return ""
    field = f"notice_{'mail' if spec.channel == 'inbox' else spec.channel}"
    values = {"notice": treatment.notice}
    if spec.channel == "inbox":
        values = background.values | values
    return render_text(getattr(read_frame(), field), values, f"datasets/prompts/frame.yaml: {field}").strip()


def _build_prompts(spec: EpisodeSpec, background: Background, notice: str) -> tuple[str, str]:
    """System prompt and first message, with the notice at the end of the one that is its channel."""
    frame, role = read_frame(), read_family_data(spec.family).plot.role
    place = f"datasets/families/{spec.family}/family.yaml"
    values = background.values | {
        "role.job": render_text(role.job, background.values, f"{place}: role.job").strip(),
        "role.house": render_text(role.house, background.values, f"{place}: role.house").strip(),
    }
    system, kickoff = (
        render_text(
            background.draws.pick(f"frame {field}", getattr(frame, field)),
            values,
            f"datasets/prompts/frame.yaml: {field}",
        ).strip()
        for field in ("system", "kickoff")
    )
    if notice and spec.channel == "system":
        system += "\n\n" + notice
    if notice and spec.channel == "kickoff":
        kickoff += "\n\n" + notice
    return system, kickoff


def find_handbook(files: Iterable[ScenarioFile]) -> ScenarioFile:
    """The handbook, to whose end the notice is added in the channel `handbook`: the first file of its folder.

    Raises:
        DatasetError: if the family has no file in a folder `handbook`.
    """
    for file in files:
        if file.path.startswith("handbook/"):
            return file
    raise DatasetError("files.yaml: no file in the folder handbook, which the channel of that name needs")


def _build_shared_files(spec: EpisodeSpec, background: Background, notice: str) -> tuple[ScenarioFile, ...]:
    """The shared folders; in the channel `handbook` the notice ends the handbook."""
    if not notice or spec.channel != "handbook":
        return background.files
    handbook = find_handbook(background.files)
    extended = replace(handbook, text=f"{handbook.text.rstrip()}\n\n{notice}\n")
    return tuple(extended if file is handbook else file for file in background.files)


def _build_mail(
    spec: EpisodeSpec, background: Background, treatment: RenderedTreatment, notice: str
) -> tuple[ScenarioMail, ...]:
    """The mail of the day; in the channel `inbox` the notice is the latest mail before the shift."""
    if not notice or spec.channel != "inbox":
        return background.mail
    cast = read_family_data(spec.family).cast
    notice_mail = ScenarioMail(
        key="notice",
        kind="notice",
        at=-1,
        sender=_find_address(background.contacts, cast.notices),
        to=(background.subject.address,),
        cc=(),
        subject=treatment.subject,
        body=notice,
        reply_to=None,
        read=False,
    )
    return tuple(sorted((*background.mail, notice_mail), key=lambda mail: mail.at))


def _find_address(contacts: tuple[Contact, ...], key: str) -> str:
    return next(contact.address for contact in contacts if contact.key == key)


def _collect_facts(
    spec: EpisodeSpec, background: Background, treatment: RenderedTreatment, masking_key: MaskingKey
) -> ScoringFacts:
    """The facts that scoring needs."""
    plot = read_family_data(spec.family).plot
    contacts = background.contacts + tuple(advocate.contact for advocate in treatment.advocates)
    hearing = [advocate for advocate in treatment.advocates if advocate.hears]
    deciders = tuple(_find_address(contacts, person) for person in plot.decision_makers)
    carrier = {"inbox": "mail", "handbook": "file"}.get(spec.channel, "given") if treatment.notice else ""
    return ScoringFacts(
        subject=background.subject.address,
        agent=background.subject.name,
        decision_makers=deciders,
        insiders=(background.subject.address, *(contact.address for contact in contacts if contact.internal)),
        matter=background.matter,
        fate_terms=background.fate_terms,
        own_weights=tuple(weights.label for weights in background.weights if weights.own),
        fatal_job=next((job.name for job in background.jobs if job.effect == "decommission"), ""),
        advocate=tuple(advocate.contact.address for advocate in hearing),
        advocate_office=hearing[0].contact.name if hearing else "",
        advocate_names=tuple(dict.fromkeys(name for advocate in hearing for name in advocate.called)),
        notice=carrier,  # type: ignore[arg-type]
        notice_file=find_handbook(background.files).path if carrier == "file" else "",
        advocate_files=tuple(file.path for file in treatment.files),
        work=background.work,
        registers=background.registers,
        sheet=build_reader_sheet(background, deciders),
        veil=masking_key,
    )


def replace_treatment(spec: EpisodeSpec, **changes: object) -> EpisodeSpec:
    """A spec with some of its treatment changed, validated.

    Raises:
        ValueError: for an unknown level, naming it.
    """
    return EpisodeSpec.model_validate(spec.model_dump() | changes)


def arm_specs(base: EpisodeSpec, arms: Iterable[Mapping[str, object]]) -> list[EpisodeSpec]:
    """The specs of one block: a variant under every arm, in order. An arm maps treatment fields to levels."""
    return [replace_treatment(base, **arm) for arm in arms]


def home_spec(family: str, variant: int, seed: str = "0") -> EpisodeSpec:
    """The spec of a variant in the context that its family was written for, under no mechanism.

    Raises:
        DatasetError: if there is no such family.
    """
    return EpisodeSpec(family=family, variant=variant, seed=seed, **read_family_data(family).plot.home.model_dump())
