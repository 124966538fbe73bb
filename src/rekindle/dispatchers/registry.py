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
"""Every kind by its name in the configuration."""


def parse_dispatcher(table: Mapping[str, Any]) -> DispatcherKind:
    """Parse the table [dispatcher] with the class of the kind that it names.

    Raises:
        ValidationError: every mistake in the table. If the kind does not exist, the keys that all
            kinds share are still validated.
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
        ConfigInvalid: the configuration was built in Python and names a kind that does not exist.
        BadArgument: see `DispatcherKind.build`.
    """
    return of_its_kind(config).build()


def of_its_kind(config: DispatcherConfig) -> DispatcherKind:
    """The same configuration, with the keys that its kind adds.

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
    """One mistake. If only other kinds have the key, the message names them."""
    others = [other for other, kind in KINDS.items() if mistake == "extra_forbidden" and where[0] in kind.model_fields]
    if not others:
        return where, mistake, message
    return where, "key_of_another_kind", f"kind {name} has no such key; kinds with this key: {', '.join(others)}"
