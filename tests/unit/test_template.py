"""How a text is parsed: a part of ICU MessageFormat, everything else refused, in time proportional
to its length."""

import sys
from types import FrameType
from typing import Any

import pytest

from rekindle.errors import TemplateInvalid
from rekindle.render import MAX_TEMPLATE_CHARS, needs, syntax, variables_in
from rekindle.render.parts import Count, DateField, Field, ListField, NumberField, Plural, Select, TimeField
from rekindle.render.syntax import parse
from rekindle.render.template import always_needs


def test_a_plural_has_forms_for_categories_and_for_exact_numbers() -> None:
    assert parse("In {n, plural, =0 {no time} one {# day} other {{who}: # of # days}}!") == (
        "In ",
        Plural(
            "n",
            exact=((0, ("no time",)),),
            forms=(
                ("one", (Count("n"), " day")),
                ("other", (Field("who"), ": ", Count("n"), " of ", Count("n"), " days")),
            ),
        ),
        "!",
    )


def test_a_date_is_of_medium_length_unless_it_says_otherwise() -> None:
    assert parse("{d, date}{d, date, long}{d,date,short}") == (
        DateField("d", "medium"), DateField("d", "long"), DateField("d", "short"),
    )  # fmt: skip


def test_a_list_may_end_with_a_plural_whose_variables_it_does_not_always_need() -> None:
    text = "{a, list}{a,list, n, plural, offset:1 one {#} other {# {b}}}"
    forms = (("one", (Count("n", 1),)), ("other", (Count("n", 1), " ", Field("b"))))
    assert parse(text) == (ListField("a"), ListField("a", Plural("n", (), forms, 1)))
    assert needs(text) == {"a": {"list"}, "n": {"number"}, "b": set()}
    assert always_needs(text) == {"a": {"list"}, "n": {"number"}}


@pytest.mark.parametrize(
    "text",
    [
        "{n,plural,one{#}other{#s}}",
        "{n, plural, one {#} other {#s}}",
        "{n,\n  plural,\n  one {#}\n  other {#s}\n}",
    ],
)
def test_spaces_between_the_words_of_a_field_mean_nothing(text: str) -> None:
    assert parse(text) == (Plural("n", (), (("one", (Count("n"),)), ("other", (Count("n"), "s")))),)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It's {name}'s", ("It's ", Field("name"), "'s")),
        ("It''s", ("It's",)),
        ("'{name}'", ("{name}",)),
        ("I '{can''t}' {name}", ("I {can't} ", Field("name"))),
        ("'}' and '#'", ("} and '#'",)),
        ("{n, plural, other {'#' # '{'}}", (Plural("n", (), (("other", ("# ", Count("n"), " {")),)),)),
        ("{s, select, other {'#' '{'}}", (Select("s", (("other", ("'#' {",)),)),)),
    ],
)
def test_an_apostrophe_quotes_only_before_a_sign_and_two_are_one(text: str, parts: Any) -> None:
    assert parse(text) == parts


def test_numbers_dates_and_times_have_a_style_or_a_length() -> None:
    assert parse("{n, number}{n, number, percent}{n, number, ::currency/NOK}{t, time}{t,time,short}") == (
        NumberField("n"), NumberField("n", "percent"), NumberField("n", "NOK"),
        TimeField("t", "medium"), TimeField("t", "short"),
    )  # fmt: skip


def test_forms_may_be_inside_of_forms_and_a_hash_is_the_number_of_the_nearest_plural() -> None:
    assert parse("{s, select, a {#} other {{n, plural, offset:1 other {{s, select, other {#}}}}}}") == (
        Select(
            "s",
            (
                ("a", ("#",)),
                ("other", (Plural("n", (), (("other", (Select("s", (("other", (Count("n", 1),)),)),)),), 1),)),
            ),
        ),
    )
    assert parse("{n, selectordinal, one {#st} other {#th}}") == (
        Plural("n", (), (("one", (Count("n"), "st")), ("other", (Count("n"), "th"))), ordinal=True),
    )


def test_what_selects_a_form_may_be_null_and_what_every_form_needs_is_always_needed() -> None:
    text = "{s, select, a {{b} {n, number}} other {{b} {t, time}}}"
    assert needs(text) == {
        "s": frozenset(), "b": frozenset(), "n": frozenset({"number"}), "t": frozenset({"time"}),
    }  # fmt: skip
    assert always_needs(text) == {"b": frozenset()}


