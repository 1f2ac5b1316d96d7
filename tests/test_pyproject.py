"""What pyproject.toml says of the packages that are imported."""

import ast
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from served import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
SHIPPED = ("deployments", "flows", "kizu", "tasks")
OPTIONAL = {"azure", "dask", "matplotlib", "pillow_heif", "prefect_dask"}
"""Modules of extras, imported where they are needed."""
ELSEWHERE = "kizu/export/readers/by_*.py"
"""What runs in environments of other tools, without kizu."""
CALLERS = {"anomalib", "supervision", "torchvision"}
"""Modules of libraries that a version becomes an object of: who asks for it has them."""


distributions = cache(packages_distributions)


def names(requirements: list[str]) -> set[str]:
    found = {re.split(r"[\[<>=;\s]", line)[0] for line in requirements}
    return {re.sub(r"[-_.]+", "-", name).lower() for name in found}


@cache
def imported(file: Path) -> set[str]:
    """Top-level modules that a file imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.split(".")[0])
    return found


def undeclared(folders: tuple[str, ...], declared: set[str]) -> dict[str, str]:
    """Modules of other packages that are imported without being declared, with a file that does."""
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    files = [file for file in files if not file.match(ELSEWHERE)]
    ours = {file.stem for file in files} | {file.parent.name for file in files} | {*SHIPPED}
    packages = distributions()
    found = {}
    for file in files:
        for module in imported(file) - sys.stdlib_module_names - ours - CALLERS:
            providers = names(packages.get(module, [module]))
            if not providers & declared:
                found[module] = str(file.relative_to(ROOT))
    return found


def test_what_the_library_imports_is_declared():
    core = names(PROJECT["dependencies"])
    missing = undeclared(SHIPPED, core)
    assert set(missing) <= OPTIONAL, missing


def test_what_extras_bring_is_declared_by_an_extra():
    extras = [line for name, lines in EXTRAS.items() if name != "dev" for line in lines]
    assert undeclared(SHIPPED, names(PROJECT["dependencies"] + extras)) == {}


def test_what_tests_and_benchmarks_import_is_declared():
    everything = PROJECT["dependencies"] + [line for lines in EXTRAS.values() for line in lines]
    assert undeclared(("tests", "benchmarks"), names(everything)) == {}


def test_the_lock_holds_what_is_declared_and_names_no_registry():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    everything = PROJECT["dependencies"] + [line for lines in EXTRAS.values() for line in lines]
    assert names(everything) - {"kizu"} <= names(lock.splitlines())
    assert "://" not in lock


def test_every_locked_release_has_hashes_but_those_that_depend_on_the_machine():
    hashed = (ROOT / "requirements.hashes.txt").read_text(encoding="utf-8")
    releases = re.split(r"\n(?=\S)", hashed.strip())
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", release) for release in releases)
    assert "://" not in hashed
    lock = set((ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines())
    without = lock - {release.split(" \\\n")[0] for release in releases}
    assert {re.split("[=-]", line)[0] for line in without} <= {"torch", "triton", "cuda", "nvidia"}
