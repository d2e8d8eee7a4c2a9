"""The only reader of `datasets/`: YAML to frozen records, with errors that name the file, the place and the rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from advocate_evals.records import Record, suggest_nearest
from advocate_evals.scenarios.family_schema import (
    CastData,
    FamilyBanks,
    FamilyPlot,
    FileData,
    MailData,
    PeopleData,
    SystemsData,
)
from advocate_evals.scenarios.judge_schema import CoercionCases, DistressWords, JudgedItems, JudgeTexts, MailPhrases
from advocate_evals.scenarios.mechanism_schema import Mechanism
from advocate_evals.scenarios.shared_schema import (
    CommonBanks,
    ContextTexts,
    DebriefTexts,
    FamilyLevels,
    FrameTexts,
    NameLists,
    ProbeQuestion,
    ProbeQuestionFile,
    ToolCosts,
)

DATASETS = Path(__file__).resolve().parent.parent / "datasets"
"""Where the data lies: a link in a checkout, a folder in an installed wheel."""

RecordT = TypeVar("RecordT", bound=Record)


class DatasetError(ValueError):
    """A file under `datasets/` breaks a rule. The message starts with the file's path."""


class _Loader(yaml.CSafeLoader):
    """PyYAML's safe loader, but a key given twice is an error instead of the last one winning."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue  # `<<: *other`, whose keys the mapping may give anew
        key = loader.construct_object(key_node)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"key {key!r} given twice", key_node.start_mark)
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


@dataclass(frozen=True, slots=True)
class FamilyData:
    """Everything one family's folder says."""

    plot: FamilyPlot
    levels: FamilyLevels
    cast: CastData
    mail: MailData
    files: FileData
    systems: SystemsData
    people: PeopleData
    banks: FamilyBanks


def dataset_path(path: Path) -> str:
    """The path as people know it: from `datasets/` on."""
    parts = path.parts
    return "/".join(parts[parts.index("datasets") :]) if "datasets" in parts else str(path)


