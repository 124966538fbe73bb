"""The text that the recipient reads, in every language, and the data that the app gets with it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from pydantic import Field, field_validator, model_validator

from rekindle.errors import TemplateInvalid
from rekindle.model import Options
from rekindle.render import (
    LOCALE,
    Need,
    categories,
    closest,
    currencies,
    host_is_fixed,
    is_currency,
    known,
    language,
    not_plain,
    parse,
    plurals,
)
from rekindle.scenario.platforms import Android, Apns, Webpush, options, shown
from rekindle.scenario.reach import Strict

_RESERVED = re.compile(r"(from|message_type|gcm|claim_id|idempotency_key|scenario_type|rekindle_test)$|google|gcm\.")
_OF_AN_APP = re.compile(r"(?!(?:https?|javascript|data|vbscript|file|blob|about|content|intent):)[a-z][a-z0-9+.-]*://")
_LABEL = re.compile(r"[A-Za-z0-9_.~%-]{1,50}", re.ASCII)
TEXTS = frozenset({"title", "body", "subtitle"})
"""What a push that is data only carries among its data."""


@dataclass(frozen=True, slots=True)
class Variable:
    """What is known of a variable before anybody is due: what it can be used as; its longest value
    in bytes (None: the data decides); and whether it is `for_programs`: a boolean, a list or an
    object, which people would read as JSON."""

    fit_for: frozenset[Need] = frozenset()
    longest: int | None = None
    for_programs: bool = False


NUMBER: frozenset[Need] = frozenset({"number"})
DATE: frozenset[Need] = frozenset({"date"})
INSTANT: frozenset[Need] = frozenset({"date", "time"})


class Text(Strict):
    """The text that the recipient reads, for one locale: a title and a body; on iOS also a
    subtitle."""

    title: str = Field(min_length=1)
    body: str = Field(min_length=1)
    subtitle: str | None = Field(default=None, min_length=1)

    @field_validator("title", "body", "subtitle")
    @classmethod
    def _can_be_read(cls, value: str | None) -> str | None:
        if value is not None:
            _parsed(value)
        return value

    def parts(self) -> dict[str, str]:
        """The parts that the text has, by their names."""
        parts = {"title": self.title, "body": self.body, "subtitle": self.subtitle}
        return {name: part for name, part in parts.items() if part is not None}


class Texts(Strict):
    """A scenario's texts, and how each platform shows them."""

    link: str | None = None
    image: str | None = None
    data: dict[str, str] = Field(default_factory=dict)
    data_only: bool = False
    analytics_label: str | None = None
    default_locale: str = "en"
    message: dict[str, Text] = Field(min_length=1)
    android: Android | None = None
    apns: Apns | None = None
    webpush: Webpush | None = None

    @field_validator("data")
    @classmethod
    def _data_keys(cls, value: dict[str, str]) -> dict[str, str]:
        for key, text in value.items():
            if not key or _RESERVED.match(key):
                raise ValueError(f"the data key {key!r} is reserved by FCM or by Rekindle")
            try:
                _parsed(text, plain=True)
                if text.startswith(("http://", "https://")):
                    _host_is_fixed(text)
            except ValueError as error:
                raise ValueError(f"data.{key}: {error}") from None
        return value

    @field_validator("link")
    @classmethod
    def _link_leads_to_a_page(cls, value: str | None) -> str | None:
        if value is not None:
            if not value.startswith("https://") and _OF_AN_APP.match(value) is None:
                raise ValueError("a link starts with https://, or with the scheme of your app, such as myapp://")
            _address(value)
        return value

    @field_validator("image")
    @classmethod
    def _image_is_https(cls, value: str | None) -> str | None:
        return value if value is None else _https(value, "the address of an image")

    @field_validator("analytics_label")
    @classmethod
    def _label_is_valid(cls, value: str | None) -> str | None:
        if value is not None and _LABEL.fullmatch(value) is None:
            raise ValueError("a label has 1 to 50 of the characters A-Z a-z 0-9 - _ . ~ %")
        return value

    @field_validator("webpush")
    @classmethod
    def _browsers_open_https(cls, value: Webpush | None) -> Webpush | None:
        if value is not None and value.link is not None:
            _https(value.link, "link: what a browser opens")
        return value

    @field_validator("message")
    @classmethod
    def _locales(cls, value: dict[str, Text]) -> dict[str, Text]:
        check_locales(value)
        return value

    @field_validator("android", "apns", "webpush")
    @classmethod
    def _says_something(cls, value: Android | Apns | Webpush | None) -> Android | Apns | Webpush | None:
        return None if value is not None and value == type(value)() else value

    @model_validator(mode="after")
    def _default_text_exists(self) -> Self:
        if self.default_locale not in self.message:
            raise ValueError(f"message.{self.default_locale} is missing; it is the text for every other locale")
        return self

    @model_validator(mode="after")
    def _browsers_get_a_link(self) -> Self:
        if self.webpush is not None and self.webpush.link is None and self._of_an_app:
            raise ValueError(
                "link: a browser opens only https:// links. Set webpush.link to the page that it should open"
            )
        return self

    @model_validator(mode="after")
    def _data_only_shows_nothing(self) -> Self:
        if self.data_only:
            shows = [*shown(self.android, self.apns, self.webpush), *(["image"] if self.image else [])]
            if shows:
                raise ValueError(f"data_only: no platform shows such a push, so leave out {', '.join(sorted(shows))}")
            if taken := sorted(self.data.keys() & TEXTS):
                raise ValueError(f"data_only: the data has {', '.join(taken)} already; the texts are sent as those")
        return self

    @property
    def _of_an_app(self) -> bool:
        return self.link is not None and not self.link.startswith("https://")

    def options(self) -> Options:
        """How each platform shows it, as a message carries it."""
        return options(
            self.android,
            self.apns,
            self.webpush,
            data_only=self.data_only,
            analytics_label=self.analytics_label,
        )

    @property
    def web_link(self) -> str | None:
        """The page that a browser opens, as a text."""
        if self.webpush is not None and self.webpush.link is not None:
            return self.webpush.link
        return None if self._of_an_app else self.link

    def shared(self) -> dict[str, str]:
        """The texts that are the same in every language, by their place in the file."""
        addresses = {"link": self.link, "image": self.image, "webpush.link": self.webpush and self.webpush.link}
        data = {f"data.{key}": text for key, text in self.data.items()}
        return data | {place: text for place, text in addresses.items() if text is not None}

    def templates(self) -> dict[str, str]:
        """Every text of the scenario, by its place in the file."""
        texts = self.shared()
        for locale, text in self.message.items():
            texts |= {f"message.{locale}.{name}": part for name, part in text.parts().items()}
        return texts

    def locale_for(self, locale: str | None) -> str:
        """The locale of the text that a person reads: the closest to theirs
        (`rekindle.render.closest`), or the default."""
        return closest(locale, self.message) or self.default_locale

    def text_for(self, locale: str | None) -> Text:
        """The text for a locale; see `locale_for`."""
        return self.message[self.locale_for(locale)]


