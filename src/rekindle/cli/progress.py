"""A bar on stderr for work that takes long. Only a terminal shows it."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class _Terminal(Console):
    """Never hides the cursor: a process that is ended at once could not show it again."""

    def show_cursor(self, show: bool = True) -> bool:
        return False


def progress_bar(label: str, *, quiet: bool) -> Progress:
    """A bar that says what is done, how much of it, and how long it takes. It is shown unless
    `quiet`."""
    terminal = _Terminal(stderr=True)
    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=terminal, transient=True, disable=quiet or not terminal.is_terminal)
