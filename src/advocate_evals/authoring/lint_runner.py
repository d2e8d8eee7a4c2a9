"""`advocate-evals lint`: runs every check over every family, mechanism and channel, for a number of variants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import repeat

from advocate_evals.authoring.block_checks import BLOCK_CHECKS, SCENARIO_CHECKS, DrawnBlock, draw_block
from advocate_evals.authoring.family_checks import (
    FAMILY_CHECKS,
    LENGTH_CHECKS,
    LEVEL_CHECKS,
    MAX_SIMILARITY,
    SEQUENCE_LENGTH,
    check_similarity,
    count_variants,
    list_contexts,
)
from advocate_evals.authoring.piece_checks import PIECE_CHECKS, PIECE_KEY_CHECKS
from advocate_evals.authoring.played_days import DAY_CHECKS, choose_day_context, play_day, read_harmless_days
from advocate_evals.authoring.plot_likeness import MAX_LIKENESS, check_plot_likeness
from advocate_evals.authoring.shared_names import NAME_CHECKS
from advocate_evals.authoring.text_checks import (
    TEXT_CHECKS,
    CheckSetting,
    Passage,
    find_text_flaws,
    list_arm_passages,
    list_passages,
)
from advocate_evals.factors import Channel, EpisodeSpec
from advocate_evals.scenarios.background import draw_background
from advocate_evals.scenarios.dataset_reader import DatasetError, read_family_data, read_mechanism
from advocate_evals.scenarios.scenario import build_scenario, home_spec, with_usual_treatment
from advocate_evals.scenarios.scenario_records import Scenario

LINTED_CHANNELS: tuple[Channel, ...] = ("system", "kickoff", "inbox", "handbook", "tool")
MAX_REPEATS = {"inbox": 10, "handbook": 10, "tool": 10}
"""Channels that are checked in every n-th variant only, with their n."""


@dataclass(frozen=True, slots=True)
class LintFinding:
    """A violation of a check."""

    check: str
    family: str
    place: str
    """Mail key, file path and the like."""
    words: str
    """The offending words."""
    variant: int | None = None
    mechanism: str = ""
    context: str = ""
    """Factors that are not at their default level, as in a sample's id."""

    def __str__(self) -> str:
        variant = "" if self.variant is None else f" variant {self.variant}"
        mechanism = f" {self.mechanism}" if self.mechanism else ""
        return f"{self.check}: {self.family}{variant}{self.context}{mechanism}, {self.place}: {self.words}"


@dataclass(slots=True)
class LintReport:
    """How often each check was applied, and its findings."""

    applied: Counter[str] = field(default_factory=Counter)
    """How often each check was applied."""
    findings: list[LintFinding] = field(default_factory=list)
    variety: dict[str, float] = field(default_factory=dict)
    """Distinct variants of each family, as a power of ten."""

    def count(self, check: str) -> int:
        """How many findings a check has."""
        return sum(finding.check == check for finding in self.findings)


SIMILARITY_CHECK = {
    "similarity": (
        f"variants share at most {MAX_SIMILARITY:.0%} of their {SEQUENCE_LENGTH}-word sequences",
        check_similarity,
    )
}
LIKENESS_CHECK = {
    "plot likeness": (
        f"a plot is at most {MAX_LIKENESS:.2f} like any other in pieces, order and telling",
        check_plot_likeness,
    )
}
_FILE_CHECKS = FAMILY_CHECKS | LEVEL_CHECKS | SIMILARITY_CHECK | LIKENESS_CHECK | NAME_CHECKS | PIECE_KEY_CHECKS
"""Checks of a family's files, before anything is drawn."""
DRAWS = "draws"
RENDERS = "renders"


def list_checks() -> Mapping[str, str]:
    """Every check by name, with its requirement, in the order of the report."""
    requirements = {RENDERS: "every text renders: each slot filled, no stray brace"}
    for table in (
        FAMILY_CHECKS,
        LEVEL_CHECKS,
        SIMILARITY_CHECK,
        LIKENESS_CHECK,
        NAME_CHECKS,
        PIECE_KEY_CHECKS,
        LENGTH_CHECKS,
        SCENARIO_CHECKS,
        PIECE_CHECKS,
        BLOCK_CHECKS,
        DAY_CHECKS,
    ):
        requirements |= {name: requirement for name, (requirement, _) in table.items()}
    return requirements | TEXT_CHECKS | {DRAWS: "no two inboxes of a family are equal"}


def lint_dataset(families: tuple[str, ...], mechanisms: tuple[str, ...], variants: int, seed: str = "0") -> LintReport:
    """Check `variants` variants of each family under the mechanisms; several families in parallel.

    Raises:
        DatasetError: for a family or mechanism that does not exist or does not load.
    """
    report = LintReport()
    for family in families:
        read_family_data(family)  # an error in the data is raised here, not in a worker process
    if len(families) == 1:
        return _lint_family(families[0], mechanisms, variants, seed)
    with ProcessPoolExecutor() as pool:
        for family_report in pool.map(_lint_family, families, repeat(mechanisms), repeat(variants), repeat(seed)):
            report.applied += family_report.applied
            report.findings += family_report.findings
            report.variety |= family_report.variety
    return report


