"""A server on this machine that implements FCM HTTP v1 and its token endpoint, and keeps the
messages that it accepted."""

from rekindle.sandbox.child import Sandbox
from rekindle.sandbox.server import PROJECT, serve

__all__ = ["PROJECT", "Sandbox", "serve"]
