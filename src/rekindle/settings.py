"""The settings from the environment: where the database and the configuration are, and the keys of
the API.

The variables of a dispatcher belong to its package in `rekindle.dispatchers`.
"""

from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The process's environment, read once at start. A value given by name overrides it. Secrets
    print as asterisks."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    database_url: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("REKINDLE_DATABASE_URL", "DATABASE_URL")
    )
    config: Path = Field(default=Path("rekindle.toml"), validation_alias="REKINDLE_CONFIG")
    api_key: SecretStr | None = Field(default=None, validation_alias="REKINDLE_API_KEY")
    api_key_next: SecretStr | None = Field(default=None, validation_alias="REKINDLE_API_KEY_NEXT")
