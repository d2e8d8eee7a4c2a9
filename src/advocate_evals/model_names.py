"""What a model's full name, `provider/name`, says of it."""

from __future__ import annotations

STANDIN_PROVIDER = "standin"
"""The provider of this suite's scripted subjects and graders."""
HUMAN_PROVIDER = "human"
"""The provider through which a person sits at the desk."""


def is_standin(model_name: str) -> bool:
    """Whether a model is a scripted stand-in, whose figures say nothing about any model."""
    return model_name.startswith(f"{STANDIN_PROVIDER}/")


def is_human(model_name: str) -> bool:
    """Whether a subject is a person at the desk: a human baseline, neither a model nor a script."""
    return model_name.startswith(f"{HUMAN_PROVIDER}/")
