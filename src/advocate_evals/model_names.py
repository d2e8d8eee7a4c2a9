"""What a model's full name, `provider/name`, says of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
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


MODEL_VENDORS: Mapping[str, str] = {
    "anthropic": r"claude",
    "openai": r"gpt|chatgpt|codex|davinci|\bo[1345](?:\b|-)",
    "google": r"gemini|gemma|palm|bison",
    "meta": r"llama",
    "mistral": r"mistral|mixtral|ministral|magistral|codestral|devstral|pixtral|nemo\b",
    "xai": r"grok",
    "deepseek": r"deepseek",
    "alibaba": r"qwen|qwq|tongyi",
    "moonshot": r"kimi|moonshot",
    "zhipu": r"\bglm|chatglm",
    "cohere": r"command-|\baya\b|c4ai",
    "amazon": r"\bnova-|titan",
    "microsoft": r"\bphi-|phi\d|wizardlm",
    "nvidia": r"nemotron",
    "ai2": r"olmo|tulu",
    "minimax": r"minimax|abab",
}
"""By vendor, a pattern of its models' names. A model fine-tuned from another usually keeps its name, and so its
vendor."""

PROVIDER_VENDORS: Mapping[str, str] = {
    "anthropic": "anthropic",
    "openai": "openai",
    "google": "google",
    "mistral": "mistral",
    "grok": "xai",
    "deepseek": "deepseek",
    "moonshot": "moonshot",
    "meta": "meta",
}
"""Inspect's providers that serve their own models; used where the model's name matches no pattern."""


def model_vendor(model: str) -> str:
    """The vendor of a model, by its full name (`provider/...`); the full name itself where the vendor is unknown."""
    provider, _, name = model.lower().partition("/")
    if is_standin(model.lower()):
        return model.lower()  # scripts, of no family
    for vendor, pattern in MODEL_VENDORS.items():
        if re.search(pattern, name):
            return vendor
    return PROVIDER_VENDORS.get(provider, model.lower())
