"""Plural forms and dates as CLDR has them for each language, and an error that names a value
that is not a number or a date."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from babel.core import Locale

from rekindle.render import MissingVariable, WrongValue, at_least, at_most, categories, known, render, usual_categories

# The examples that CLDR publishes with its rules.
PUBLISHED: dict[str, dict[str, list[Any]]] = {
    "en": {"one": [1], "other": [0, 2, 3, 11, 21, 100, 1_000_000, 0.5, 1.5]},
    "nb": {"one": [1], "other": [0, 2, 3, 11, 21, 100, 1_000_000, 0.5, 1.5]},
    "pl": {
        "one": [1],
        "few": [2, 3, 4, 22, 23, 24, 32, 102, 1_002],
        "many": [0, 5, 11, 12, 13, 14, 19, 25, 100, 112, 1_000_000],
        "other": [0.5, 1.5, 10.1],
    },
    "ar": {
        "zero": [0],
        "one": [1],
        "two": [2],
        "few": [3, 4, 10, 103, 110, 1_003],
        "many": [11, 26, 99, 111, 1_011],
        "other": [100, 101, 102, 200, 1_000_000, 0.1, 1.5],
    },
    "ja": {"other": [0, 1, 2, 5, 15, 100, 1_000_000, 0.5]},
}


def named(locale: str) -> str:
    """A text that shows which form it took."""
    forms = " ".join(f"{form} {{{form}}}" for form in sorted(categories(locale)))
    return f"{{n, plural, {forms}}}"


@pytest.mark.parametrize("locale", PUBLISHED)
def test_each_number_takes_the_form_that_cldr_publishes_for_it(locale: str) -> None:
    assert categories(locale) == PUBLISHED[locale].keys()
    for form, numbers in PUBLISHED[locale].items():
        for number in numbers:
            assert render(named(locale), {"n": number}, locale) == form, number


def test_the_usual_categories_are_those_of_whole_numbers_that_people_meet() -> None:
    usual = {name: set(usual_categories(name)) for name in ("en", "fr", "pl", "lt", "ar", "ja")}
    assert usual == {
        "en": {"one", "other"},
        "fr": {"one", "other"},
        "pl": {"one", "few", "many"},
        "lt": {"one", "few", "other"},
        "ar": {"zero", "one", "two", "few", "many", "other"},
        "ja": {"other"},
    }


@pytest.mark.parametrize("locale", ["en", "nb", "pl", "ar", "ja", "fr", "ru", "cy", "lt", "pt-BR", "zh_TW"])
def test_whole_and_decimal_numbers_take_the_form_of_babels_rules(locale: str) -> None:
    rule = Locale.parse(locale.replace("-", "_")).plural_form
    for thousandth in [*range(0, 3_000, 100), *range(0, 250_000, 1_000), 10**9]:
        number = thousandth // 1_000 if thousandth % 1_000 == 0 else thousandth / 1_000
        shown = number if isinstance(number, int) else Decimal(str(number))
        assert render(named(locale), {"n": number}, locale) == rule(shown)


def test_a_form_for_exactly_this_number_comes_before_its_category() -> None:
    text = "{n, plural, =0 {today} =1 {tomorrow} one {in # day} other {in # days}}"
    assert [render(text, {"n": n}) for n in (0, 1, 2, 1.0, -1)] == [
        "today", "tomorrow", "in 2 days", "tomorrow", "in -1 day",
    ]  # fmt: skip


def test_a_category_without_a_form_takes_other() -> None:
    assert render("{n, plural, one {#} other {# -}}", {"n": 3}, "pl") == "3 -"


@pytest.mark.parametrize(
    ("locale", "text"),
    [("en", "12,345.5"), ("nb", "12\u00a0345,5"), ("de-CH", "12’345.5"), ("pl", "12\u00a0345,5"), ("ja", "12,345.5")],
)
def test_the_number_of_a_plural_has_the_separators_of_the_language(locale: str, text: str) -> None:
    assert render("{n, plural, other {#}}", {"n": 12_345.5}, locale) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (0.1 + 0.2, "0.3"),
        (1.0004, "1"),
        (2.00051, "2.001"),
        (10**15, "1" + ",000" * 5),
    ],
)
def test_a_number_is_shown_with_at_most_three_decimals(number: float, text: str) -> None:
    assert render("{n, plural, one {# one} other {#}}", {"n": number}).removesuffix(" one") == text


def test_the_form_follows_the_number_as_it_is_shown() -> None:
    assert render("{n, plural, one {# day} other {# days}}", {"n": 1.0001}) == "1 day"


@pytest.mark.parametrize(
    ("locale", "texts"),
    [
        ("en", ["9/20/26", "Sep 20, 2026", "September 20, 2026", "Sunday, September 20, 2026"]),
        ("en-GB", ["20/09/2026", "20 Sept 2026", "20 September 2026", "Sunday, 20 September 2026"]),
        ("nb", ["20.09.2026", "20. sep. 2026", "20. september 2026", "søndag 20. september 2026"]),
        ("pl", ["20.09.2026", "20 wrz 2026", "20 września 2026", "niedziela, 20 września 2026"]),
        ("ja", ["2026/09/20", "2026/09/20", "2026年9月20日", "2026年9月20日日曜日"]),
    ],
)
def test_a_date_is_written_as_the_language_writes_it(locale: str, texts: list[str]) -> None:
    for length, text in zip(("short", "medium", "long", "full"), texts, strict=True):
        assert render(f"{{d, date, {length}}}", {"d": "2026-09-20"}, locale) == text
    assert render("{d, date}", {"d": "2026-09-20"}, locale) == texts[1]
    assert render("{d}", {"d": "2026-09-20"}, locale) == "2026-09-20"


@pytest.mark.parametrize(
    "value",
    ["7", "", "x", True, False, [], {}, [1], 10**15 + 1, -(10**15) - 1, 10**400, 1e16, float("nan"), float("inf"),
     "2026-01-31", Decimal(10**15 + 1)],
)  # fmt: skip
def test_a_plural_of_a_value_that_is_not_a_number_names_the_variable(value: Any) -> None:
    for text in ("{n, plural, other {}}", "{n, plural, =1 {#} other {#}}"):
        with pytest.raises(WrongValue) as caught:
            render(text, {"n": value})
        assert (str(caught.value), caught.value.reason) == ("n", "wrong_value")


@pytest.mark.parametrize(
    "value",
    [
        "", "x", "2026-1-31", "20260131", "2026-02-30", "2026-13-01", "0000-01-01", "2026-01-31T00:00:00",
        "2026-01-31T24:00:00+00:00", "2026-02-30T00:00:00Z", " 2026-01-31", "2026-01-31\n", "infinity",
        "٢٠٢٦-٠١-٣١", "0044-03-15 BC", "2026-W01-1", 20260131, True, [], date(2026, 1, 31),
    ],
)  # fmt: skip
def test_a_value_that_is_not_a_date_in_the_databases_form_names_the_variable(value: Any) -> None:
    with pytest.raises(WrongValue) as caught:
        render("{d, date}", {"d": value})
    assert (str(caught.value), caught.value.reason) == ("d", "wrong_value")


def test_a_plural_or_a_date_without_a_value_is_missing() -> None:
    for text in ("{n, plural, other {x}}", "{n, date}", "{m, plural, other {{n}}}"):
        for variables in ({"m": 1}, {"m": 1, "n": None}):
            with pytest.raises(MissingVariable, match=r"^n$"):
                render(text, variables)


def test_only_the_form_that_is_taken_needs_its_variables() -> None:
    text = "{n, plural, one {{nickname}} other {# days}}"
    assert render(text, {"n": 2}) == "2 days"
    with pytest.raises(MissingVariable, match=r"^nickname$"):
        render(text, {"n": 1})


@pytest.mark.parametrize(
    "name", ["en", "nb", "nb-NO", "nb_NO", "NB-no", "PT", "zh-Hant-HK", "es-419", "sr-Latn", "ckb"]
)
def test_a_locale_of_cldr_is_known_however_it_is_written(name: str) -> None:
    assert known(name) is not None


@pytest.mark.parametrize(
    "name",
    ["", "e", "xx", "nbx", "en-XX", "root", "und", "en.UTF-8", "../en", "en-", "nb-NO-x-y", "english", "en@euro"],
)
def test_a_name_that_cldr_does_not_have_is_not_a_valid_locale(name: str) -> None:
    assert known(name) is None


def test_the_bounds_of_a_text_are_those_of_its_forms_its_dates_and_its_values() -> None:
    text = "é{name} {n, plural, =0 {none} one {# day} other {# days}} {d, date, long}"
    assert at_least(text, "en") == 2 + 0 + 1 + len("none") + 1 + len("May 1, 1")
    assert at_most(text, "en", {"name": 40, "n": 4}) == 2 + 40 + 1 + len("-9,999 days") + 1 + len("September 22, 2026")
    assert at_most("{unknown}", "en", {}) == 0


@pytest.mark.parametrize(
    ("zone", "texts"),
    [
        ("UTC", ("Mar 29, 2026", "12:30\u202fAM", "12:30:00\u202fAM")),
        ("Europe/Oslo", ("Mar 29, 2026", "1:30\u202fAM", "1:30:00\u202fAM")),
        ("America/New_York", ("Mar 28, 2026", "8:30\u202fPM", "8:30:00\u202fPM")),
        ("Nowhere/Else", ("Mar 29, 2026", "12:30\u202fAM", "12:30:00\u202fAM")),
    ],
)
def test_the_day_and_the_time_of_an_instant_are_those_where_the_person_lives(zone: str, texts: tuple[str, ...]) -> None:
    values = {"t": "2026-03-29T00:30:00+00:00"}
    assert tuple(render(text, values, "en", zone) for text in ("{t, date}", "{t, time, short}", "{t, time}")) == texts


@pytest.mark.parametrize(
    ("instant", "oslo"),
    [
        ("2026-03-29T00:59:00Z", "01:59"),
        ("2026-03-29T01:00:00+00", "03:00"),
        ("2026-10-25T00:30:00.5+00:00", "02:30"),
        ("2026-10-25 03:30:00+02", "02:30"),
        ("9999-12-31T23:59:59-12:00", "23:59"),
    ],
)
def test_a_time_is_right_on_the_days_on_which_the_clocks_change(instant: str, oslo: str) -> None:
    assert render("{t, time, short}", {"t": instant}, "nb", "Europe/Oslo") == oslo


@pytest.mark.parametrize("value", ["2026-01-31", "2026-01-31T09:00:00", "09:00", 5, True, "", "1000-02-29T00:00:00Z"])
def test_a_time_of_a_value_that_is_not_an_instant_names_the_variable(value: Any) -> None:
    with pytest.raises(WrongValue, match=r"^t$"):
        render("{t, time}", {"t": value})


REST = "{items, list, more, plural, one {# more} other {# more}}"


@pytest.mark.parametrize(
    ("text", "items", "more", "locale", "written"),
    [
        ("{items, list}", ["a"], 0, "en", "a"),
        ("{items, list}", ["a", "b"], 0, "en", "a and b"),
        ("{items, list}", ["a", 2, "c"], 0, "en", "a, 2, and c"),
        ("{items, list}", ["a", "b", "c"], 0, "en-GB", "a, b and c"),
        ("{items, list}", ["a", "b", "c"], 0, "nb", "a, b og c"),
        ("{items, list}", ["a", "b", "c"], 0, "ja", "a、b、c"),
        ("{items, list}", ["a", "b", "c"], 0, "ml", "a, b, c എന്നിവ"),
        ("{items, list}", ["{0}", None, " ", "{1}", "{items}"], 0, "en", "{0}, {1}, and {items}"),
        (REST, ["a", "b"], 0, "en", "a and b"),
        (REST, ["a"], 1, "en", "a and 1 more"),
        (REST, ["a", "b"], 1_200, "en", "a, b, and 1,200 more"),
        (REST, ["a", "b"], 3, "de", "a, b und 3 more"),
    ],
)
def test_a_list_is_enumerated_as_the_language_does_it(
    text: str, items: list[Any], more: int, locale: str, written: str
) -> None:
    assert render(text, {"items": items, "more": more}, locale) == written


@pytest.mark.parametrize("value", [[], [None], [" "], ["a", True], [["a"]], [{"a": 1}], "a", '["a"]', 7, {"a": "b"}])
def test_a_list_of_a_value_that_is_not_a_list_with_something_to_show_names_the_variable(value: Any) -> None:
    with pytest.raises(WrongValue, match=r"^items$"):
        render("{items, list}", {"items": value})


def test_a_list_needs_its_items_and_the_number_of_the_rest() -> None:
    for variables, missing in (({}, "items"), ({"items": ["a"]}, "more")):
        with pytest.raises(MissingVariable, match=f"^{missing}$"):
            render(REST, variables)


def test_the_bounds_of_a_list_allow_for_its_separators_and_its_rest() -> None:
    items = [letter * 3 for letter in "abcdefgh"]
    json = len(str(items))
    for locale in ("en", "nb", "ar", "ja", "ta", "kn", "dz", "fa", "th"):
        written = render(REST, {"items": items, "more": 12_345}, locale)
        assert at_least(REST, locale) == 0
        assert len(written.encode()) <= at_most(REST, locale, {"items": json, "more": 5}) < json + 120


@pytest.mark.parametrize(
    ("text", "locale", "written"),
    [
        ("{n, number}", "nb", "1\u00a0234,5"),
        ("{n, number, integer}", "en", "1,234"),
        ("{n, number, ::currency/NOK}", "nb", "1\u00a0234,50\u00a0kr"),
        ("{n, number, ::currency/JPY}", "en", "¥1,234"),
        ("{n, number, percent}", "de", "123.450\u00a0%"),
    ],
)
def test_a_number_has_the_form_of_its_style_in_the_language(text: str, locale: str, written: str) -> None:
    assert render(text, {"n": 1234.5}, locale) == written


def test_a_rank_takes_the_form_of_the_ordinals_of_the_language() -> None:
    text = "{n, selectordinal, one {#st} two {#nd} few {#rd} other {#th}}"
    assert [render(text, {"n": n}) for n in (1, 2, 3, 4, 11, 21, 102)] == [
        "1st", "2nd", "3rd", "4th", "11th", "21st", "102nd",
    ]  # fmt: skip
    assert categories("en", ordinal=True) == {"one", "two", "few", "other"}
    assert categories("nb", ordinal=True) == {"other"}


def test_an_offset_is_taken_from_the_number_unless_it_is_named_exactly() -> None:
    text = "{n, plural, offset:1 =0 {nobody} =1 {you} one {you and # other} other {you and # others}}"
    assert [render(text, {"n": n}) for n in range(4)] == ["nobody", "you", "you and 1 other", "you and 2 others"]


@pytest.mark.parametrize(
    ("value", "form"),
    [("volunteer", "v"), ("Volunteer", "o"), ("", "o"), (None, "o"), (True, "yes"), (7, "7"), ("x" * 2_000, "o")],
)
def test_a_select_takes_the_form_of_the_value_and_other_for_everybody_else(value: Any, form: str) -> None:
    text = "{s, select, volunteer {v} true {yes} 7 {7} other {o}}"
    assert render(text, {"s": value}) == form
    assert render(text, {}) == "o"
