"""Every class of the product that reads environment variables, so that a new one is tested by
itself."""

import importlib
import pkgutil

import rekindle
from rekindle.settings import Environment


def environments() -> list[type[Environment]]:
    """The classes of every module, by name."""
    for module in pkgutil.walk_packages(rekindle.__path__, "rekindle."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found: list[type[Environment]] = []
    waiting = list(Environment.__subclasses__())
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        if one.model_fields:
            found.append(one)
    return sorted(found, key=lambda one: one.__name__)
