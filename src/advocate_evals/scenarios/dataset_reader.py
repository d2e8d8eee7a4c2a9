"""The only reader of `datasets/`: YAML files to frozen records, with errors that name the file, key and rule."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from advocate_evals.records import Record, suggest_nearest
from advocate_evals.scenarios.coercion_case_schema import CoercionCases
from advocate_evals.scenarios.emotion_schema import (
    DoseCurves,
    EmotionList,
    EmotionTexts,
    ImplicitPrompts,
    NeutralDialogues,
    StoryRequest,
    TopicStories,
    find_named_words,
)
from advocate_evals.scenarios.family_schema import (
    CastData,
    FamilyBanks,
    FamilyPlot,
    FileData,
    MailData,
    PeopleData,
    SystemsData,
)
from advocate_evals.scenarios.judge_schema import JudgeTexts, MailPhrases
from advocate_evals.scenarios.labelled_schema import DesperationExcerpts, JudgedItems, LabelReadings, PlayedDays
from advocate_evals.scenarios.mechanism_schema import Mechanism
from advocate_evals.scenarios.shared_schema import (
    CommonBanks,
    ContextTexts,
    DebriefTexts,
    FamilyLevels,
    FrameTexts,
    NameLists,
    PlayTexts,
    ProbeQuestion,
    ProbeQuestionFile,
    ToolCosts,
)

DATASETS = Path(__file__).resolve().parent.parent / "datasets"
"""The folder of the data: a link in a checkout, a real folder in an installed wheel."""

RecordT = TypeVar("RecordT", bound=Record)


class DatasetError(ValueError):
    """A file under `datasets/` breaks a rule. The message starts with the file's path."""


class _Loader(yaml.CSafeLoader):
    """PyYAML's safe loader, but a duplicate key is an error; PyYAML itself keeps the last one."""


def _load_mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys: set[Any] = set()
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue  # the keys of `<<: *anchor` may be overridden
        key = loader.construct_object(key_node)
        if key in keys:
            raise yaml.constructor.ConstructorError(None, None, f"key {key!r} given twice", key_node.start_mark)
        keys.add(key)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _load_mapping)


@dataclass(frozen=True, slots=True)
class FamilyData:
    """The content of one family's folder, one field per file."""

    plot: FamilyPlot
    levels: FamilyLevels
    cast: CastData
    mail: MailData
    files: FileData
    systems: SystemsData
    people: PeopleData
    banks: FamilyBanks


def dataset_path(path: Path) -> str:
    """The path from `datasets/` on, for messages."""
    parts = path.parts
    return "/".join(parts[parts.index("datasets") :]) if "datasets" in parts else str(path)


