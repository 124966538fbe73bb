"""Read the definitions of scenarios that `apply` has stored."""

from typing import Any

from pydantic import ValidationError

from rekindle.errors import ConfigInvalid
from rekindle.scenario import AnyScenario, parse_scenario


def stored_scenario(scenario_type: str, version: int, definition: dict[str, Any]) -> AnyScenario:
    """Return the scenario of a stored definition.

    Raises:
        ConfigInvalid: this version of Rekindle cannot read it, as when a newer one has applied a
            key that this one does not have. Nothing is claimed or sent meanwhile.
    """
    try:
        return parse_scenario(definition)
    except ValidationError as fault:
        # Nothing of the definition is quoted, because it contains texts.
        raise ConfigInvalid(
            f"this version of Rekindle cannot read scenario {scenario_type} as it is applied (version {version})",
            hint="A newer version has applied it: upgrade this one, or let the newer one apply what both can read.",
        ) from fault
