"""Rekindle: the right push at the right moment, and never twice, out of your own Postgres."""

from rekindle.app import Engine
from rekindle.engine.run import Deps, evaluate_and_dispatch

__all__ = ["Deps", "Engine", "evaluate_and_dispatch"]
