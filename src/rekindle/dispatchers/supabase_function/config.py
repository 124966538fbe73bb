"""The Edge Function's part of the configuration and of the environment."""

from pydantic import AliasChoices, Field, SecretStr

from rekindle.dispatchers.kind import DispatcherKind, DispatcherSettings
from rekindle.ports import Dispatcher


class SupabaseSettings(DispatcherSettings):
    """The project's address and one of its keys."""

    url: str | None = Field(default=None, validation_alias="SUPABASE_URL")
    key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY")
    )


class SupabaseFunctionConfig(DispatcherKind):
    """Sends through an Edge Function of a Supabase project, many messages per request."""

    kind: str = "supabase-function"
    settings = SupabaseSettings
    function: str = Field(default="push-notification-dispatcher", pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$")
    batch: int = Field(default=50, ge=1, le=100)

    @property
    def ready(self) -> str:
        """See `DispatcherKind.ready`."""
        return f"{super().ready}: {self.function} answers, accepts our key and has a Google token"

    def build(self) -> Dispatcher:
        """See `DispatcherKind.build`."""
        from rekindle.dispatchers.supabase_function.dispatcher import SupabaseFunctionDispatcher

        settings = SupabaseSettings()
        key = None if settings.key is None else settings.key.get_secret_value()
        return SupabaseFunctionDispatcher(settings.url, key, function=self.function, batch=self.batch)
