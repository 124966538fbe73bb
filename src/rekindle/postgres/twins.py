"""A replay of the past: the statements of the ledger with temporary tables in their place."""

import re
from collections.abc import Collection
from typing import LiteralString, cast

from rekindle.postgres.sql import statement

TWINS = ("scenario_notification", "outcome", "spent", "run_scenario")
"""The tables that a replay writes, or that would tell it what really happened. The others are read
as of now."""

PARTS = {"gate": "gate_replayed", "cap": "cap_replayed"}
"""What a replay reads in place of the gates and caps. They have no twin. Their rows change with
each push, and a changed row stays in its table, with all its versions, until the transaction
ends."""

FUNCTIONS = ("sent", "backed_off_until")
"""The functions that read these tables."""

DATED = ("activity", "certification", "event")
"""The views whose rows may say when they were entered, in a column `recorded_at`."""

_NAME = re.compile(rf"\brekindle\.({'|'.join((*TWINS, *FUNCTIONS, 'clock'))})\b", re.IGNORECASE)


def over_twins(text: LiteralString, recorded: Collection[str] = ()) -> LiteralString:
    """Return the same statement over the temporary tables. Of the views in `recorded` it reads only
    the rows that had been entered by `at`."""
    # Both texts are files of this package, so the result is as trustworthy as a literal.
    own = _NAME.sub(r"pg_temp.\1", text)
    for view in recorded:
        entered = statement("replay_entered", view=f'"{view}"')
        own = re.sub(rf"\brekindle_source\.{view}\b", f"({entered})", own)
    return cast("LiteralString", own)
