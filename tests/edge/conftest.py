"""What the tests of the Edge Functions share."""

from acceptance.fixtures import embedded_only

__all__ = ["embedded_only"]
