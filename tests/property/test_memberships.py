"""A person with several memberships is judged at one place, the same one by every statement, and is
sent one push."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import example, given, settings
from hypothesis import strategies as st

from rekindle.model import Place, Selection
from rekindle.ports import Applied, Evaluation, Terms
from rekindle.postgres.explain import PostgresExplanations
from rekindle.scenario import fingerprint, parse_scenario
from team.ledger import Ledger

NAME = "nudge"
NOW = datetime(2026, 5, 8, 12, tzinfo=UTC)
TERMS = Terms(timezone="UTC")
FIRST, SECOND, THIRD = (UUID(int=number) for number in (1, 2, 3))
CENTRE, EAST = (UUID(int=number) for number in (11, 12))
ZONES = {FIRST: None, SECOND: "Europe/Oslo", THIRD: "Asia/Tokyo", CENTRE: "Europe/Rome", EAST: None}

At = tuple[UUID | None, UUID | None]
"""An organisation and a chapter."""


@dataclass(frozen=True)
class Person:
    home: At
    memberships: list[At]
    timezone: str | None
    activities: int
    recorded: set[int]  # the marks that were congratulated on


@dataclass(frozen=True)
class Rules:
    """The marks by place, where they differ from `everywhere`; None: not enabled there."""

    everywhere: list[int]
    of_places: dict[At, list[int] | None]
    off: set[UUID]

    def variant(self, at: At) -> tuple[int, list[int] | None]:
        """The number of the variant that applies at a place, and its marks."""
        for place in (at, (at[0], None)):
            if place in self.of_places:
                return 1 + sorted(self.of_places, key=str).index(place), self.of_places[place]
        return 0, self.everywhere

    def scenario(self) -> Applied:
        overrides = [
            {
                "organisation_id": str(organisation),
                **({} if chapter is None else {"chapter_id": str(chapter)}),
                "changes": {"enabled": False} if marks is None else {"at": marks},
            }
            for (organisation, chapter), marks in sorted(self.of_places.items(), key=lambda item: str(item[0]))
        ]
        said = {"kind": "milestone", "at": self.everywhere, "cooldown": 3_600, "overrides": overrides}
        scenario = parse_scenario(said | {"message": {"en": {"title": "t", "body": "b"}}})
        return Applied(NAME, 1, scenario, fingerprint(scenario))


ORGANISATION = st.sampled_from([FIRST, SECOND, THIRD])
CHAPTER = st.sampled_from([None, CENTRE, EAST])
PLACE = st.tuples(ORGANISATION, CHAPTER)
ANYWHERE = st.one_of(PLACE, PLACE, st.just((None, None)), st.tuples(st.none(), CHAPTER))
MARKS = st.sets(st.sampled_from([1, 2, 3]), min_size=1, max_size=2).map(sorted)
PEOPLE = st.lists(
    st.builds(
        Person,
        home=ANYWHERE,
        memberships=st.lists(ANYWHERE, max_size=3),
        timezone=st.sampled_from([None, None, "America/St_Johns", "Nowhere/At_All"]),
        activities=st.integers(0, 3),
        recorded=st.sets(st.sampled_from([1, 2, 3]), max_size=1),
    ),
    min_size=1,
    max_size=5,
)
RULES = st.builds(
    Rules,
    everywhere=MARKS,
    of_places=st.dictionaries(PLACE, st.one_of(MARKS, MARKS, st.none()), max_size=3),
    off=st.sets(ORGANISATION, max_size=1),
)
SELECTED = st.sampled_from([(), (), (SECOND,), (FIRST, THIRD)])


def user(number: int) -> UUID:
    return UUID(int=0xA0000000 + number)


def places(person: Person, selected: tuple[UUID, ...]) -> list[At]:
    """Where the person is, in the order in which a run looks: the home first."""
    joined = sorted({at for at in person.memberships if at[0] is not None and at != person.home}, key=_null_last)
    at_home = [person.home] if person.home[0] is not None or not _joined(person) else []
    return [at for at in [*at_home, *joined] if not selected or at[0] in selected]


def _joined(person: Person) -> bool:
    return any(organisation is not None for organisation, _ in person.memberships)


def _null_last(at: At) -> tuple[Any, ...]:
    return tuple((one is None, one or UUID(int=0)) for one in at)


def zone(person: Person, at: At) -> str:
    if person.timezone == "America/St_Johns":
        return person.timezone
    tried = (person.home[1], person.home[0], at[1], at[0])
    return next((found for one in tried if one is not None and (found := ZONES[one])), "UTC")


def verdict(person: Person, rules: Rules, selected: tuple[UUID, ...]) -> tuple[At, int, str, str, str | None] | None:
    """The place that counts, with the variant, the zone, the occurrence and the refusal there; None
    if the person is due nowhere."""
    found: list[tuple[bool, bool, int, tuple[At, int, str, str, str | None]]] = []
    for order, at in enumerate(places(person, selected)):
        number, marks = rules.variant(at)
        reached = max((mark for mark in marks or rules.everywhere if mark <= person.activities), default=None)
        if reached is None:
            continue
        mark = max([reached, *person.recorded])
        spent = mark in person.recorded
        off = at[0] in rules.off
        refusal = "not_enabled" if marks is None else "switched_off" if off else "already_notified" if spent else None
        said = (at, number, zone(person, at), f"milestone:{mark}", refusal)
        found.append((marks is None or off, spent, order, said))
    return min(found)[3] if found else None


def load(ledger: Ledger, people: list[Person], rules: Rules) -> None:
    ledger.begin(NOW)
    ledger.activities_are("instant")
    for view, ids in (("organisation", (FIRST, SECOND, THIRD)), ("chapter", (CENTRE, EAST))):
        ledger.insert(f"team.{view}", f"{view}_id, timezone", [(one, ZONES[one]) for one in ids])
    ledger.insert("rekindle.switch", "organisation_id, turned", [(one, "off") for one in rules.off])
    for number, one in enumerate(people):
        who = user(number)
        columns = "user_id, organisation_id, chapter_id, timezone, active, first_name"
        ledger.insert("team.person", columns, [(who, *one.home, one.timezone, True, "Ada")])
        ledger.insert("team.membership", "user_id, organisation_id, chapter_id", [(who, *at) for at in one.memberships])
        ledger.insert("team.device", "user_id, token, target_kind", [(who, f"t{number}", "token")])
        activities = [(who, NOW - timedelta(days)) for days in range(1, one.activities + 1)]
        ledger.insert("team.activity_instant", "user_id, activity_date", activities)
        ledger.notified(
            NAME, [(who, f"milestone:{mark}", f"{who}/{mark}", NOW - timedelta(30)) for mark in one.recorded]
        )


def member(home: At, other: At) -> list[Person]:
    """One person with two places, who has reached two marks."""
    return [Person(home, [other], None, 2, set())]


@settings(max_examples=80)
@example(people=member((SECOND, None), (FIRST, None)), rules=Rules([1], {}, set()), selected=(), there=True)
@example(people=member((SECOND, None), (FIRST, None)), rules=Rules([1], {}, {SECOND}), selected=(), there=True)
@example(people=member((None, None), (FIRST, None)), rules=Rules([1], {}, set()), selected=(), there=True)
@given(people=PEOPLE, rules=RULES, selected=SELECTED, there=st.sampled_from([True, True, True, False]))
def test_one_place_counts_for_each_person_and_every_statement_chooses_the_same(
    ledger: Ledger, people: list[Person], rules: Rules, selected: tuple[UUID, ...], there: bool
) -> None:
    ledger.memberships_are(there)
    load(ledger, people, rules)
    if not there:
        people = [Person(one.home, [], one.timezone, one.activities, one.recorded) for one in people]
    applied, selection = rules.scenario(), Selection(organisations=selected)
    expected = {
        user(number): said for number, one in enumerate(people) if (said := verdict(one, rules, selected)) is not None
    }
    planned = ledger.plan(Evaluation(applied, selection, terms=TERMS))
    assert {
        one.user_id: (one.organisation_id, one.variant, one.timezone, one.occurrence, one.refusal) for one in planned
    } == {who: (said[0][0], *said[1:]) for who, said in expected.items()}

    who = user(0)  # `explain` of one of them, by the same conditions
    asked = Evaluation(applied, Selection(organisations=selected, user_id=who), terms=TERMS)
    explained = ledger.wait(PostgresExplanations(ledger.database).explain(asked))
    if who in expected:
        at, _, _, occurrence, refusal = expected[who]
        assert (explained.place, explained.occurrence) == (Place(*at), occurrence)
        assert explained.blocked_by[:1] == (() if refusal is None else (refusal,))
    else:
        assert explained.occurrence is None
        assert "not_due" in explained.blocked_by

    _, numbers = ledger.claim(Evaluation(applied, selection, terms=TERMS))
    assert numbers.evaluated == sum(1 for one in people if places(one, selected))
    claimed = {who: said[0][0] for who, said in expected.items() if said[4] is None}
    units = ledger.rows("select user_id, organisation_id from rekindle.outbox order by user_id")
    assert [(one["user_id"], one["organisation_id"]) for one in units] == sorted(claimed.items())
    assert numbers.claimed == len(claimed)