def test_variables_are_found_in_every_form_with_what_each_must_be() -> None:
    text = "{a} {n, plural, =1 {{b}} other {# {d, date} {n}}} {d}"
    assert variables_in(text) == {"a", "b", "n", "d"}
    assert needs(text) == {
        "a": frozenset(), "b": frozenset(), "n": frozenset({"number"}), "d": frozenset({"date"}),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{n, plural}", "has no forms"),
        ("{n, plural, }", "has no forms"),
        ("{n, plural, one", "has no forms"),
        ("{n, plural, one {#}}", "has no form `other`"),
        ("{n, plural, =0 {none}}", "has no form `other`"),
        ("{n, plural, {x}}", "'' is not a valid plural form"),
        ("{n, plural, other {x} {y}}", "'' is not a valid plural form"),
        ("{n, plural, some {x} other {y}}", "'some' is not a valid plural form"),
        ("{n, plural, =-1 {x} other {y}}", "'=-1' is not a valid plural form"),
        ("{n, plural, =01 {x} other {y}}", "'=01' is not a valid plural form"),
        ("{n, plural, =1.5 {x} other {y}}", "'=1.5' is not a valid plural form"),
        ("{n, plural, =1234567890 {x} other {y}}", "is not a valid plural form"),
        ("{n, plural, =٣ {x} other {y}}", "is not a valid plural form"),
        ("{n, plural, offset:1}", "has no forms"),
        ("{n, plural, offset:0 one {x} other {y}}", "is not a valid plural form"),
        ("{n, plural, offset:one {x} other {y}}", "is not a valid plural form"),
        ("{n, selectordinal, offset:1 one {x} other {y}}", "is not a valid plural form"),
        ("{n, selectordinal, one {x}}", "has no form `other`"),
        ("{s, select, a {x}}", "the select of s has no form `other`"),
        ("{s, select, a {x} a {y} other {z}}", "the select of s has the form a twice"),
        ("{s, select, =1 {x} other {z}}", "'=1' is not a valid form of s"),
        ("{s, select, a b {x} other {z}}", "'a b' is not a valid form of s"),
        ("{s, select, other {x}", "the select of s is not closed"),
        ("{s, select, other {x} a}", "the select of s is not closed"),
        ("'{x", "the quote that begins with '{ is not closed"),
        ("{n, plural, other {'#}}", "the quote that begins with '# is not closed"),
        ("{n, plural, One {x} other {y}}", "'One' is not a valid plural form"),
        ("{n, plural, other {x} other {y}}", "has the form other twice"),
        ("{n, plural, =1 {x} =1 {y} other {z}}", "has the form =1 twice"),
        ("{n, plural, other {x}", "is not closed"),
        ("{n, plural, other {x", "is not closed"),
        ("{n, plural, other {x} and}", "is not closed"),
        ("{n, plural, other {x}, one {y}}", "is not a valid plural form"),
        ("{a, plural, other {" * 5 + "x" + "}}" * 5, "is inside of 4 others"),
        ("{n, plural, other {{{x}}}}", "{} is not a plain variable name"),
        ("{n, plural, other {{0.__class__}}}", "is not a plain variable name"),
        ("{n, plural, other {{n.x}}}", "is not a plain variable name"),
        ("{n, plural, other {{n!r}}}", "is not a plain variable name"),
        ("{0, plural, other {x}}", "is not a plain variable name"),
        ("{n.__class__, plural, other {x}}", "is not a plain variable name"),
        ("{ n, plural, other {x}}", "is not a plain variable name"),
        ("{n , date}", "is not a plain variable name"),
        ("{n, choice, 0#x}", "is not a plain variable name"),
        ("{n, spellout}", "is not a plain variable name"),
        ("{n, number, #,##0.0}", "has no valid style"),
        ("{n, number, ::currency/nok}", "has no valid style"),
        ("{n, number, ::compact-short}", "has no valid style"),
        ("{t, time, full}", "has no valid length"),
        ("{{a}}", "{} is not a plain variable name"),
        ("{n,}", "is not a plain variable name"),
        ("{, date}", "is not a plain variable name"),
        ("{a, list, long}", "is not a list"),
        ("{a, list, n}", "is not a list"),
        ("{a, list, n, plural}", "is not a list"),
        ("{a, list, n, plural, one {#}}", "has no form `other`"),
        ("{a, list, n, select, other {#}}", "is not a plain variable name"),
        ("{a, list, N, plural, other {#}}", "is not a plain variable name"),
        ("{d, date, huge}", "has no valid length"),
        ("{d, date, long, long}", "has no valid length"),
        ("{d, date, }", "has no valid length"),
        ("{d, date, yyyy}", "has no valid length"),
        ("{d, date, long", "is not closed"),
        ("{d, date, {x}}", "is not a plain variable name"),
        ("{", "is not closed"),
        ("{}", "{} is not a plain variable name"),
    ],
)
def test_any_other_field_is_refused_with_its_reason(text: str, says: str) -> None:
    with pytest.raises(TemplateInvalid) as caught:
        parse(text)
    assert says in caught.value.message
    assert len(caught.value.message) < 120


def steps(text: str) -> int:
    """The number of lines of the parser that run for a text."""
    count = 0

    def line(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return line

    def call(frame: FrameType, event: str, argument: Any) -> Any:
        return line if frame.f_code.co_filename == syntax.__file__ else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        parse.__wrapped__(text)
    except TemplateInvalid:
        pass
    finally:
        sys.settrace(before)
    return count


HOSTILE = {
    "opening braces": ("", "{", ""),
    "closing braces": ("", "}", ""),
    "both": ("", "{}", ""),
    "doubled": ("", "{{}}", ""),
    "apostrophes": ("", "'", ""),
    "quotes": ("", "'{'", ""),
    "quotes in a quote": ("'{", "''", "'"),
    "selects in selects": ("", "{a, select, other {", ""),
    "fields": ("", "{a}", ""),
    "words": ("{a", " a", "}"),
    "commas": ("{a", ",", "}"),
    "spaces": ("{a, plural,", " ", "other {x}}"),
    "plurals in plurals": ("", "{a, plural, other {", ""),
    "plurals": ("", "{a, plural, other {#}}", ""),
    "forms without an end": ("{a, plural, ", "one {x} ", ""),
    "hashes": ("{a, plural, other {", "#", "}}"),
    "fields in a form": ("{a, plural, other {", "{b}", "}}"),
    "open forms": ("{a, plural, other {", "{b ", ""),
    "spaces between forms": ("{a, plural, other {x}", " ", "}"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_text_twice_as_long_takes_at_most_twice_the_steps(name: str) -> None:
    head, middle, tail = HOSTILE[name]
    count = (MAX_TEMPLATE_CHARS - len(head) - len(tail)) // len(middle) // 2
    half, whole = (steps(head + middle * times + tail) for times in (count, 2 * count))
    assert 0 < whole <= 2 * half + 20
    assert whole <= 12 * MAX_TEMPLATE_CHARS
