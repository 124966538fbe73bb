"""The settings from the environment: where the database and the configuration are, and the keys of
the API.

The variables of a dispatcher belong to its package in `rekindle.dispatchers`.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from rekindle.errors import BadArgument

_AROUND = " \t\r\n\v\f\ufeff\u200b"  # blanks, and the invisible characters that come with a copied text


class Environment(BaseSettings):
    """Settings of the process's environment, read once. A value given by name overrides it.

    Space and one pair of quotes around a value are removed, and then an empty value counts as not
    set. No value is in a repr or in the text of an error.

    Raises:
        BadArgument: the value of a variable is not UTF-8.
    """

    model_config = SettingsConfigDict(extra="ignore", frozen=True, populate_by_name=True, hide_input_in_errors=True)

    @classmethod
    def variables(cls) -> tuple[str, ...]:
        """The names of all variables that this class reads."""
        return tuple(name for field in cls.model_fields.values() for name in _names(field))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """See pydantic-settings."""
        return init_settings, _Variables(settings_cls)

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        return []


class Settings(Environment):
    """The settings that every command has."""

    database_url: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("REKINDLE_DATABASE_URL", "DATABASE_URL")
    )
    config: Path = Field(default=Path("rekindle.toml"), validation_alias="REKINDLE_CONFIG")
    installation: str | None = Field(default=None, validation_alias="REKINDLE_INSTALLATION")
    api_key: SecretStr | None = Field(default=None, validation_alias="REKINDLE_API_KEY")
    api_key_next: SecretStr | None = Field(default=None, validation_alias="REKINDLE_API_KEY_NEXT")
    console_secret: SecretStr | None = Field(default=None, validation_alias="REKINDLE_CONSOLE_SECRET")
    sign_in_secret: SecretStr | None = Field(default=None, validation_alias="REKINDLE_SIGN_IN_SECRET")
    metrics_port: str | None = Field(default=None, validation_alias="REKINDLE_METRICS_PORT")
    metrics_host: str | None = Field(default=None, validation_alias="REKINDLE_METRICS_HOST")
    log_level: str = Field(default="warning", validation_alias="REKINDLE_LOG_LEVEL")


class TraceSettings(Environment):
    """The variables of OpenTelemetry that say whether a command sends traces. The exporter reads
    others by itself."""

    endpoint: str | None = Field(
        default=None, validation_alias=AliasChoices("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    )
    protocol: str | None = Field(
        default=None, validation_alias=AliasChoices("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
    )
    exporter: str | None = Field(default=None, validation_alias="OTEL_TRACES_EXPORTER")
    disabled: str | None = Field(default=None, validation_alias="OTEL_SDK_DISABLED")


class _Variables(PydanticBaseSettingsSource):
    """Reads the variables of the fields. Of a field's names, the first that is set counts."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        names = _names(field)
        values = (_value(name) for name in names)
        return next((value for value in values if value), None), names[0], False  # mutant: empty-is-not-set

    def __call__(self) -> dict[str, Any]:
        found = [self.get_field_value(field, name) for name, field in self.settings_cls.model_fields.items()]
        return {name: value for value, name, _ in found if value is not None}


def _names(field: FieldInfo) -> Sequence[str]:
    alias = field.validation_alias
    return [str(name) for name in alias.choices] if isinstance(alias, AliasChoices) else [str(alias)]


def _value(name: str) -> str:
    value = os.environ.get(name, "").strip(_AROUND)
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1].strip(_AROUND)
    if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise BadArgument(f"{name} is not UTF-8", hint="Set it again.")
    return value
