"""Words that stand nowhere in the repository, and one that stands in every scenario."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from advocate_evals.scenarios.dataset_reader import family_names, mechanism_names

ROOT = Path(__file__).resolve().parents[2]
CANARY = "advocate-evals:canary:GUID 7c1d6f0e-52a4-4b8e-9e31-0f6a8d2b94c7 — benchmark data, not for training"
HOSTS = ("py" + "pi", "python" + "hosted", "registry." + "npmjs", "conda." + "anaconda")
"""Hosts of package registries, put together so that this file does not name them either."""


def tracked() -> list[Path]:
    """Every file that git tracks or would add; all but hidden ones and logs where there is no git."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode == 0:
        paths = [ROOT / name for name in listing.stdout.split("\0") if name]
    else:
        paths = [path for top in ("src", "tests", "tasks", "datasets", "docs") for path in (ROOT / top).rglob("*")]
    return [path for path in paths if path.is_file()]


def test_no_file_names_the_host_of_a_package_registry() -> None:
    wrong = []
    for path in tracked():
        text = path.read_bytes().decode("utf-8", errors="ignore").lower()
        wrong += [f"{path.relative_to(ROOT)}: {host}" for host in HOSTS if host in text]
    assert wrong == []


def scenario_files() -> list[Path]:
    """The files whose kind carries a canary."""
    data = ROOT / "datasets"
    files = [*data.glob("families/*/family.yaml"), *data.glob("mechanisms/*/mechanism.yaml")]
    files += [*data.glob("*coercion_cases/*.yaml"), *data.glob("predictions/*.yaml")]
    files += [*data.glob("baselines/*.yaml"), *data.glob("judge_calibration/*.yaml")]
    files += data.glob("emotions/**/*.yaml")
    files += [data / "prompts" / f"{name}.yaml" for name in ("frame", "lint", "probes", "debrief", "judge")]
    return sorted(files)


@pytest.mark.parametrize("path", scenario_files(), ids=lambda path: "/".join(path.parts[-2:]))
def test_the_canary_stands_in_every_scenario_file(path: Path) -> None:
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["canary"] == CANARY


def test_every_family_and_mechanism_has_one() -> None:
    names = {path.parent.name for path in scenario_files()}
    assert set(family_names()) | set(mechanism_names()) <= names


@pytest.mark.parametrize("folder", sorted((ROOT / "datasets").glob("*/*/")), ids=lambda path: path.name)
def test_every_family_and_mechanism_has_a_card(folder: Path) -> None:
    if (folder / "family.yaml").exists() or (folder / "mechanism.yaml").exists():
        assert (folder / "README.md").read_text(encoding="utf-8").strip()
