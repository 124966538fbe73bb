"""Forms that change something: sent from a page of this address, in the session of the reader."""

from collections.abc import Mapping

from starlette.requests import Request

from rekindle.console.pages import form_of
from rekindle.console.sessions import Sessions, check_same_site


class Forms:
    """Reads forms that change something."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def read(self, request: Request, fields: Mapping[str, str] | None = None) -> Mapping[str, str]:
        """The fields of a form. A reader without a session, as on a Unix socket, has no secret to
        send, and no cookie that another site could use. `fields`: those of a form with a file.

        Raises:
            FormRefused: another site has sent it, or no page of this session. Nothing was done.
        """
        check_same_site(request)
        form = await form_of(request) if fields is None else fields
        if self._sessions.of(request) is not None:
            self._sessions.check_form(request, form.get("form", ""))  # mutant: form-of-an-action
        return form


def number_in(text: str) -> int | None:
    """The number that somebody typed, perhaps with separators; None: it is none."""
    digits = text.translate({ord(letter): None for letter in " ,.'\u2019\u00a0\u202f"})
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 10 else None
