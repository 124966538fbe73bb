"""The command `sql`: prints the statements of the engine, to read and measure them in psql."""

from typing import Annotated, Literal

import typer

from rekindle.app import Engine
from rekindle.cli.options import ConfigPath, Organisations, async_command, config, ids, one_id, one_person, settings
from rekindle.cli.output import print_script

Statement = Annotated[
    Literal["claim", "plan", "explain", "arm", "record"],
    typer.Argument(metavar="STATEMENT", help="Which statement to print."),
]


@async_command
async def sql(
    statement: Statement,
    scenario: Annotated[
        str | None, typer.Option("--scenario", metavar="NAME", help="The scenario to evaluate.")
    ] = None,
    organisation: Organisations = None,
    user: Annotated[str | None, typer.Option("--user", metavar="USER", help="Only this person.")] = None,
    run: Annotated[
        str | None, typer.Option("--run", metavar="UUID", help="The run whose units are armed or recorded.")
    ] = None,
    explained: Annotated[bool, typer.Option("--explain", help="Put explain (analyze, buffers) before it.")] = False,
    config_path: ConfigPath = None,
) -> None:
    """Print a statement of the engine as a script for psql.

    The parameters are in place. The statement is not run.
    """
    async with Engine.open(settings(), config(config_path)) as engine:
        text = await engine.sql(
            statement,
            scenario=scenario,
            organisations=ids("--organisation", organisation),
            user_id=await one_person(engine, user),
            run_id=one_id("--run", run),
            explained=explained,
        )
    print_script(text)
