"""What the environment says: where the database is, where the configuration is, whose credentials to use."""

from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

FCM_URL = "https://fcm.googleapis.com"


class Settings(BaseSettings):
    """The process's environment, read once at start. Secrets print as asterisks."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    database_url: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("REKINDLE_DATABASE_URL", "DATABASE_URL")
    )
    config: Path = Field(default=Path("rekindle.toml"), validation_alias="REKINDLE_CONFIG")
    google_credentials: Path | None = Field(default=None, validation_alias="GOOGLE_APPLICATION_CREDENTIALS")
    fcm_url: str = Field(default=FCM_URL, validation_alias="REKINDLE_FCM_URL")
    fcm_ca: Path | None = Field(default=None, validation_alias="REKINDLE_FCM_CA")
    api_key: SecretStr | None = Field(default=None, validation_alias="REKINDLE_API_KEY")
    api_key_next: SecretStr | None = Field(default=None, validation_alias="REKINDLE_API_KEY_NEXT")
    supabase_url: str | None = Field(default=None, validation_alias="SUPABASE_URL")
    supabase_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY")
    )
