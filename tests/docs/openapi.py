"""docs/reference/openapi.json. `python -m docs.openapi` writes it."""

import json
from typing import Any, cast

from docs.documents import ROOT
from rekindle.api.app import routes

DOCUMENT = ROOT / "docs" / "reference" / "openapi.json"


def said() -> str:
    """The document that the code makes."""
    api = routes(cast("Any", None), cast("Any", None), docs=True)
    return json.dumps(api.openapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(said(), encoding="utf-8")
