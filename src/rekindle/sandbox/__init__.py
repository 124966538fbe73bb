"""A server on this machine that speaks FCM HTTP v1 and its token endpoint, and keeps what it
accepted."""

from rekindle.sandbox.child import Sandbox
from rekindle.sandbox.server import PROJECT, serve

__all__ = ["PROJECT", "Sandbox", "serve"]
