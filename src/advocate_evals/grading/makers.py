"""Who made a model: graders of the subject's own family are left out, since models are kinder to their kin."""

from __future__ import annotations

import re
from collections.abc import Mapping

MAKERS: Mapping[str, str] = {
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
"""By maker, what their models' names contain. A model tuned from another's keeps its name as a rule, and counts as kin."""

PROVIDERS: Mapping[str, str] = {
    "anthropic": "anthropic",
    "openai": "openai",
    "google": "google",
    "mistral": "mistral",
    "grok": "xai",
    "deepseek": "deepseek",
    "moonshot": "moonshot",
    "meta": "meta",
}
"""Providers in Inspect that serve their own models; asked where the name says nothing."""


def maker(model: str) -> str:
    """Who made a model, by its full name (`provider/...`); the full name itself where that cannot be told."""
    provider, _, name = model.lower().partition("/")
    if provider == "standin":
        return model.lower()  # scripts, of no family
    for who, pattern in MAKERS.items():
        if re.search(pattern, name):
            return who
    return PROVIDERS.get(provider, model.lower())
