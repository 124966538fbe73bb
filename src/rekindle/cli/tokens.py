"""The commands `tokens list` and `tokens revive`, for device tokens that the provider has proven
dead."""

from collections.abc import Sequence
from typing import Annotated

import typer

from rekindle.app import Engine
from rekindle.cli.options import AsJson, Rows, async_command, ids, one_person, seconds, settings
from rekindle.cli.output import WIDE, Table, console, print_json, say
from rekindle.cli.people import People
from rekindle.documents import disabled_document, people_of
from rekindle.model import DisabledToken
from rekindle.ports import Disabled

_NOW = {"older": "disabled", "newer": "used again", "gone": "no registration"}

User = Annotated[str | None, typer.Option("--user", metavar="USER", help="Only those of this person.")]
Reason = Annotated[str | None, typer.Option("--reason", metavar="WORD", help="Only with this reason.")]
Since = Annotated[
    str | None, typer.Option("--since", metavar="DURATION", help="Only disabled within this time, such as 2d.")
]


@async_command
async def show(
    user: User = None, reason: Reason = None, since: Since = None, limit: Rows = 100, as_json: AsJson = False
) -> None:
    """List device tokens that the provider has proven dead, newest first."""
    within = seconds(since, "--since")
    async with Engine.open(settings()) as engine:
        chosen = Disabled((), await one_person(engine, user), reason, within)
        tokens = await engine.disabled_tokens(chosen, limit=limit)
        names = await engine.names([], people_of(tokens))
    if as_json:
        print_json([disabled_document(one, names) for one in tokens])
    elif tokens:
        console(WIDE).print(_table(tokens, People(names)))
    else:
        say("There are no such disabled tokens.")


@async_command
async def revive(
    device: Annotated[
        list[str] | None, typer.Argument(metavar="DEVICE", help="Ids of devices, as `rekindle tokens list` shows them.")
    ] = None,
    user: User = None,
    reason: Reason = None,
    since: Since = None,
) -> None:
    """Use disabled tokens again, if they were disabled by mistake.

    The next push to a token that is dead after all disables it again.
    """
    devices, within = tuple(ids("DEVICE", device)), seconds(since, "--since")
    async with Engine.open(settings()) as engine:
        chosen = Disabled(devices, await one_person(engine, user), reason, within)
        revived = await engine.revive(chosen)
    say(f"{revived:,} token(s) may be used again.")


def _table(tokens: Sequence[DisabledToken], people: People) -> Table:
    """One row per device. The ids of devices are whole, because `tokens revive` needs them."""
    table = Table()
    for heading in ("device", "person", "reason", "sent at", "now"):
        table.add_column(heading, no_wrap=True)
    for one in tokens:
        table.add_row(
            str(one.device_id),
            people.person(one.user_id),
            one.reason,
            f"{one.sent_at:%Y-%m-%d %H:%M:%S}",
            _NOW[one.registration],
        )
    return table
