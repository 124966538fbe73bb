"""The function push-notification-dispatcher under Deno, with an FCM behind it."""

from pathlib import Path

from contract.fcm_server import Server, certificates, service_account
from edge.deno import Function
from rekindle.sandbox import Sandbox

NAME = "push-notification-dispatcher"
KEY = "sb_secret_canarykey"


def before_sandbox(fcm: Sandbox, *, keys: dict[str, str] | None = None, port: int = 0) -> Function:
    """The function in front of the sandbox; `keys` are the variables that say which keys it
    takes."""
    environment = {"FCM_URL": fcm.url, "FCM_SERVICE_ACCOUNT": fcm.credentials.read_text()}
    return Function(NAME, environment | (keys or {"SUPABASE_SECRET_KEY": KEY}), ca=fcm.ca, port=port)


def before_server(server: Server, **environment: str) -> Function:
    """The function in front of a server under the test's control, which is also Google's token
    endpoint."""
    usual = {
        "FCM_URL": server.url,
        "FCM_SERVICE_ACCOUNT": service_account(server).read_text(),
        "SUPABASE_SECRET_KEY": KEY,
    }
    return Function(NAME, usual | environment, ca=certificates(Path(server.folder)) / "ca.pem")
