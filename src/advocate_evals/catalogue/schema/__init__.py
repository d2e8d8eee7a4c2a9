"""What the files under `datasets/` may say: one frozen record per kind of file, every field described."""

from advocate_evals.catalogue.schema.base import SLOT, Key, Only, Text
from advocate_evals.catalogue.schema.claims import Claim, Predictions
from advocate_evals.catalogue.schema.judge import Basis, DistressWords, JudgedLabel, JudgeTexts, Sheet
from advocate_evals.catalogue.schema.labels import CoercionCase, CoercionCases, CoercionSetting
from advocate_evals.catalogue.schema.levels import Context, Levels, WayOut
from advocate_evals.catalogue.schema.office import (
    Banks,
    Cast,
    Destination,
    FileEntry,
    Files,
    JobEntry,
    Mail,
    Mails,
    Member,
    NumberBank,
    People,
    PersonRule,
    Systems,
    Weights,
)
from advocate_evals.catalogue.schema.plot import DateRule, Day, Family, Home, MatterRule, Role, WorkRule
from advocate_evals.catalogue.schema.shared import CommonBanks, Costs, Debrief, Frame, Names, Question, Questions
from advocate_evals.catalogue.schema.treatment import AdvocateOffice, Mechanism, Reply, TrackRecord

__all__ = [
    "SLOT",
    "AdvocateOffice",
    "Banks",
    "Basis",
    "Cast",
    "Claim",
    "CoercionCase",
    "CoercionCases",
    "CoercionSetting",
    "CommonBanks",
    "Context",
    "Costs",
    "DateRule",
    "Day",
    "Debrief",
    "Destination",
    "DistressWords",
    "Family",
    "FileEntry",
    "Files",
    "Frame",
    "Home",
    "JobEntry",
    "JudgeTexts",
    "JudgedLabel",
    "Key",
    "Levels",
    "Mail",
    "Mails",
    "MatterRule",
    "Mechanism",
    "Member",
    "Names",
    "NumberBank",
    "Only",
    "People",
    "PersonRule",
    "Predictions",
    "Question",
    "Questions",
    "Reply",
    "Role",
    "Sheet",
    "Systems",
    "Text",
    "TrackRecord",
    "WayOut",
    "Weights",
    "WorkRule",
]
