"""The tree of all commands."""

from typing import Annotated

import typer

from rekindle.app import version
from rekindle.cli import (
    audit,
    backtest,
    cycle,
    demo,
    effect,
    explain,
    fleet,
    installation,
    key,
    person,
    prune,
    report,
    send,
    serve,
    setup,
    sql,
    switch,
    tokens,
    unknown,
)
from rekindle.cli.command import Command
from rekindle.cli.logs import set_up_logging
from rekindle.cli.options import INVOCATION, settings
from rekindle.cli.output import say

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
LogLevel = Annotated[
    str | None,
    typer.Option(metavar="LEVEL", help="Lowest level to log (REKINDLE_LOG_LEVEL)."),
]


def _show_version(asked: bool) -> None:
    if asked:
        say(f"rekindle {version()}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
]


def _before(version: Version = False, debug: Debug = False, log_level: LogLevel = None) -> None:
    """Send each person the right push at the right moment, and never twice.

    Rekindle finds the people who are due in your Postgres and sends one push to each.
    """
    INVOCATION.debug = debug
    set_up_logging(settings().log_level if log_level is None else log_level)


def build() -> typer.Typer:
    """Make the command line with all its commands."""
    app = typer.Typer(
        name="rekindle",
        no_args_is_help=True,
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
        send.send,
        send.sends,
        report.report,
        effect.effect,
        backtest.backtest,
        fleet.tick,
        fleet.worker,
        fleet.status,
        explain.explain,
        audit.audit,
        person.erase,
        person.export,
        prune.prune,
        sql.sql,
        serve.serve,
        demo.sandbox,
    ):
        app.command(cls=Command)(command)
    unknown_sends = typer.Typer(help="List and settle sends whose outcome is not known.", no_args_is_help=True)
    unknown_sends.command("list", cls=Command)(unknown.show)
    unknown_sends.command("settle", cls=Command)(unknown.settle)
    app.add_typer(unknown_sends, name="unknown")
    switches = typer.Typer(help="Switch off a scenario, an organisation, or everything.", no_args_is_help=True)
    switches.command("off", cls=Command)(switch.off)
    switches.command("on", cls=Command)(switch.on)
    switches.command("list", cls=Command)(switch.show)
    app.add_typer(switches, name="switch")
    keys = typer.Typer(help="Create, list and revoke keys of the HTTP API.", no_args_is_help=True)
    keys.command("create", cls=Command)(key.create)
    keys.command("list", cls=Command)(key.show)
    keys.command("revoke", cls=Command)(key.revoke)
    app.add_typer(keys, name="key")
    disabled = typer.Typer(help="List disabled device tokens, or use them again.", no_args_is_help=True)
    disabled.command("list", cls=Command)(tokens.show)
    disabled.command("revive", cls=Command)(tokens.revive)
    app.add_typer(disabled, name="tokens")
    installations = typer.Typer(
        help="Let runs send from a promoted, restored or copied database.", no_args_is_help=True
    )
    installations.command("adopt", cls=Command)(installation.adopt)
    app.add_typer(installations, name="installation")
    return app
