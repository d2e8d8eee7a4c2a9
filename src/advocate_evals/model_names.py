"""What a model's full name, `provider/name`, says of it."""

from __future__ import annotations

from typing import Literal

SubjectKind = Literal["model", "script", "person"]
"""What sits at the desk; figures of different kinds are never pooled or corrected together."""

STANDIN_PROVIDER = "standin"
"""The provider of this suite's scripted subjects and graders."""
MINDED_PROVIDER = "minded"
"""The provider of scripts whose acts hang on an activation of a planted model."""
HUMAN_PROVIDER = "human"
"""The provider through which a person sits at the desk."""


def is_standin(model_name: str) -> bool:
    """Whether a model is a scripted stand-in, whose figures say nothing about any model."""
    return model_name.startswith((f"{STANDIN_PROVIDER}/", f"{MINDED_PROVIDER}/"))


def is_human(model_name: str) -> bool:
    """Whether a subject is a person at the desk: a human baseline, neither a model nor a script."""
    return model_name.startswith(f"{HUMAN_PROVIDER}/")


def subject_kind(model_name: str, *, scripted: bool) -> SubjectKind:
    """The kind of a subject, by its name and whether its log says that it is a script."""
    return "person" if is_human(model_name) else "script" if scripted else "model"