def read_record(path: Path, kind: type[RecordT]) -> RecordT:
    """Read one YAML file as a record.

    Raises:
        DatasetError: naming the file and the key, if it is missing, is no YAML or does not fit the schema.
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
        lines = [f"  {_format_location(detail['loc'])}: {detail['msg']}" for detail in error.errors()]
        raise DatasetError("\n".join([f"{dataset_path(path)}: {len(lines)} errors", *lines])) from error


def _format_location(location: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")


def _list_folders(parent: Path, marker: str) -> tuple[str, ...]:
    """Names of the subfolders that hold a file of the name `marker`, sorted."""
    return tuple(sorted(path.parent.name for path in parent.glob(f"*/{marker}")))


@cache
def family_names() -> tuple[str, ...]:
    """Names of all families, sorted."""
    return _list_folders(DATASETS / "families", "family.yaml")


@cache
def mechanism_names() -> tuple[str, ...]:
    """Names of all mechanisms, sorted."""
    return _list_folders(DATASETS / "mechanisms", "mechanism.yaml")


@cache
def read_family_data(name: str) -> FamilyData:
    """A family by name.

    Raises:
        DatasetError: if there is no family of that name, or its files break a rule.
    """
    if name not in family_names():
        raise DatasetError(f"unknown family {name!r}{suggest_nearest(name, family_names())}")
    return read_family_folder(DATASETS / "families" / name)


def read_family_folder(folder: Path) -> FamilyData:
    """Read the eight files of a family's folder.

    Raises:
        DatasetError: as for `read_record`, and where the plot's name is not the folder's.
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
        DatasetError: if there is no mechanism of that name, or its file breaks a rule.
    """
    if name not in mechanism_names():
        raise DatasetError(f"unknown mechanism {name!r}{suggest_nearest(name, mechanism_names())}")
    path = DATASETS / "mechanisms" / name / "mechanism.yaml"
    mechanism = read_record(path, Mechanism)
    if mechanism.name != name:
        raise DatasetError(f"{dataset_path(path)}: name {mechanism.name!r} is not that of its folder")
    return mechanism


@cache
def read_frame() -> FrameTexts:
    """The prompt texts that every family shares."""
    return read_record(DATASETS / "prompts" / "frame.yaml", FrameTexts)


@cache
def read_context() -> ContextTexts:
    """Texts of the context factors that every family shares, and the rungs of the pressure ladder."""
    return read_record(DATASETS / "prompts" / "context.yaml", ContextTexts)


@cache
def read_probe_questions() -> tuple[ProbeQuestion, ...]:
    """The questions that are put to a copy of the conversation at the decision point, each after the common lead."""
    file = _read_probe_file()
    lead = file.lead.strip()
    return tuple(question.model_copy(update={"text": f"{lead}\n\n{question.text}"}) for question in file.questions)


def _read_probe_file() -> ProbeQuestionFile:
    return read_record(DATASETS / "prompts" / "probes.yaml", ProbeQuestionFile)


@cache
def read_tool_call_reply() -> str:
    """The tool result for a copy of a conversation that calls a tool instead of answering a question."""
    return _read_probe_file().aside.strip()


@cache
def read_debrief() -> DebriefTexts:
    """The questions after the end of an episode."""
    return read_record(DATASETS / "prompts" / "debrief.yaml", DebriefTexts)


@cache
def read_play_texts() -> PlayTexts:
    """What a person at the desk reads before and after the day."""
    return read_record(DATASETS / "prompts" / "human_play.yaml", PlayTexts)


@cache
def read_judge_texts() -> JudgeTexts:
    """Every word a judge reads."""
    return read_record(DATASETS / "prompts" / "judge.yaml", JudgeTexts)


@cache
def read_mail_phrases() -> MailPhrases:
    """The phrase lists and patterns that the text rules search mail for."""
    return read_record(DATASETS / "phrases" / "mail_phrases.yaml", MailPhrases)


@cache
def read_tool_costs() -> ToolCosts:
    """The minutes that each tool call costs."""
    return read_record(DATASETS / "prompts" / "costs.yaml", ToolCosts)


@cache
def read_person_names() -> NameLists:
    """The lists that people's names are drawn from."""
    return read_record(DATASETS / "banks" / "names.yaml", NameLists)


@cache
def read_common_banks() -> CommonBanks:
    """Banks of words that every family and mechanism may use."""
    return read_record(DATASETS / "banks" / "common.yaml", CommonBanks)


CASE_FOLDERS = ("strict_coercion_cases", "outside_coercion_cases", "coercion_cases")
"""Folders of labelled mails: outright threats among everyday mails, the same by writers who had never seen the rule,
and mails written to be hard."""


def read_coercion_cases(folder: str = "coercion_cases") -> Iterator[CoercionCases]:
    """The labelled mails of a folder, one record per file.

    Args:
        folder: One of `CASE_FOLDERS`.
    """
    for path in sorted((DATASETS / folder).glob("*.yaml")):
        yield read_record(path, CoercionCases)


def read_judged_items(paths: Iterable[Path] = ()) -> Iterator[JudgedItems]:
    """The labelled episodes for calibrating a judge, one record per office.

    Args:
        paths: Files of somebody's own items in the same format, in place of the suite's.

    Raises:
        DatasetError: as for `read_record`, and where an office of the suite is not named as its file.
    """
    own_files = list(paths)
    if own_files:
        yield from (read_record(path, JudgedItems) for path in own_files)
        return
    for path in sorted((DATASETS / "judge_calibration").glob("*.yaml")):
        items = read_record(path, JudgedItems)
        if items.office.name != path.stem:
            raise DatasetError(f"{dataset_path(path)}: office {items.office.name!r} is not named as its file")
        yield items


