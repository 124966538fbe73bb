"""What the command line does is the same on every server: these tests take the embedded one alone."""

from acceptance.fixtures import embedded_only

__all__ = ["embedded_only"]
