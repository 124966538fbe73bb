"""Which receivers are told how scheduled runs do: the table [alert]."""

from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from rekindle.scenario.reach import Strict

MAX_URL = 2_048


class AlertConfig(Strict):
    """Where to tell that scheduled runs do well, and where that one failed. An address may have a
    secret in its path, so it is in no repr and in no error."""

    allow_private: bool = False
    heartbeat_url: SecretStr | None = Field(default=None)
    webhook_url: SecretStr | None = Field(default=None)

    @field_validator("heartbeat_url", "webhook_url")
    @classmethod
    def _addresses(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        private = bool(info.data.get("allow_private", True))  # missing: it has a mistake that is reported
        mistake = None if value is None else url_mistake(value.get_secret_value(), allow_private=private)
        if mistake is not None:
            raise ValueError(mistake)
        return value


def url_mistake(url: str, *, allow_private: bool) -> str | None:
    """What is wrong with the text of an address, without quoting it; None: nothing."""
    if not 0 < len(url) <= MAX_URL or any(not "!" <= letter <= "~" or letter == "\\" for letter in url):
        return f"must be an address of at most {MAX_URL:,} printable ASCII characters, without spaces or \\"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "cannot be read as an address"
    if parts.scheme != "https" or not host:
        return "must begin with https:// and the name of a host"
    if "@" in parts.netloc:
        return "may not have a user name or a password"
    if "#" in url:
        return "may not have a #"
    if port not in (None, 443) and not allow_private:
        return "may not name a port other than 443, unless allow_private is true"
    return None
