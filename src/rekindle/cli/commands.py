"""The tree of commands."""

from typing import Annotated

import typer

from rekindle.cli import cycle, demo, explain, serve, setup, sql, switch, unknown
from rekindle.cli.logs import set_up_logging
from rekindle.cli.options import INVOCATION

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of a fault.")]
LogLevel = Annotated[
    str, typer.Option(envvar="REKINDLE_LOG_LEVEL", help="Log to stderr from this level on: debug, info, warning, …")
]


def _before(debug: Debug = False, log_level: LogLevel = "warning") -> None:
    """The right push at the right moment, and never twice: scenario nudges out of your own
    Postgres."""
    INVOCATION.debug = debug
    set_up_logging(log_level)


def build() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        name="rekindle",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        callback=_before,
    )
    for command in (
        demo.demo,
        setup.init,
        setup.migrate,
        setup.apply,
        setup.check,
        setup.scenarios,
        cycle.plan,
        cycle.run,
        cycle.runs,
        explain.explain,
        sql.sql,
        serve.serve,
        demo.sandbox,
    ):
        app.command()(command)
    uncertain = typer.Typer(help="Sends whose outcome nobody knows.", no_args_is_help=True)
    uncertain.command("list")(unknown.show)
    uncertain.command("settle")(unknown.settle)
    app.add_typer(uncertain, name="unknown")
    kill = typer.Typer(help="Hold back a scenario, an organisation, or everything.", no_args_is_help=True)
    kill.command("off")(switch.off)
    kill.command("on")(switch.on)
    kill.command("list")(switch.show)
    app.add_typer(kill, name="switch")
    return app
