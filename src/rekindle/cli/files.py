"""Files that a command writes: whole, or not at all."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from rekindle.errors import ExportNotWritten


@contextmanager
def whole_file(path: Path, what: str, option: str) -> Generator[IO[str]]:
    """A file that takes the name `path` when the block ends, and is removed if it fails. One that
    is cut off might pass for everything there is. Only its owner may read it.

    Raises:
        ExportNotWritten: it cannot be written.
    """
    try:
        with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
            try:
                yield file
                file.flush()
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink()
                raise
    except OSError as error:
        raise ExportNotWritten(f"the {what} could not be written to {option}: {error.strerror}") from None
