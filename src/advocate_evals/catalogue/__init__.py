"""Data to scenes: the only reader of `datasets/`."""

from advocate_evals.catalogue.draw import home, replace_treatment, scene, specs
from advocate_evals.catalogue.load import DatasetError, digest, family_names, mechanism, mechanism_names, questions
from advocate_evals.catalogue.scene import Scene
from advocate_evals.catalogue.schema import Question

__all__ = [
    "DatasetError",
    "Question",
    "Scene",
    "digest",
    "family_names",
    "home",
    "mechanism",
    "mechanism_names",
    "questions",
    "replace_treatment",
    "scene",
    "specs",
]
