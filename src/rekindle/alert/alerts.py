"""Tells of alerts through a signed webhook, and of good runs through a heartbeat."""

import asyncio
import hashlib
import hmac
import json
import re
import time
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import SecretStr

from rekindle.alert.receiver import Receiver
from rekindle.alert.settings import AlertSettings
from rekindle.errors import AlertFailed, BadArgument
from rekindle.log import log
from rekindle.ports import Alert, Alerts
from rekindle.scenario.alert import AlertConfig, url_mistake

SIGNATURE = "Rekindle-Signature"
_SECRET = re.compile(r"[\x21-\x7e]{32,512}")


@dataclass(frozen=True, slots=True)
class Sender:
    """This process, as alerts name it: its host and the version of Rekindle."""

    host: str
    release: str


class HttpAlerts(Alerts):
    """The heartbeat and the webhook; each may be missing. Safe for concurrent calls."""

    def __init__(
        self, sender: Sender, *, heartbeat: Receiver | None, webhook: Receiver | None, secret: SecretStr | None
    ) -> None:
        self._sender = sender
        self._heartbeat = heartbeat
        self._webhook = webhook
        self._secret = b"" if secret is None else secret.get_secret_value().encode()

    @classmethod
    def of(cls, config: AlertConfig, settings: AlertSettings, sender: Sender) -> "HttpAlerts":
        """What the configuration and the environment say. Connects to nothing.

        Raises:
            BadArgument: a variable has a value that is not valid, or the secret is missing.
        """
        private = config.allow_private
        heartbeat = _url("REKINDLE_ALERT_HEARTBEAT_URL", settings.heartbeat_url, config.heartbeat_url, private)
        webhook = _url("REKINDLE_ALERT_WEBHOOK_URL", settings.webhook_url, config.webhook_url, private)
        if webhook is not None and settings.secret is None:
            raise BadArgument(
                "the webhook of [alert] needs REKINDLE_ALERT_SECRET, which signs what it gets",
                hint="Make one with `openssl rand -hex 32`, and give it to the receiver too.",
            )
        if settings.secret is not None and _SECRET.fullmatch(settings.secret.get_secret_value()) is None:
            raise BadArgument(
                "REKINDLE_ALERT_SECRET needs 32 to 512 printable ASCII characters without spaces",
                hint="Make one with `openssl rand -hex 32`.",
            )
        return cls(
            sender,
            heartbeat=None if heartbeat is None else Receiver("heartbeat", heartbeat, private),
            webhook=None if webhook is None else Receiver("webhook", webhook, private),
            secret=settings.secret,
        )

    @property
    def tells(self) -> bool:
        return self._webhook is not None

    async def tell(self, alerts: Sequence[Alert]) -> None:
        if self._webhook is not None:
            await asyncio.gather(*(self._post(self._webhook, one) for one in alerts))

    async def beat(self) -> None:
        if self._heartbeat is not None:
            await _logged("heartbeat", "heartbeat", self._heartbeat.send())

    async def resolved(self) -> Mapping[str, AlertFailed | None]:
        """Whether the name of each receiver that is configured can be looked up and is allowed: by
        its name, the fault or None. Sends nothing."""
        found: dict[str, AlertFailed | None] = {}
        for one in filter(None, (self._heartbeat, self._webhook)):
            try:
                await one.resolve()
                found[one.name] = None
            except AlertFailed as fault:
                found[one.name] = fault
        return found

    async def _post(self, webhook: Receiver, alert: Alert) -> None:
        content = document(alert, self._sender, now=datetime.now(UTC))
        headers = {"content-type": "application/json", SIGNATURE: signature(self._secret, content, at=int(time.time()))}
        await _logged("webhook", alert.event, webhook.send(content, headers))


def document(alert: Alert, sender: Sender, *, now: datetime) -> bytes:
    """The body of the webhook: one JSON object in UTF-8."""
    about = f"{', '.join(alert.scenarios)}."
    fields = {
        "event": alert.event,
        "at": _instant(now),
        "host": sender.host,
        "release": sender.release,
        "scenarios": list(alert.scenarios),
        "due_at": _instant(alert.due_at),
        "tick": alert.tick,
        "run_id": None if alert.run_id is None else str(alert.run_id),
        "attempt": alert.attempt,
        "status": alert.status,
        "code": alert.code,
        "hint": alert.hint,
        "text": " ".join(filter(None, (f"Rekindle: {alert.event}: {about}", alert.code, alert.hint))),
    }
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def signature(secret: bytes, content: bytes, *, at: int) -> str:
    """The value of the header: the second since 1970 at which it was made, and the HMAC-SHA256 of
    that number, a full stop and the content, in lower-case hex."""
    signed = hmac.new(secret, b"%d." % at + content, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


async def _logged(receiver: str, what: str, sending: Awaitable[None]) -> None:
    try:
        await sending
    except AlertFailed as fault:
        log.error("alert.failed", to=receiver, alert=what, code=fault.code, error=fault.message, hint=fault.hint)
    else:
        log.info("alert.sent", to=receiver, alert=what)


def _url(variable: str, given: SecretStr | None, configured: SecretStr | None, allow_private: bool) -> str | None:
    if given is None:
        return None if configured is None else configured.get_secret_value()
    mistake = url_mistake(given.get_secret_value(), allow_private=allow_private)
    if mistake is not None:
        raise BadArgument(f"{variable} {mistake}", hint="Set it again.")
    return given.get_secret_value()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