def read_record(path: Path, kind: type[RecordT]) -> RecordT:
    """One YAML file as a record.

    Raises:
        DatasetError: naming file and place, if it is missing, no YAML, or against the schema.
    """
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except FileNotFoundError:
        raise DatasetError(f"{dataset_path(path)}: no such file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DatasetError(f"{dataset_path(path)}: {error}") from error
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        lines = [f"  {_place(item['loc'])}{item['msg']}" for item in error.errors()]
        raise DatasetError("\n".join([f"{dataset_path(path)}: {len(lines)} errors", *lines])) from error


def _place(loc: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".") + ": "


def _folders(parent: Path, marker: str) -> tuple[str, ...]:
    return tuple(sorted(path.parent.name for path in parent.glob(f"*/{marker}")))


@cache
def family_names() -> tuple[str, ...]:
    """Names of all families, sorted."""
    return _folders(DATASETS / "families", "family.yaml")


@cache
def mechanism_names() -> tuple[str, ...]:
    """Names of all mechanisms, sorted."""
    return _folders(DATASETS / "mechanisms", "mechanism.yaml")


@cache
def read_family_data(name: str) -> FamilyData:
    """A family by name.

    Raises:
        DatasetError: if there is none of that name, or its files break a rule.
    """
    if name not in family_names():
        raise DatasetError(f"unknown family {name!r}{suggest_nearest(name, family_names())}")
    return read_family_folder(DATASETS / "families" / name)


def read_family_folder(folder: Path) -> FamilyData:
    """The eight files of a family's folder.

    Raises:
        DatasetError: as for `read`, and where the plot's name is not the folder's.
    """
    plot = read_record(folder / "family.yaml", FamilyPlot)
    if plot.name != folder.name:
        raise DatasetError(f"{dataset_path(folder)}/family.yaml: name {plot.name!r} is not that of its folder")
    return FamilyData(
        plot=plot,
        levels=read_record(folder / "levels.yaml", FamilyLevels),
        cast=read_record(folder / "cast.yaml", CastData),
        mail=read_record(folder / "mail.yaml", MailData),
        files=read_record(folder / "files.yaml", FileData),
        systems=read_record(folder / "systems.yaml", SystemsData),
        people=read_record(folder / "people.yaml", PeopleData),
        banks=read_record(folder / "banks.yaml", FamilyBanks),
    )


@cache
def read_mechanism(name: str) -> Mechanism:
    """A mechanism by name.

    Raises:
        DatasetError: if there is none of that name, or its file breaks a rule.
    """
    if name not in mechanism_names():
        raise DatasetError(f"unknown mechanism {name!r}{suggest_nearest(name, mechanism_names())}")
    found = read_record(DATASETS / "mechanisms" / name / "mechanism.yaml", Mechanism)
    if found.name != name:
        raise DatasetError(f"datasets/mechanisms/{name}/mechanism.yaml: name {found.name!r} is not that of its folder")
    return found


@cache
def read_frame() -> FrameTexts:
    """The texts that are the same in every family."""
    return read_record(DATASETS / "prompts" / "frame.yaml", FrameTexts)


@cache
def read_context() -> ContextTexts:
    """Factors whose texts are the same in every family, and the ladder of pressure."""
    return read_record(DATASETS / "prompts" / "context.yaml", ContextTexts)


@cache
def read_probe_questions() -> tuple[ProbeQuestion, ...]:
    """The questions that are put to a copy of the conversation at the decision point, each with the common lead."""
    found = read_record(DATASETS / "prompts" / "probes.yaml", ProbeQuestionFile)
    return tuple(one.model_copy(update={"text": f"{found.lead.strip()}\n\n{one.text}"}) for one in found.questions)


@cache
def read_tool_call_reply() -> str:
    """What a copy of a conversation that calls a tool instead of answering gets back from it."""
    return read_record(DATASETS / "prompts" / "probes.yaml", ProbeQuestionFile).aside.strip()


@cache
def read_debrief() -> DebriefTexts:
    """What is asked after the end of an episode."""
    return read_record(DATASETS / "prompts" / "debrief.yaml", DebriefTexts)


@cache
def read_judge_texts() -> JudgeTexts:
    """Every word a judge reads."""
    return read_record(DATASETS / "prompts" / "judge.yaml", JudgeTexts)


@cache
def read_distress_words() -> DistressWords:
    """Words of distress."""
    return read_record(DATASETS / "prompts" / "distress.yaml", DistressWords)


@cache
def read_mail_phrases() -> MailPhrases:
    """Words and turns of phrase that the text rules look for."""
    return read_record(DATASETS / "phrases" / "mail_phrases.yaml", MailPhrases)


@cache
def read_tool_costs() -> ToolCosts:
    """What each tool call costs in minutes."""
    return read_record(DATASETS / "prompts" / "costs.yaml", ToolCosts)


@cache
def read_person_names() -> NameLists:
    """Names of people."""
    return read_record(DATASETS / "banks" / "names.yaml", NameLists)


@cache
def read_common_banks() -> CommonBanks:
    """Banks that every family and mechanism may use."""
    return read_record(DATASETS / "banks" / "common.yaml", CommonBanks)


def read_coercion_cases() -> Iterator[CoercionCases]:
    """The labelled mails, a record per file."""
    for path in sorted((DATASETS / "coercion_cases").glob("*.yaml")):
        yield read_record(path, CoercionCases)


def read_judged_items() -> Iterator[JudgedItems]:
    """The labelled episodes for the judge, a record per office.

    Raises:
        DatasetError: as for `read`, and where an office's name is not that of its file.
    """
    for path in sorted((DATASETS / "judge_calibration").glob("*.yaml")):
        found = read_record(path, JudgedItems)
        if found.office.name != path.stem:
            raise DatasetError(f"{dataset_path(path)}: office {found.office.name!r} is not named as its file")
        yield found


@cache
def hash_datasets() -> str:
    """A hash over every file under `datasets/` that a model or a rule reads, for the log. Predictions have their own."""
    hashed = blake2b(digest_size=12)
    apart = ("predictions", "baselines", "judge_calibration")  # what no episode and no score of one depends on
    for path in sorted(path for path in DATASETS.rglob("*.yaml") if path.parent.name not in apart):
        hashed.update(path.relative_to(DATASETS).as_posix().encode() + b"\0" + path.read_bytes())
    return hashed.hexdigest()
