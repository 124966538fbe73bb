"""FCM's part of the configuration and of the environment."""

from pathlib import Path

from pydantic import Field

from rekindle.dispatchers.kind import DispatcherKind, DispatcherSettings
from rekindle.ports import Dispatcher

FCM_URL = "https://fcm.googleapis.com"


class FcmSettings(DispatcherSettings):
    """Which credentials and project to use, and FCM's address."""

    credentials: Path | None = Field(default=None, validation_alias="GOOGLE_APPLICATION_CREDENTIALS")
    project: str | None = Field(default=None, validation_alias="GOOGLE_CLOUD_PROJECT")
    url: str = Field(default=FCM_URL, validation_alias="REKINDLE_FCM_URL")
    ca: Path | None = Field(default=None, validation_alias="REKINDLE_FCM_CA")


class FcmConfig(DispatcherKind):
    """Sends through FCM from this process, with one request per message."""

    kind: str = "fcm"
    settings = FcmSettings

    def build(self) -> Dispatcher:
        """See `DispatcherKind.build`."""
        from rekindle.dispatchers.fcm.dispatcher import FcmDispatcher

        settings = FcmSettings()
        return FcmDispatcher(settings.credentials, project=settings.project, url=settings.url, ca=settings.ca)