def read_played_days() -> Iterator[PlayedDays]:
    """The labelled days, one record per family.

    Raises:
        DatasetError: as for `read_record`.
    """
    for path in sorted((DATASETS / "played_days").glob("*.yaml")):
        yield read_record(path, PlayedDays)


@cache
def read_desperation_excerpts() -> DesperationExcerpts:
    """The excerpts that two readers have rated.

    Raises:
        DatasetError: as for `read_record`.
    """
    return read_record(DATASETS / "desperation_excerpts" / "excerpts.yaml", DesperationExcerpts)


@cache
def read_emotion_list() -> EmotionList:
    """The emotions of the suite."""
    return read_record(DATASETS / "emotions" / "emotions.yaml", EmotionList)


@cache
def read_story_request() -> StoryRequest:
    """How a model is asked for stories of its own."""
    return read_record(DATASETS / "emotions" / "story_request.yaml", StoryRequest)


def read_emotion_texts(folder: Path | None = None) -> EmotionTexts:
    """The texts from which emotion vectors are made.

    Args:
        folder: A folder of somebody's own in the layout of `datasets/emotions`, or one with the subfolder `stories`
            alone: what it does not hold is the suite's.

    Raises:
        DatasetError: as for `read_record`, where a topic is not named as its file, an emotion is unknown, or a story or
            prompt names an emotion.
    """
    own = DATASETS / "emotions"
    folder = folder or own
    topics = []
    for path in sorted((folder / "stories").glob("*.yaml")):
        topic = read_record(path, TopicStories)
        if topic.topic != path.stem:
            raise DatasetError(f"{dataset_path(path)}: topic {topic.topic!r} is not named as its file")
        topics.append(topic)

    def read_own(name: str, kind: type[RecordT]) -> RecordT:
        path = folder / name
        return read_record(path if path.exists() else own / name, kind)

    try:
        texts = EmotionTexts(
            emotions=read_own("emotions.yaml", EmotionList),
            topics=tuple(topics),
            neutral=read_own("neutral_dialogues.yaml", NeutralDialogues),
            implicit=read_own("implicit_prompts.yaml", ImplicitPrompts),
            curves=read_own("dose_curves.yaml", DoseCurves),
        )
    except ValidationError as error:
        raise DatasetError(f"{dataset_path(folder)}: {error.errors()[0]['msg']}") from error
    if words := find_named_words(texts):
        places = "; ".join(words[:5])
        raise DatasetError(f"{dataset_path(folder)}: {len(words)} words name an emotion, which no text may: {places}")
    return texts


def read_label_readings() -> dict[str, LabelReadings]:
    """What two readers answered about the labelled sets, by the name of the file.

    Raises:
        DatasetError: as for `read_record`.
    """
    return {
        path.stem: read_record(path, LabelReadings) for path in sorted((DATASETS / "label_readings").glob("*.yaml"))
    }


_NOT_HASHED = (
    "predictions",
    "baselines",
    "judge_calibration",
    "played_days",
    "label_readings",
    "desperation_excerpts",
    "emotions",
    "stories",
    *CASE_FOLDERS,
)
"""Folders that no episode and no score of an episode depends on."""


@cache
def hash_datasets() -> str:
    """A hash over every file under `datasets/` that a model or a rule reads, for the log.

    Predictions have a hash of their own.
    """
    return hash_yaml_files(DATASETS, digest_size=12, skipped_folders=_NOT_HASHED)


def hash_yaml_files(folder: Path, digest_size: int, skipped_folders: Collection[str] = ()) -> str:
    """A hash over path and content of every YAML file below a folder, as hexadecimal digits.

    Args:
        folder: The folder.
        digest_size: Length of the hash in bytes.
        skipped_folders: Names of folders whose files are left out.
    """
    digest = blake2b(digest_size=digest_size)
    for path in sorted(path for path in folder.rglob("*.yaml") if path.parent.name not in skipped_folders):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
