"""The environment's part of [alert]."""

from pydantic import Field, SecretStr

from rekindle.settings import Environment


class AlertSettings(Environment):
    """The secret that signs alerts, and the addresses, which then count instead of the file's."""

    heartbeat_url: SecretStr | None = Field(default=None, validation_alias="REKINDLE_ALERT_HEARTBEAT_URL")
    webhook_url: SecretStr | None = Field(default=None, validation_alias="REKINDLE_ALERT_WEBHOOK_URL")
    secret: SecretStr | None = Field(default=None, validation_alias="REKINDLE_ALERT_SECRET")
