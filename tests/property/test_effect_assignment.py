"""The arm of a person: equal in SQL and Python, even, and independent between trials."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from rekindle.effect.assignment import bucket, held_out, text_of
from team.ledger import Ledger

SALT = "0f7c3a52-9b1e-4c7d-8a55-2d1b6a9e4f00"
GOLDEN = {
    ("*", "aaaaaaaa-0000-4000-8000-000000000001"): 7824,
    ("inactivity", "aaaaaaaa-0000-4000-8000-000000000001"): 9149,
    ("*", "bbbbbbbb-0000-4000-8000-000000000002"): 3456,
    ("inactivity", "bbbbbbbb-0000-4000-8000-000000000002"): 4397,
    ("*", "cccccccc-0000-4000-8000-000000000003"): 3336,
    ("inactivity", "cccccccc-0000-4000-8000-000000000003"): 3525,
}
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)


@given(names=st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=1, max_size=50))
def test_sql_and_python_put_everybody_into_the_same_bucket(ledger: Ledger, names: list[tuple[str, str, str]]) -> None:
    names = [*names, *((SALT, *one) for one in GOLDEN), ("\\", "\\000", "\\\\x")]
    found = ledger.sql.execute(
        "select rekindle.bucket(t.salt, t.scope, t.unit) as bucket"
        " from unnest(%s::text[], %s::text[], %s::text[]) with ordinality as t (salt, scope, unit, n) order by n",
        [[one[column] for one in names] for column in range(3)],
    ).fetchall()
    assert [row["bucket"] for row in found] == [bucket(*one) for one in names]


def test_the_buckets_are_those_that_were_published() -> None:
    assert {one: bucket(SALT, *one) for one in GOLDEN} == GOLDEN


def test_arms_have_their_share_and_those_of_two_trials_are_independent() -> None:
    """Also for ids that follow each other. The limits are five standard deviations."""
    people = [str(UUID(int=n)) for n in range(20_000)]
    one = [held_out(SALT, "*", person, 2_000) for person in people]
    other = [held_out(SALT, "inactivity", person, 5_000) for person in people]
    assert abs(sum(one) - 4_000) < 5 * (20_000 * 0.2 * 0.8) ** 0.5
    both = sum(first and second for first, second in zip(one, other, strict=True))
    assert abs(both - 2_000) < 5 * (20_000 * 0.1 * 0.9) ** 0.5
    texts = [text_of(SALT, "inactivity", person, [2_500, 7_500]) for person in people]
    assert abs(sum(texts) - 15_000) < 5 * (20_000 * 0.25 * 0.75) ** 0.5
