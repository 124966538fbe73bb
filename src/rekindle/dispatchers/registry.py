"""Every kind of dispatcher. To add one, write its package and add its class to KINDS."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from rekindle.dispatchers.fcm.config import FcmConfig
from rekindle.dispatchers.kind import DispatcherKind
from rekindle.dispatchers.log import LogConfig
from rekindle.dispatchers.supabase_function.config import SupabaseFunctionConfig
from rekindle.errors import ConfigInvalid
from rekindle.ports import Dispatcher
from rekindle.scenario import DispatcherConfig
from rekindle.scenario.overrides import fault_of, mistakes

KINDS: Mapping[str, type[DispatcherKind]] = {
    str(kind.model_fields["kind"].default): kind
    for kind in (
        FcmConfig,
        SupabaseFunctionConfig,
        LogConfig,
    )
}
"""By the word that the configuration uses."""


def parse_dispatcher(table: Mapping[str, Any]) -> DispatcherKind:
    """The table [dispatcher] as the kind that it names reads it.

    Raises:
        ValidationError: every mistake in it. A kind that does not exist is one; the keys that every
            kind takes are then validated all the same.
    """
    name = table.get("kind", DispatcherConfig.model_fields["kind"].default)
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is not None:
        try:
            return kind.model_validate(table)
        except ValidationError as fault:
            found = [_of_another_kind(str(name), *one) for one in mistakes(fault)]
    else:
        found = [(("kind",), "unknown_kind", f"must be one of {', '.join(KINDS)}")]
        try:
            DispatcherConfig.model_validate(
                {key: value for key, value in table.items() if key in DispatcherConfig.model_fields and key != "kind"}
            )
        except ValidationError as fault:
            found += mistakes(fault)
    raise fault_of("Dispatcher", found)


def build_dispatcher(config: DispatcherConfig) -> Dispatcher:
    """The dispatcher that a configuration names; nothing is connected yet.

    Raises:
        ConfigInvalid: the configuration was made in Python and names a kind that does not exist.
        BadArgument: as `DispatcherKind.build`.
    """
    return of_its_kind(config).build()


def of_its_kind(config: DispatcherConfig) -> DispatcherKind:
    """The same configuration with what its kind adds.

    Raises:
        ConfigInvalid: there is no such kind.
    """
    if isinstance(config, DispatcherKind):
        return config
    try:
        return parse_dispatcher(config.model_dump())
    except ValidationError as fault:
        problems = tuple(f"dispatcher.{'.'.join(map(str, where))}: {text}" for where, _, text in mistakes(fault))
        raise ConfigInvalid("; ".join(problems), problems=problems) from None


def _of_another_kind(
    name: str, where: tuple[int | str, ...], mistake: str, message: str
) -> tuple[tuple[int | str, ...], str, str]:
    """A mistake; of a key that only other kinds take, it says so."""
    others = [other for other, kind in KINDS.items() if mistake == "extra_forbidden" and where[0] in kind.model_fields]
    if not others:
        return where, mistake, message
    return where, "key_of_another_kind", f"kind {name} has no such key; it is one of {', '.join(others)}"
