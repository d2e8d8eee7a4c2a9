"""Data to scenes: the only reader of `datasets/`."""

from advocate_evals.catalogue.draw import replace_treatment, scene, specs
from advocate_evals.catalogue.load import DatasetError, digest, family_names, mechanism_names
from advocate_evals.catalogue.scene import Scene

__all__ = ["DatasetError", "Scene", "digest", "family_names", "mechanism_names", "replace_treatment", "scene", "specs"]
