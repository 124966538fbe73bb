"""What every error has: a code, a message, a hint, and what becomes of the unit of work."""

from enum import StrEnum
from typing import ClassVar

from rekindle.foreign import printable


class Disposition(StrEnum):
    """What becomes of the unit of work."""

    RETRY = "retry"  # certainly not sent; it may be tried again later
    DROP = "drop"  # certainly rejected; trying again would not help
    PRUNE = "prune"  # the device token is proven dead
    HALT = "halt"  # nothing can be sent until an operator acts; the unit itself may be tried again
    HOLD = "hold"  # it may have been sent: it is never sent again by itself, and stays visible


def install(extra: str) -> str:
    """The beginning of a hint: how to install what an extra of the package brings."""
    return f'Run pip install "rekindle-push[{extra}]" in this environment'


class RekindleError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "RK000"
    disposition: ClassVar[Disposition] = Disposition.HALT
    exit_code: ClassVar[int] = 2
    usual_hint: ClassVar[str] = "Run it again with --debug, and report the traceback."

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        self.message = one_line(message or type(self).__doc__ or "")
        self.hint = one_line(hint or self.usual_hint)
        super().__init__(self.message)

    def __str__(self) -> str:
        """One line: the code, what is wrong, and how to fix it."""
        ending = "" if self.message.endswith((".", "!", "?")) else "."
        hint = f" {self.hint}" if self.hint else ""
        return f"{self.code}: {self.message}{ending}{hint}"


def of_code(code: str) -> type[RekindleError]:
    """The class of an error by its code; `RekindleError` if this release has no such code."""
    waiting = [RekindleError]
    while waiting:
        one = waiting.pop()
        if one.code == code:
            return one
        waiting += one.__subclasses__()
    return RekindleError


def one_line(text: str) -> str:
    """The text as one line, without control characters, whatever it quotes."""
    return " ".join(printable(text).split())
