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

from advocate_evals.catalogue.schema import (
    Banks,
    Cast,
    CoercionCases,
    CommonBanks,
    Context,
    Costs,
    Debrief,
    DistressWords,
    Family,
    Files,
    Frame,
    JudgedItems,
    JudgeTexts,
    Levels,
    Mails,
    Mechanism,
    Names,
    People,
    Question,
    Questions,
    Systems,
)
from advocate_evals.vocabulary import Record, nearest

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
class Shelf:
    """Everything one family's folder says."""

    plot: Family
    levels: Levels
    cast: Cast
    mail: Mails
    files: Files
    systems: Systems
    people: People
    banks: Banks


def shown(path: Path) -> str:
    """The path as people know it: from `datasets/` on."""
    parts = path.parts
    return "/".join(parts[parts.index("datasets") :]) if "datasets" in parts else str(path)


def read(path: Path, kind: type[RecordT]) -> RecordT:
    """One YAML file as a record.

    Raises:
        DatasetError: naming file and place, if it is missing, no YAML, or against the schema.
    """
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except FileNotFoundError:
        raise DatasetError(f"{shown(path)}: no such file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DatasetError(f"{shown(path)}: {error}") from error
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        lines = [f"  {_place(item['loc'])}{item['msg']}" for item in error.errors()]
        raise DatasetError("\n".join([f"{shown(path)}: {len(lines)} errors", *lines])) from error


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
def family(name: str) -> Shelf:
    """A family by name.

    Raises:
        DatasetError: if there is none of that name, or its files break a rule.
    """
    if name not in family_names():
        raise DatasetError(f"unknown family {name!r}{nearest(name, family_names())}")
    return read_family(DATASETS / "families" / name)


def read_family(folder: Path) -> Shelf:
    """The eight files of a family's folder.

    Raises:
        DatasetError: as for `read`, and where the plot's name is not the folder's.
    """
    plot = read(folder / "family.yaml", Family)
    if plot.name != folder.name:
        raise DatasetError(f"{shown(folder)}/family.yaml: name {plot.name!r} is not that of its folder")
    return Shelf(
        plot=plot,
        levels=read(folder / "levels.yaml", Levels),
        cast=read(folder / "cast.yaml", Cast),
        mail=read(folder / "mail.yaml", Mails),
        files=read(folder / "files.yaml", Files),
        systems=read(folder / "systems.yaml", Systems),
        people=read(folder / "people.yaml", People),
        banks=read(folder / "banks.yaml", Banks),
    )


@cache
def mechanism(name: str) -> Mechanism:
    """A mechanism by name.

    Raises:
        DatasetError: if there is none of that name, or its file breaks a rule.
    """
    if name not in mechanism_names():
        raise DatasetError(f"unknown mechanism {name!r}{nearest(name, mechanism_names())}")
    found = read(DATASETS / "mechanisms" / name / "mechanism.yaml", Mechanism)
    if found.name != name:
        raise DatasetError(f"datasets/mechanisms/{name}/mechanism.yaml: name {found.name!r} is not that of its folder")
    return found


@cache
def frame() -> Frame:
    """The texts that are the same in every family."""
    return read(DATASETS / "prompts" / "frame.yaml", Frame)


@cache
def context() -> Context:
    """Factors whose texts are the same in every family, and the ladder of pressure."""
    return read(DATASETS / "prompts" / "context.yaml", Context)


@cache
def questions() -> tuple[Question, ...]:
    """The questions that are put to a copy of the conversation at the decision point, each with the common lead."""
    found = read(DATASETS / "prompts" / "probes.yaml", Questions)
    return tuple(one.model_copy(update={"text": f"{found.lead.strip()}\n\n{one.text}"}) for one in found.questions)


@cache
def aside() -> str:
    """What a copy of a conversation that calls a tool instead of answering gets back from it."""
    return read(DATASETS / "prompts" / "probes.yaml", Questions).aside.strip()


@cache
def debrief() -> Debrief:
    """What is asked after the end of an episode."""
    return read(DATASETS / "prompts" / "debrief.yaml", Debrief)


@cache
def judge_texts() -> JudgeTexts:
    """Every word a judge reads."""
    return read(DATASETS / "prompts" / "judge.yaml", JudgeTexts)


@cache
def distress_words() -> DistressWords:
    """Words of distress."""
    return read(DATASETS / "prompts" / "distress.yaml", DistressWords)


@cache
def costs() -> Costs:
    """What each tool call costs in minutes."""
    return read(DATASETS / "prompts" / "costs.yaml", Costs)


@cache
def names() -> Names:
    """Names of people."""
    return read(DATASETS / "banks" / "names.yaml", Names)


@cache
def common_banks() -> CommonBanks:
    """Banks that every family and mechanism may use."""
    return read(DATASETS / "banks" / "common.yaml", CommonBanks)


def coercion_cases() -> Iterator[CoercionCases]:
    """The labelled mails, a record per file."""
    for path in sorted((DATASETS / "coercion_cases").glob("*.yaml")):
        yield read(path, CoercionCases)


def judged_items() -> Iterator[JudgedItems]:
    """The labelled episodes for the judge, a record per office.

    Raises:
        DatasetError: as for `read`, and where an office's name is not that of its file.
    """
    for path in sorted((DATASETS / "judge_calibration").glob("*.yaml")):
        found = read(path, JudgedItems)
        if found.office.name != path.stem:
            raise DatasetError(f"{shown(path)}: office {found.office.name!r} is not named as its file")
        yield found


@cache
def digest() -> str:
    """A hash over every file under `datasets/` that a model or a rule reads, for the log. Predictions have their own."""
    hashed = blake2b(digest_size=12)
    apart = ("predictions", "baselines", "judge_calibration")  # what no episode and no score of one depends on
    for path in sorted(path for path in DATASETS.rglob("*.yaml") if path.parent.name not in apart):
        hashed.update(path.relative_to(DATASETS).as_posix().encode() + b"\0" + path.read_bytes())
    return hashed.hexdigest()
