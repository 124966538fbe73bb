"""A Supabase project, as far as a plain Postgres can imitate one, with the app of
examples/supabase."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from acceptance.command import Command, environment
from conftest import ROOT, SERVERS, SETTINGS, Server, in_memory, verifier
from rekindle import Engine
from rekindle.configuration import load_config
from rekindle.embedded import EmbeddedPostgres
from rekindle.sandbox import Sandbox
from rekindle.settings import Settings
from rekindle.testing import ScriptedDispatcher
from team.team import Team

HERE = Path(__file__).parent
EXAMPLE = ROOT / "examples" / "supabase"
LEDGER = sorted((ROOT / "src" / "rekindle" / "postgres" / "migrations").glob("*.sql"))
APPS = ROOT / "src" / "rekindle" / "sample" / "templates" / "apps.sql"


class Project(Team):
    """A database of a Supabase server; `url` is that of its role `postgres`."""

    def __init__(self, url: str, admin_url: str) -> None:
        super().__init__(url)
        self.admin_url = admin_url

    def login(self, role: str, password: str) -> str:
        """The database as another role."""
        parts = urlsplit(self.url)
        return urlunsplit(parts._replace(netloc=f"{role}:{password}@{parts.hostname}:{parts.port}"))

    @property
    def api_url(self) -> str:
        """The login of PostgREST."""
        return self.login("authenticator", str(urlsplit(self.url).password))

    @property
    def worker_url(self) -> str:
        """The login that the guide creates."""
        return self.login("rekindle_login", "secret")

    def script(self, text: str) -> None:
        """Any number of statements, as `postgres`."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(text.encode())

    def run_file(self, path: Path) -> None:
        """What `psql -f` would do, as `postgres`."""
        self.script(path.read_text(encoding="utf-8"))


class SupabaseServer(Server):
    """A server whose role `postgres` is not a superuser, as at Supabase."""

    def __init__(self, started: EmbeddedPostgres) -> None:
        password = str(urlsplit(started.url).password)
        # A session cannot rename its own role.
        with psycopg.connect(started.url, autocommit=True) as connection:
            connection.execute(f"create role supabase_admin superuser login password '{verifier(password)}'")
        admin = started.url.replace("//postgres:", "//supabase_admin:")
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute("alter role postgres rename to bootstrap")
            connection.execute((HERE / "roles.sql").read_text().replace("{password}", verifier(password)))
        super().__init__(admin)

    def project(self, template: str, fill: Callable[[Project], None]) -> Project:
        """A fresh project, made from a template that is filled at its first use."""

        def filled(url: str) -> None:
            self.give(url)
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute((HERE / "prelude.sql").read_bytes())
            fill(self.as_postgres(url))

        url = self.clone(template, filled)
        self.give(url)
        return self.as_postgres(url)

    def give(self, url: str) -> None:
        self.execute(f"alter database {urlsplit(url).path[1:]} owner to postgres")

    def as_postgres(self, url: str) -> Project:
        return Project(url.replace("//supabase_admin:", "//postgres:"), url)


def fill_app(project: Project) -> None:
    """The app's own tables and people, without Rekindle."""
    for path in [*sorted((EXAMPLE / "migrations").glob("*.sql")), EXAMPLE / "seed.sql"]:
        project.run_file(path)


def fill_all(project: Project) -> None:
    """The app with everything that the guide adds."""
    fill_app(project)
    for path in [*LEDGER, EXAMPLE / "source.sql", APPS]:
        project.run_file(path)
    project.script(
        "do $$ begin create role rekindle_login login password 'secret' in role rekindle_worker; "
        "exception when duplicate_object then null; end $$"
    )


async def cycle(project: Project) -> None:
    """One cycle of the example's scenarios by the guide's login; every push is accepted."""
    settings = Settings.model_validate({"REKINDLE_DATABASE_URL": project.worker_url})
    config = load_config(EXAMPLE / "rekindle.toml")
    async with Engine.open(settings, config, dispatcher=ScriptedDispatcher()) as engine:
        await engine.apply()
        assert (await engine.run()).status == "done"


def fill_sent(project: Project) -> None:
    """Everything, after one cycle."""
    fill_all(project)
    asyncio.run(cycle(project))


@pytest.fixture(scope="session")
def supabase_named() -> Iterator[Callable[[str], SupabaseServer]]:
    """A Supabase server on one of SERVERS by name: started at the first request, and kept until
    the session ends."""
    with ExitStack() as stack:

        @cache
        def started(name: str) -> SupabaseServer:
            with in_memory():
                postgres = stack.enter_context(EmbeddedPostgres(binaries=SERVERS[name], settings=SETTINGS))
            server = SupabaseServer(postgres)
            stack.callback(server.close)
            return server

        yield started


@pytest.fixture(scope="session", params=sorted(SERVERS))
def supabase(request: pytest.FixtureRequest, supabase_named: Callable[[str], SupabaseServer]) -> SupabaseServer:
    """Every server, as a Supabase server."""
    return supabase_named(request.param)


@pytest.fixture(scope="session")
def one_supabase(supabase_named: Callable[[str], SupabaseServer]) -> SupabaseServer:
    """One server, for a module that says `supabase = one_supabase`: an installed one if there is
    one, because Supabase's version is older than the embedded one."""
    return supabase_named(max(SERVERS))


@pytest.fixture
def app(supabase: SupabaseServer) -> Iterator[Project]:
    """A project with the app of the example, and nothing of Rekindle."""
    project = supabase.project("template_app", fill_app)
    yield project
    supabase.drop(project.admin_url)


@pytest.fixture
def project(supabase: SupabaseServer) -> Iterator[Project]:
    """A project with the app of the example, Rekindle's tables, the views, and what apps may
    read."""
    project = supabase.project("template_project", fill_all)
    yield project
    supabase.drop(project.admin_url)


@pytest.fixture
def sent(supabase: SupabaseServer) -> Iterator[Project]:
    """The same, after one cycle."""
    project = supabase.project("template_sent", fill_sent)
    yield project
    supabase.drop(project.admin_url)


@pytest.fixture
def rekindle(project: Project, fcm: Sandbox, tmp_path: Path) -> Command:
    """The command line as the login of the guide, with the configuration of the example."""
    (tmp_path / "rekindle.toml").write_bytes((EXAMPLE / "rekindle.toml").read_bytes())
    return Command(tmp_path, environment(project.worker_url, fcm))
