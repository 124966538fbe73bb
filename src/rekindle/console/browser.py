"""What a reader's browser says of itself in cookies: its time zone, and light or dark. Nobody needs
to sign in for them, and they decide nothing but how a page looks."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.requests import Request

THEME = "rekindle_theme"
THEMES = ("light", "dark")
ZONE = "rekindle_zone"


def theme_of(request: Request) -> str | None:
    """Light or dark, if the reader chose; None: as their system says."""
    said = request.cookies.get(THEME)
    return said if said in THEMES else None


def zone_of(request: Request) -> ZoneInfo | None:
    """The time zone of the browser, if it says one that is known here."""
    try:
        return ZoneInfo(request.cookies.get(ZONE, ""))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
