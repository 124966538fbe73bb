"""The OpenAPI document is the one that the code generates."""

import json
from typing import Any, cast

from docs.documents import ROOT
from rekindle.api.app import routes

DOCUMENT = ROOT / "docs" / "reference" / "openapi.json"


def test_the_committed_document_is_what_the_routes_say() -> None:
    """To renew the document, write `said` to it."""
    api = routes(cast("Any", None), cast("Any", None), docs=True)
    said = json.dumps(api.openapi(), indent=2, ensure_ascii=False) + "\n"
    assert DOCUMENT.read_text(encoding="utf-8") == said


def test_every_route_but_health_and_readiness_says_that_it_takes_a_key() -> None:
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    for path, operations in document["paths"].items():
        assert ("head" in operations) == ("get" in operations)
        for method, operation in operations.items():
            assert ("security" in operation) == (path not in ("/v1/health", "/v1/ready"))
            for status, response in operation["responses"].items():
                media = set() if method == "head" else {"application/problem+json"}
                assert (status < "400" and method != "head") or set(response.get("content", {})) == media
