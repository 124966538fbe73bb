"""For tests of code that uses Rekindle: a dispatcher and a notification repository that tests
can inspect and make fail."""

from rekindle.testing.doubles import BrokenNotifications, ScriptedDispatcher

__all__ = ["BrokenNotifications", "ScriptedDispatcher"]
