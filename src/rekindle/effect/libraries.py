"""numpy, scipy and statsmodels, imported when something is first calculated: that takes a second,
and most commands calculate nothing."""

from importlib import import_module
from typing import Any

from rekindle.errors import EffectMissing, install


def library(name: str) -> Any:
    """The module of that name.

    Raises:
        EffectMissing: it is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as missing:
        raise EffectMissing(
            f"Intervals need a package that is not installed: {missing.name}",
            hint=f"{install('effect')}. The counts are shown without it.",
        ) from None
