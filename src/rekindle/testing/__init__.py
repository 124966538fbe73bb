"""For tests of whatever uses Rekindle: a dispatcher and a notification repository to look at and
to break."""

from rekindle.testing.doubles import BrokenNotifications, ScriptedDispatcher

__all__ = ["BrokenNotifications", "ScriptedDispatcher"]
