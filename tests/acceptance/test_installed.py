"""The package as its users install it: the wheel alone, in an environment without the clone, with
the packages that it declares and no others."""

import json
import os
import subprocess
import sys
import tomllib
import venv
import zipfile
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@dataclass(frozen=True, slots=True)
class Installed:
    """The wheel, and an environment with it and the extra `demo`."""

    wheel: Path
    environment: Path

    def __call__(self, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.environment / "bin" / "rekindle"), *arguments]
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
        path = {"PATH": "/usr/bin:/bin"}
        return subprocess.run(command, cwd=folder, env=kept | path, capture_output=True, text=True, timeout=90)


def declared(requirements: list[str], extra: str, found: dict[str, Distribution]) -> None:
    """Collect the distributions that the requirements name, with an extra, and those that these
    need in turn."""
    for requirement in map(Requirement, requirements):
        wanted = requirement.marker is None or any(
            requirement.marker.evaluate({"extra": one}) for one in {extra, *requirement.extras, ""}
        )
        if wanted and (requirement.name, *sorted(requirement.extras)) not in found:
            one = found[requirement.name, *sorted(requirement.extras)] = distribution(requirement.name)
            for inner in requirement.extras or {""}:
                declared(one.requires or [], inner, found)


def link(one: Distribution, packages: Path) -> None:
    """Show a distribution of the tests' environment in another one, without copying it."""
    for top in {file.parts[0] for file in one.files or () if file.parts[0] != ".."}:
        if not (packages / top).exists() and not top.endswith(".pth"):
            (packages / top).symlink_to(Path(str(one.locate_file(top))))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("installed")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    environment = folder / "environment"
    venv.create(environment)
    python = environment / "bin" / "python"
    # The wheel as pip installs it. The packages that it declares are those of the tests'
    # environment, so this needs no package index.
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*install, "--no-compile", str(wheel)], check=True, capture_output=True, cwd=folder)
    [packages] = environment.glob("lib/python*/site-packages")
    found: dict[str, Distribution] = {}
    with zipfile.ZipFile(wheel) as archive:
        [metadata] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        lines = archive.read(metadata).decode().splitlines()
    declared(
        [line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist: ")], "demo", found
    )
    for one in found.values():
        link(one, packages)
    return Installed(wheel, environment)


def test_the_wheel_has_every_file_of_the_package(installed: Installed) -> None:
    assert installed.wheel.name == f"rekindle_push-{PROJECT['version']}-py3-none-any.whl"
    source = ROOT / "src"
    files = [path for path in (source / "rekindle").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    with zipfile.ZipFile(installed.wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == {str(path.relative_to(source)) for path in files}


def test_the_installed_command_runs_without_the_clone(installed: Installed, tmp_path: Path) -> None:
    version = installed(tmp_path, "--version")
    assert (version.returncode, version.stdout) == (0, f"rekindle {PROJECT['version']}\n"), version
    written = installed(tmp_path, "init", "--supabase")
    assert written.returncode == 0, written
    assert {path.name for path in tmp_path.iterdir()} == {"rekindle.toml", "source.sql", "apps.sql"}
    demo = installed(tmp_path, "demo", "--mentors", "60", "--json")
    assert demo.returncode == 0, demo
    first, second = json.loads(demo.stdout)["cycles"]
    assert sum(one["pushes"] for one in first["scenarios"]) > 0
    assert sum(one["pushes"] for one in second["scenarios"]) == 0


def test_what_an_extra_brings_is_named_if_it_is_missing(installed: Installed, tmp_path: Path) -> None:
    refused = installed(tmp_path, "serve")
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: RK603: the HTTP API requires a package that is not installed: ")
    assert refused.stderr.endswith('. Run pip install "rekindle-push[serve]" in this environment.\n')
    assert {"serve", "demo"} <= set(PROJECT["optional-dependencies"])
