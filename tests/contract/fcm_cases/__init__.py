"""FCM's answers, and the messages that it accepts: one case each, with its source."""

import json
from pathlib import Path
from typing import Any


def _cases(name: str) -> list[dict[str, Any]]:
    return json.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))


ERRORS = _cases("errors.json")
MESSAGES = _cases("messages.json")
