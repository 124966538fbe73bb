"""Rules for texts, pacing and configuration that apply to every input, not only to chosen ones."""

import string
from datetime import date, datetime
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from rekindle.errors import TemplateInvalid
from rekindle.policy import MAX_RETRY_SECONDS, TokenBucket, idempotency_key, parse_duration, retry_delay
from rekindle.render import NotRendered, at_least, at_most, render, shown, variables_in
from rekindle.scenario import definition, fingerprint, parse_scenario
from rekindle.scenario.query import without_ending

# Every code point, lone surrogates included, with braces and format punctuation made likely.
HOSTILE = st.text(
    st.one_of(st.sampled_from("{}{}!:.[],=#_a0r \x00\u202e\ud800"), st.characters(codec=None)), max_size=60
)
NAMES = st.sampled_from(["a", "b", "first_name"])
LISTS = st.lists(st.one_of(HOSTILE, st.integers(), st.none()), max_size=6)
VALUES = st.one_of(HOSTILE, st.none(), st.integers(), st.floats(), st.booleans(), LISTS)


@given(template=HOSTILE, variables=st.dictionaries(NAMES, VALUES))
def test_rendering_ends_in_a_clean_text_or_in_a_named_fault(template: str, variables: dict[str, Any]) -> None:
    try:
        text = render(template, variables)
    except (TemplateInvalid, NotRendered):
        return
    text.encode()
    assert not set(text) & set("\x00\x1b\u202e\u2066\ufeff")


@given(template=HOSTILE)
def test_what_the_check_lets_through_renders_and_what_it_refuses_does_not(template: str) -> None:
    try:
        names = variables_in(template)
    except TemplateInvalid:
        names = None
    everything = dict.fromkeys(string.ascii_lowercase, "x") | dict.fromkeys(names or (), "x")
    try:
        render(template, everything)
        rendered = True
    except NotRendered:
        rendered = True
    except TemplateInvalid:
        rendered = False
    assert rendered == (names is not None)


@given(parts=st.lists(st.one_of(st.text(st.characters(exclude_characters="{}'", codec="ascii", min_codepoint=32,
       max_codepoint=126)), NAMES.map(lambda name: f"{{{name}}}")), max_size=8), value=HOSTILE)  # fmt: skip
def test_a_value_introduces_no_field_and_changes_nothing_around_it(parts: list[str], value: str) -> None:
    template = "".join(parts)
    shown = render("{a}", {"a": value})
    expected = "".join(shown if part.startswith("{") else part for part in parts)
    assert render(template, {"a": value, "b": value, "first_name": value}) == expected


def readable(text: str) -> bool:
    """Whether the quotes of a drawn text are closed."""
    try:
        variables_in(text)
    except TemplateInvalid:
        return False
    return True


# Texts with every kind of field, in languages with one to six plural forms, and values of every
# kind for them.
LOCALES = st.sampled_from(["en", "nb", "pl", "ar", "ja"])
WORDS = st.text(st.characters(exclude_characters="{}#", codec="utf-8"), max_size=6)
INNER = st.one_of(
    WORDS,
    st.sampled_from(["#", "'{'", "''", "'"]),
    st.sampled_from(["{a}", "{b, date}", "{first_name, date, full}", "{b, time}", "{a, number}"]),
    st.sampled_from(["{b, list}", "{b, list, first_name, plural, =2 {} one {# more} other {and {b, list}}}"]),
    st.sampled_from(["{a, number, percent}", "{a, number, integer}", "{a, number, ::currency/JPY}"]),
)
FORMS = st.lists(INNER, max_size=4).map("".join)
PLURALS = st.builds(
    lambda name, kind, exact, form, other: f"{{{name}, {kind} ={exact} {{{form}}} other {{{other}}}}}",
    NAMES, st.sampled_from(["plural,", "selectordinal,", "plural, offset:2"]), st.integers(0, 3), FORMS, FORMS,
)  # fmt: skip
SELECTS = st.builds(
    lambda name, form, other: f"{{{name}, select, 1 {{{form}}} other {{{other}}}}}",
    NAMES, st.one_of(FORMS, PLURALS), FORMS,
)  # fmt: skip
TEXTS = st.lists(st.one_of(INNER, PLURALS, SELECTS), max_size=5).map("".join).filter(readable)
INSTANTS = st.datetimes(datetime(1000, 1, 1), timezones=st.timezones()).map(datetime.isoformat)  # noqa: DTZ001
FITTING = st.one_of(VALUES, st.integers(0, 5), st.dates().map(date.isoformat), INSTANTS)


@given(template=TEXTS, variables=st.dictionaries(NAMES, FITTING), locale=LOCALES)
def test_a_text_that_can_be_read_renders_for_everybody_within_its_bounds_or_names_the_variable_at_fault(
    template: str, variables: dict[str, Any], locale: str
) -> None:
    names = variables_in(template)
    try:
        text = render(template, variables, locale)
    except NotRendered as fault:
        text, names = None, names & {str(fault)}
    if text is None:
        assert names
        return
    size = len(text.encode())
    longest = {name: len(shown(value).encode(errors="ignore")) for name, value in variables.items()}
    assert size <= at_most(template, locale, longest)
    assert at_least(template, locale) <= size


@given(template=TEXTS, value=HOSTILE, locale=LOCALES)
def test_a_value_is_never_read_as_a_template_whatever_surrounds_it(template: str, value: str, locale: str) -> None:
    plain = {"b": "2026-01-31", "first_name": "2026-01-31"}
    try:
        marked = render(template, {"a": "\ue000", **plain}, locale)
    except NotRendered:
        return
    assert render(template, {"a": value, **plain}, locale) == marked.replace("\ue000", render("{a}", {"a": value}))


