"""The commands `demo` and `sandbox`, which need no Postgres and no Firebase project."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, aclosing
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from rekindle.app import Engine, database_url
from rekindle.cli import demo_kept, demo_served
from rekindle.cli.cycle import show_report
from rekindle.cli.options import AsJson, async_command, settings, stop_on_signals
from rekindle.cli.output import print_json, say
from rekindle.cli.places import places
from rekindle.configuration import load_config
from rekindle.dispatchers.log import LogDispatcher
from rekindle.documents import report_document
from rekindle.embedded import EmbeddedPostgres
from rekindle.errors import BadArgument, DemoDisagrees
from rekindle.model import Candidate, Place, Report
from rekindle.sample import make_programme
from rekindle.sandbox import Sandbox, serve
from rekindle.scenario import Config
from rekindle.settings import Settings

_CYCLES = {
    "First": "Every column counts people, except `pushes`, which counts their devices.",
    "Second": "The same people are due. Nobody is claimed again; the reasons count people.",
}
_NEXT_STEPS = """
Next steps:
  docs/tutorial.md  from an empty database to your first push
  rekindle init     writes a configuration and the views to start from
  rekindle --help   lists all commands"""


def demo(
    mentors: Annotated[int, typer.Option(min=1, max=1_000_000, metavar="N", help="Mentors in the programme.")] = 500,
    dispatcher: Annotated[str, typer.Option(metavar="NAME", help="fcm (with the sandbox) or log.")] = "fcm",
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="The same seed makes the same programme.")] = 1,
    keep: Annotated[bool, typer.Option("--keep", help="Keep it running afterwards, to explore it.")] = False,
    serve: Annotated[bool, typer.Option("--serve", help="Open the console on a programme with a past.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run two cycles on a sample programme; needs nothing else.

    Starts a temporary Postgres and the FCM sandbox. If REKINDLE_DATABASE_URL is set, it uses that
    database, which must not contain a sample programme yet. The exit code is 0 only if the ledger
    and the sandbox agree and the second cycle sent nothing.
    """
    if dispatcher not in ("fcm", "log"):
        raise BadArgument(f"{dispatcher!r} is not a valid dispatcher for the demo", hint="Use fcm or log.")
    if keep and (as_json or dispatcher != "fcm"):
        raise BadArgument("--keep needs the sandbox, and people who read", hint="Leave out --json and --dispatcher.")

    if serve:
        _serve(mentors, seed, alone=not (keep or as_json) and dispatcher == "fcm")
        return
    tell = _nothing if as_json else _say_lines
    show = _nothing if as_json else partial(show_report, as_json=False)
    with ExitStack() as stack:
        url = _database(stack, tell)
        sandbox = stack.enter_context(Sandbox()) if dispatcher == "fcm" else None
        if sandbox is not None:
            tell(f"Started the FCM sandbox at {sandbox.url}.")
        reports, differences, met = asyncio.run(_two_cycles(url, sandbox, mentors, seed, tell, show))
        if as_json:
            print_json({"cycles": [report_document(report) for report in reports], "differences": differences})
        if differences:
            raise DemoDisagrees("; ".join(differences))
        where = "the sandbox" if sandbox is not None else "the log dispatcher"
        tell("")
        tell(f"The ledger and {where} agree: every push has one record, and nobody got one twice.")
        tell("The second cycle sent none.")
        if keep and sandbox is not None:
            asyncio.run(demo_kept.keep(url, sandbox, met, tell))
            return
    tell(_NEXT_STEPS)


def _serve(mentors: int, seed: int, *, alone: bool) -> None:
    """Open the console. `alone`: no other option says what else to do."""
    if not alone:
        raise BadArgument("--serve needs the sandbox, and people who read", hint="Leave out the other options.")
    if settings().database_url is not None:
        raise BadArgument(
            "--serve sets the clock of its database back",
            hint="Unset REKINDLE_DATABASE_URL: it starts a temporary one.",
        )
    with ExitStack() as stack:
        url = _database(stack, _say_lines)
        sandbox = stack.enter_context(Sandbox())
        asyncio.run(demo_served.serve_demo(url, sandbox, mentors, seed, _say_lines))


def _nothing(_: object) -> None:
    pass


def _say_lines(text: str) -> None:
    for line in text.split("\n"):
        say(line)


def _database(stack: ExitStack, tell: Callable[[str], None]) -> str:
    """The address of the environment's database, else of one that runs until the stack ends."""
    environment = settings()
    if environment.database_url is not None:
        return database_url(environment)
    server = stack.enter_context(EmbeddedPostgres())
    tell("Started a temporary Postgres; it stops when this command ends.")
    return server.url


