"""The version of the program that runs."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of

DISTRIBUTION = "rekindle-push"
"""The name under which the package is installed. (The name `rekindle` belongs to another project of
the package index; the package that is imported and the command are called that nevertheless.)"""


def version() -> str:
    """The installed version; "unknown" if the source is run without being installed."""
    try:
        return version_of(DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"
