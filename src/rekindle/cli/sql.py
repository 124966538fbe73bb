"""The engine's statements, to be read, changed and measured in psql."""

from typing import Annotated, Literal

import typer

from rekindle.app import Engine
from rekindle.cli.options import ConfigPath, Organisations, async_command, config, ids, one_id, settings

Statement = Annotated[
    Literal["claim", "plan", "explain", "arm", "record"], typer.Argument(help="The statement, by its name.")
]


@async_command
async def sql(
    statement: Statement,
    scenario: Annotated[str | None, typer.Option("--scenario", help="The scenario that it evaluates.")] = None,
    organisation: Organisations = None,
    user: Annotated[str | None, typer.Option("--user", help="Only this person.")] = None,
    run: Annotated[str | None, typer.Option("--run", help="The run whose units are armed or recorded.")] = None,
    explained: Annotated[bool, typer.Option("--explain", help="Ask for the plan, with times and buffers.")] = False,
    config_path: ConfigPath = None,
) -> None:
    """Print a statement of the engine for psql, with its parameters in place. Runs nothing."""
    async with Engine.open(settings(), config(config_path)) as engine:
        text = await engine.sql(
            statement,
            scenario=scenario,
            organisations=ids(organisation),
            user_id=one_id(user),
            run_id=one_id(run),
            explained=explained,
        )
    typer.echo(text, nl=False)