def check_locales(message: Mapping[str, Text]) -> None:
    """Check the texts of all languages.

    Raises:
        ValueError: a language is unknown or named twice, or a text does not fit its language.
    """
    problems = [problem for locale, text in message.items() for problem in _problems(locale, text)]
    if len({_canonical(locale) for locale in message}) != len(message):
        problems.append("two texts have the same locale")
    if problems:
        raise ValueError("; ".join(problems))


def _https(text: str, what: str) -> str:
    if not text.startswith("https://"):
        raise ValueError(f"{what} starts with https://")
    _address(text)
    return text


def _address(text: str) -> None:
    """Check the address of a page, of which values may fill in all but the host.

    Raises:
        ValueError: it cannot be parsed, or a value would choose its host.
    """
    _parsed(text, plain=True)
    _host_is_fixed(text)


def _host_is_fixed(address: str) -> None:
    """Check that no value chooses where an address leads.

    Raises:
        ValueError: there is no host, or a field in it.
    """
    if not host_is_fixed(address):
        raise ValueError(
            "an address names its host without a field, and fields follow after a slash, as in https://example.org/{id}"
        )


def _canonical(locale: str) -> str:
    """The name under which two spellings of a locale are the same: `iw` and `he`, `zh-TW` and
    `zh-Hant-TW`."""
    found = language(locale)
    return locale if found is None else found.name


def _problems(locale: str, text: Text) -> Iterator[str]:
    """The mistakes of a text in its language."""
    if LOCALE.fullmatch(locale) is None or known(locale) is None:
        yield f"{locale[:40]!r} is not a locale that CLDR has, such as en or nb-NO"
        return
    for name, part in text.parts().items():
        for code in currencies(part):
            if not is_currency(code):
                yield f"{locale}.{name}: {code} is not a currency that CLDR has, such as NOK or EUR"
        for plural in plurals(part):
            has = categories(locale, ordinal=plural.ordinal)
            if wrong := [form for form, _ in plural.forms if form not in has]:
                yield (
                    f"{locale}.{name}: in {locale} the plural of {plural.name} has no form {', '.join(wrong)}; "
                    f"its forms are {', '.join(sorted(has))}"
                )


def _parsed(text: str, *, plain: bool = False) -> None:
    """Check that a text can be parsed. Programs read a `plain` text: it has no language, so it has
    only plain fields.

    Raises:
        ValueError: it cannot be parsed, or is not plain.
    """
    try:
        parse(text)
    except TemplateInvalid as error:
        raise ValueError(f"{error.message}. {error.hint}".strip()) from None
    if plain and (wrong := not_plain(text)):
        raise ValueError(f"{', '.join(wrong)} must be a plain field here: only messages have forms, dates and numbers")
