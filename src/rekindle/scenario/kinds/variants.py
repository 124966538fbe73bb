"""The variants of a scenario: each of its overrides, laid over the settings above it, is validated
as a whole scenario."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ModelWrapValidatorHandler, ValidationError

from rekindle.scenario.overrides import FIXED, Mistake, Override, deep_merge, mistakes, pick

Kind = TypeVar("Kind", bound=BaseModel)


def overridden(
    kind: type[Kind], below: Mapping[str, Any], raw: Sequence[object], handler: ModelWrapValidatorHandler[Kind]
) -> tuple[list[tuple[Override, Kind]], list[Mistake]]:
    """Each override with its variant, in the order of `raw`, and every mistake.

    Args:
        below: the scenario's keys without its overrides.
        handler: validates `below` itself.

    Raises:
        ValidationError: an override has no valid place.
    """
    found: list[Mistake] = []
    try:
        handler(below)
    except ValidationError as fault:
        found = mistakes(fault)
    # A mistake that a place inherits is reported once, where it was made.
    known: dict[str | None, set[Mistake]] = {None: set(found)}
    inherited: dict[str | None, Mapping[str, Any]] = {None: below}
    variants: list[tuple[Override, Kind]] = []
    for one in raw:
        override = Override.model_validate(one)
        changes = {key: changed for key, changed in override.changes.items() if key not in FIXED}
        own: list[Mistake] = [
            ((key,), "fixed", "is the same for everybody") for key in FIXED if key in override.changes
        ]
        variant = None
        try:
            variant = kind.model_validate(deep_merge(below, changes))
        except ValidationError as fault:
            own += mistakes(fault)
        above = override.organisation_id if override.chapter_id else None
        over = inherited.get(above, below)
        changed = {key for key, new in changes.items() if not isinstance(new, dict) and new != over.get(key)}
        others = known[None] | known.get(above, set())
        own = [one for one in own if one not in others or one[0][0] in changed]
        if above is None:
            known[override.organisation_id] = set(own)
            inherited[override.organisation_id] = deep_merge(below, changes)
        found += [((*override.path.split("."), *loc), fault_type, message) for loc, fault_type, message in own]
        if variant is None:
            continue
        said = pick(variant.model_dump(mode="json", exclude_none=True), changes)
        variants.append((override.model_copy(update={"changes": said}), variant))
    return variants, found
