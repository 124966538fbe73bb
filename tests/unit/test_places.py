"""How organisations and chapters are shown."""

from uuid import UUID

import pytest

from rekindle.cli.places import Places
from rekindle.documents import organisation_document, place_document
from rekindle.foreign import label
from rekindle.model import Place, PlaceNames

OSLO, ALIKE, OTHER, CENTRE = (
    UUID("6f1c2a3b-0000-4000-8000-000000000001"),
    UUID("6f1c2a3b-0000-4000-8000-000000000002"),
    UUID("77aa0000-0000-4000-8000-000000000003"),
    UUID("c0de0000-0000-4000-8000-000000000004"),
)
NAMES = PlaceNames({OSLO: "Oslo Red Cross", ALIKE: "Oslo Red Cross"}, {CENTRE: "Centre"})


def test_a_name_comes_before_the_beginning_of_the_id_and_a_place_without_a_name_has_the_whole_id() -> None:
    where = Places(NAMES, [Place(OSLO, CENTRE), Place(OTHER)])
    assert where.organisation(OSLO) == "Oslo Red Cross (6f1c2a3b…)"
    assert where.organisation(OSLO, whole=True) == f"Oslo Red Cross ({OSLO})"
    assert where.organisation(OTHER) == str(OTHER)
    assert where.place(Place(OSLO, CENTRE)) == "Oslo Red Cross (6f1c2a3b…), chapter Centre (c0de0000…)"
    assert where.place(Place(OTHER, OTHER)) == f"organisation {OTHER}, chapter {OTHER}"
    assert where.place(Place(None)) == ""


def test_ids_that_begin_alike_are_shown_whole() -> None:
    where = Places(NAMES, [Place(OSLO), Place(ALIKE)])
    assert [where.organisation(one) for one in (OSLO, ALIKE)] == [f"Oslo Red Cross ({one})" for one in (OSLO, ALIKE)]


def test_json_has_the_whole_id_and_the_name_or_null() -> None:
    where = Places(NAMES, [])
    assert organisation_document(None, where.names) == {"organisation_id": None, "organisation_name": None}
    assert place_document(Place(OSLO, OTHER), where.names) == {
        "organisation_id": OSLO,
        "organisation_name": "Oslo Red Cross",
        "chapter_id": OTHER,
        "chapter_name": None,
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  two\n\twords ", "two words"),
        ("Grünerløkka 助け合い", "Grünerløkka 助…"),
        ("\x1b[31mred\x07", "\ufffd[31mred\ufffd"),
        ("\u202eeman\u2028", "\ufffdeman"),
        ("", ""),
        ("x" * 10_000, "x" * 13 + "…"),
    ],
)
def test_a_label_is_one_printable_line_of_limited_length(text: str, shown: str) -> None:
    assert label(text, most=14) == shown
