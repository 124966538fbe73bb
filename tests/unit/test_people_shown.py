"""How people are shown."""

from uuid import UUID

from rekindle.cli.people import People
from rekindle.documents import person_document
from rekindle.model import Names

ONE, TWO, THREE, FOUR = (UUID(int=number) for number in range(1, 5))
NAMES = Names(people={ONE: "4711", TWO: "shared", THREE: "shared"})


def test_a_person_is_shown_by_the_external_id_and_by_the_user_id_if_others_have_the_same_or_there_is_none() -> None:
    people = People(NAMES)
    assert [people.person(one) for one in (ONE, TWO, THREE, FOUR)] == [
        "4711",
        f"shared ({TWO})",
        f"shared ({THREE})",
        str(FOUR),
    ]


def test_json_has_both_ids() -> None:
    assert person_document(ONE, NAMES) == {"user_id": ONE, "external_id": "4711"}
    assert person_document(FOUR, NAMES) == {"user_id": FOUR, "external_id": None}