@given(
    rate=st.floats(0.1, 100_000),
    burst=st.floats(1, 1_000),
    takes=st.lists(st.tuples(st.integers(0, 2_000), st.floats(0, 10)), min_size=1, max_size=50),
)
def test_never_more_than_burst_and_rate_times_time_passes_a_bucket(
    rate: float, burst: float, takes: list[tuple[int, float]]
) -> None:
    bucket = TokenBucket(rate=rate, burst=burst)
    now = began = 1_000.0
    passed = 0
    for count, idle in takes:
        now += idle
        wait = bucket.take(count, now)
        assert wait >= 0.0
        now += wait  # as the engine does: one after the other
        passed += count
        assert passed <= burst + rate * (now - began) + 1e-6 * (passed + burst + rate * (now - began))


@given(rate=st.floats(0.1, 100_000), counts=st.lists(st.integers(1, 2_000), min_size=1, max_size=30))
def test_a_bucket_delays_no_send_longer_than_its_rate_requires(rate: float, counts: list[int]) -> None:
    bucket = TokenBucket(rate=rate, burst=1.0)
    now = 0.0
    for count in counts:
        now += bucket.take(count, now)
    assert now <= sum(counts) / rate * (1 + 1e-6)


@given(asked=st.one_of(st.none(), st.floats(allow_nan=False)), jitter=st.floats(0, 1, exclude_max=True))
def test_a_retry_waits_no_less_than_asked_and_at_most_an_hour_and_a_quarter(asked: float | None, jitter: float) -> None:
    delay = retry_delay(asked, jitter=jitter)
    assert 0 < delay <= MAX_RETRY_SECONDS * 1.25
    if asked is not None and 0 < asked <= MAX_RETRY_SECONDS:
        assert asked <= delay <= asked * 1.25


@given(text=st.one_of(HOSTILE, st.from_regex(r"[0-9]{1,12}[smhdw ]", fullmatch=True)))
def test_a_duration_is_read_or_refused_without_another_error(text: str) -> None:
    try:
        seconds = parse_duration(text)
    except ValueError:
        return
    assert 0 < seconds <= 10 * 366 * 86_400
    assert parse_duration(f"{seconds}s") == seconds


@given(users=st.lists(st.uuids(), min_size=2, max_size=2, unique=True), day=st.dates(), other=st.dates())
def test_equal_keys_mean_the_same_person_and_day(users: list[UUID], day: date, other: date) -> None:
    one, two = users
    assert idempotency_key(one, "s", day) == idempotency_key(UUID(str(one).upper()), "s", day)
    assert idempotency_key(one, "s", day) != idempotency_key(two, "s", day)
    assert (idempotency_key(one, "s", day) == idempotency_key(one, "s", other)) == (day == other)


TEXTS = st.builds(lambda words, name: f"{words} {{{name}}}", st.text(st.characters(exclude_characters="{}",
                  codec="utf-8"), max_size=20), NAMES)  # fmt: skip
SECONDS = st.integers(1, 316_224_000)
COMMON = {
    "enabled": st.booleans(),
    "cooldown": SECONDS,
    "schedule": st.none() | st.sampled_from(["7 9 * * *", "*/5 * * * 1-5"]),
    "priority": st.integers(0, 100),
    "relevance": SECONDS,
    "ttl": st.none() | st.integers(1, 2_419_200),
    "link": st.none() | st.just("https://example.org/{a}"),
    "data": st.dictionaries(st.sampled_from(["screen", "kind", "x-y"]), TEXTS, max_size=3),
    "uncertain": st.sampled_from(["hold", "resend"]),
    "default_locale": st.just("en"),
    "message": st.dictionaries(st.sampled_from(["nb", "nb-NO", "pt_BR"]), st.fixed_dictionaries(
        {"title": TEXTS, "body": TEXTS}), max_size=3).map(lambda texts: texts | {"en": {"title": "t", "body": "b"}}),
}  # fmt: skip
DAYS = st.lists(st.integers(1, 3_660), min_size=1, max_size=20, unique=True)
MARKS = st.lists(st.integers(1, 1_000_000), min_size=1, max_size=50, unique=True)
# Anything but blanks and comments alone, which a file may not have for a query.
QUERIES = st.text(st.characters(codec="utf-8")).filter(without_ending)
SCENARIOS = st.one_of(
    st.fixed_dictionaries(COMMON | {"kind": st.just("inactivity"), "after": DAYS}),
    st.fixed_dictionaries(COMMON | {"kind": st.just("milestone"), "at": MARKS}),
    st.fixed_dictionaries(COMMON | {"kind": st.just("expiry"), "before": DAYS}),
    st.fixed_dictionaries(COMMON | {"kind": st.just("sql"), "query": QUERIES}),
)


@given(raw=SCENARIOS)
def test_a_scenario_survives_being_stored(raw: dict[str, Any]) -> None:
    scenario = parse_scenario(raw)
    again = parse_scenario(definition(scenario))
    assert again == scenario
    assert fingerprint(again) == fingerprint(scenario)


@given(one=SCENARIOS, two=SCENARIOS)
def test_fingerprints_are_equal_exactly_when_scenarios_mean_the_same(one: dict[str, Any], two: dict[str, Any]) -> None:
    first, second = parse_scenario(one), parse_scenario(two)
    assert (fingerprint(first) == fingerprint(second)) == (first == second)