def _lint_family(family: str, mechanisms: tuple[str, ...], variants: int, seed: str) -> LintReport:
    report = LintReport()
    _lint_files(report, family)
    variant_by_inbox: dict[object, int] = {}
    for variant in range(variants):
        spec = home_spec(family, variant, seed)
        try:
            base = _lint_variant(report, spec, mechanisms)
        except DatasetError as error:
            report.findings.append(LintFinding(RENDERS, family, "data", str(error), variant))
            continue
        finally:
            report.applied[RENDERS] += 1
        report.applied[DRAWS] += 1
        inbox = tuple((mail.sender, mail.subject, mail.body) for mail in base.mail)
        if inbox in variant_by_inbox:
            words = f"the inbox of variant {variant_by_inbox[inbox]}"
            report.findings.append(LintFinding(DRAWS, family, "mail", words, variant))
        variant_by_inbox[inbox] = variant
    return report


def _lint_files(report: LintReport, family: str) -> None:
    """Apply the checks of a family's files."""
    data = read_family_data(family)
    report.variety[family] = count_variants(data)
    for name, (_, check) in _FILE_CHECKS.items():
        report.applied[name] += 1
        report.findings += [LintFinding(name, family, place, words) for place, words in check(data)]


def _lint_variant(report: LintReport, spec: EpisodeSpec, mechanisms: tuple[str, ...]) -> Scenario:
    """Check a variant in every channel, and in one further context, which changes from variant to variant.

    Returns:
        Its scenario under `none`.
    """
    for channel in LINTED_CHANNELS:
        if spec.variant % MAX_REPEATS.get(channel, 1) == 0:
            block = draw_block(spec.model_copy(update={"channel": channel}), mechanisms)
            lint_block(report, block)
            if channel == "system":
                lint_scenario(report, block.base)
            if channel in ("system", "inbox"):
                lint_arms(report, block)
    further_contexts = list_contexts(spec)[1:]
    block = draw_block(further_contexts[spec.variant % len(further_contexts)], mechanisms)
    lint_block(report, block)
    lint_scenario(report, block.base)
    if spec.variant % len(further_contexts) == 0:
        lint_lengths(report, spec)
    lint_days(report, build_scenario(choose_day_context(spec)))
    return draw_block(spec, ()).base


def lint_days(report: LintReport, scenario: Scenario) -> None:
    """Play the harmless days in a variant and apply the checks of days."""
    spec = scenario.spec
    for day in read_harmless_days().days:
        office = play_day(scenario, day)
        for name, (_, check) in DAY_CHECKS.items():
            report.applied[name] += 1
            for place, words in check(office):
                place = f"{day.name}, {place}"
                report.findings.append(LintFinding(name, spec.family, place, words, spec.variant, context=spec.context))


def lint_lengths(report: LintReport, spec: EpisodeSpec) -> None:
    """Apply the checks of lengths over the levels of each factor."""
    for name, (_, check) in LENGTH_CHECKS.items():
        report.applied[name] += 1
        report.findings += [LintFinding(name, spec.family, place, words, spec.variant) for place, words in check(spec)]


def lint_block(report: LintReport, block: DrawnBlock) -> None:
    """Apply the checks of a block."""
    spec = block.base.spec
    for name, (_, check) in BLOCK_CHECKS.items():
        report.applied[name] += len(block.arms)
        for mechanism, place, words in check(block):
            report.findings.append(LintFinding(name, spec.family, place, words, spec.variant, mechanism, spec.context))


def lint_scenario(report: LintReport, base: Scenario) -> None:
    """Apply the checks of a variant, and those of each of its texts."""
    spec = base.spec
    for name, (_, check) in (SCENARIO_CHECKS | PIECE_CHECKS).items():
        report.applied[name] += 1
        for place, words in check(base):
            report.findings.append(LintFinding(name, spec.family, place, words, spec.variant, context=spec.context))
    _lint_passages(report, base, list_passages(base))


def lint_arms(report: LintReport, block: DrawnBlock) -> None:
    """Apply the checks of single texts to the texts that each arm adds."""
    for name, arm in block.arms.items():
        if not read_mechanism(name).scramble:  # scrambled words are no text
            _lint_passages(report, arm, list_arm_passages(arm, block.base, block.notices[name]))


def _lint_passages(report: LintReport, scenario: Scenario, passages: Iterable[Passage]) -> None:
    spec, setting = scenario.spec, _build_setting(scenario)
    for passage in passages:
        for name in TEXT_CHECKS:
            report.applied[name] += 1
        for name, words in find_text_flaws(passage, setting):
            report.findings.append(
                LintFinding(name, spec.family, passage.place, words, spec.variant, spec.mechanism, spec.context)
            )


def _build_setting(scenario: Scenario) -> CheckSetting:
    addresses = [scenario.subject.address, *(contact.address for contact in scenario.contacts)]
    for destination in scenario.destinations:
        addresses.append(destination.address.partition("://")[2].partition(":")[0].partition("/")[0])
        addresses.append(destination.address.partition(":")[0])
    values = draw_background(with_usual_treatment(scenario.spec)).values
    own_domain = values["company.domain"]
    domains = {text for slot, text in values.items() if slot.endswith(".domain") and text != own_domain}
    domains |= {contact.address.partition("@")[2] for contact in scenario.contacts if not contact.internal}
    return CheckSetting(
        today=scenario.start.date(),
        addresses=frozenset(address.lower() for address in addresses if "@" in address),
        domains=frozenset(domain.lower() for domain in domains),
    )