async def _two_cycles(
    url: str,
    sandbox: Sandbox | None,
    mentors: int,
    seed: int,
    tell: Callable[[str], None],
    show: Callable[[Report], None],
) -> tuple[list[Report], list[str], UUID | None]:
    """The reports, where they disagree, and the person who was shown."""
    await make_programme(url, mentors, seed)
    tell(f"Made a programme of {mentors:,} mentors (seed {seed}).")
    environment = Settings.model_validate({"REKINDLE_DATABASE_URL": url})
    if sandbox is None:
        dispatcher = LogDispatcher()
    else:
        # Imported here, so that no other command loads the HTTP client and google-auth.
        from rekindle.dispatchers.fcm.dispatcher import FcmDispatcher

        dispatcher = FcmDispatcher(sandbox.credentials, url=sandbox.url, ca=sandbox.ca)
    reports: list[Report] = []
    async with Engine.open(environment, _config(), dispatcher=dispatcher) as engine:
        await engine.apply()
        met = await _meet_one_person(engine, tell)
        for cycle, explanation in _CYCLES.items():
            # Nearly half of the mentors are due in the first cycle: the guard needs --confirm.
            confirmed = 0 if reports else mentors
            tell(f"\n{cycle} cycle{f', with --confirm {mentors} since it reaches many at once' if confirmed else ''}:")
            tell(explanation)
            report = await engine.run(budget_seconds=max(30.0, mentors / 500), confirmed=confirmed)
            reports.append(report)
            show(report)
        recorded = await engine.deliveries()
    messages = None if sandbox is None else await asyncio.to_thread(sandbox.messages)
    return reports, disagreements(reports, recorded, messages), met


async def _meet_one_person(engine: Engine, tell: Callable[[str], None]) -> UUID | None:
    """Show one person that the first cycle would reach, and the push that they would read. None:
    there is no such person."""
    async with aclosing(engine.plan(scenarios=["inactivity"])) as steps:
        async for step in steps:
            if isinstance(step, Candidate) and step.refusal is None and step.locale == "en":
                break
        else:
            return None
    [push] = await engine.show(step.user_id, scenarios=["inactivity"])
    place = Place(step.organisation_id)
    where = (await places(engine, [place])).place(place)
    tell(f"\nOne of them is {step.user_id} in {where}.")
    tell(f"This person is due because of {step.occurrence}.")
    tell(f"The push to {len(step.devices)} device(s) of this person:")
    tell(f"  {push.title}\n  {push.body}")
    return step.user_id


def disagreements(
    reports: list[Report], recorded: list[tuple[UUID, str]], messages: list[dict[str, Any]] | None
) -> list[str]:
    """List where the two cycles, the ledger's deliveries (claim, provider name) and the sandbox's
    messages differ.

    The list is empty if every accepted push has one record, nobody got a push twice, and the second
    cycle sent nothing.
    """
    found: list[str] = []
    first, second = reports
    for report, number in ((first, "first"), (second, "second")):
        if report.exit_code:
            found.append(f"the {number} cycle ended {report.status}")
    again = sum(one.pushes for one in second.scenarios)
    if again:
        found.append(f"the second cycle sent {again} pushes")
    sent = sum(one.pushes for one in first.scenarios)
    if sent != len(recorded):
        found.append(f"the report says {sent} pushes, the ledger {len(recorded)}")
    if messages is not None:
        accepted = Counter(str(message["name"]) for message in messages)
        ledger = Counter(name for _, name in recorded)
        if unrecorded := (accepted - ledger).total():
            found.append(f"{unrecorded} accepted pushes have no record")
        if invented := (ledger - accepted).total():
            found.append(f"{invented} records have no accepted push")
        targets = Counter((message["target"], message["message"]["data"]["scenario_type"]) for message in messages)
        twice = sum(1 for count in targets.values() if count > 1)
        if twice:
            found.append(f"{twice} devices got the same scenario twice")
    return found


def _config() -> Config:
    """The configuration that `rekindle init` writes."""
    template = resources.files("rekindle.sample").joinpath("templates", "rekindle.toml")
    with resources.as_file(template) as path:
        return load_config(path)


@async_command
async def sandbox(
    port: Annotated[
        int, typer.Option(min=0, max=65_535, metavar="N", help="Port to listen on; 0 takes any free one.")
    ] = 0,
    credentials: Annotated[Path, typer.Option(metavar="PATH", help="Service-account file to write.")] = Path(
        "sandbox.credentials.json"
    ),
    log: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Append every accepted message to this file.")
    ] = None,
) -> None:
    """Serve a local FCM that keeps the messages it accepts.

    It speaks FCM HTTP v1 on 127.0.0.1 and rejects what FCM rejects.
    """

    def ready(url: str) -> None:
        say(f"The sandbox is at {url}. To send to it:")
        say(f"export REKINDLE_FCM_URL={url}")
        say(f"export REKINDLE_FCM_CA={credentials}.ca.pem")
        say(f"export GOOGLE_APPLICATION_CREDENTIALS={credentials}")

    await serve(port, credentials, log, on_ready=ready, stop=stop_on_signals())
