"""The world that `demo --keep` leaves: how another terminal reaches it, until this command ends."""

import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import UUID

from rekindle.cli.options import stop_on_signals
from rekindle.sample import write_init_files
from rekindle.sandbox import Sandbox
from rekindle.scratch import Scratch

_STEPS = """
The demo keeps running. In another terminal:
  . {environment}
  rekindle plan
  rekindle plan --show {user}
  rekindle explain {user}
  rekindle runs
  rekindle send --user {user} --scenario inactivity --test
Edit {config}, then:
  rekindle plan --changes
Ctrl-C here, or the end of this terminal, stops Postgres and the sandbox and removes everything."""


async def keep(url: str, sandbox: Sandbox, met: UUID | None, tell: Callable[[str], None]) -> None:
    """Keep what runs until a signal. Meanwhile a private folder has the configuration of the demo,
    and a file that sets the environment of a shell."""
    stop = stop_on_signals()
    with Scratch("rekindle-demo") as folder:
        config, _ = write_init_files(folder.path)
        environment = folder.path / "env"
        environment.touch(mode=0o600)  # it has the password of the temporary Postgres
        environment.write_text(_exports(url, sandbox, config), encoding="utf-8")
        tell(_STEPS.format(environment=environment, config=config, user=met or "USER"))
        await stop.wait()
    tell("Stopped.")


def _exports(url: str, sandbox: Sandbox, config: Path) -> str:
    """The lines of a shell that lead its commands into the kept world."""
    variables: Mapping[str, object] = {
        "REKINDLE_DATABASE_URL": url,
        "REKINDLE_CONFIG": config,
        "REKINDLE_FCM_URL": sandbox.url,
        "REKINDLE_FCM_CA": sandbox.ca,
        "GOOGLE_APPLICATION_CREDENTIALS": sandbox.credentials,
    }
    lines = [f"export {name}={shlex.quote(str(value))}" for name, value in variables.items()]
    return "\n".join([*lines, f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"', ""])
