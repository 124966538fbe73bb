"""The files that a team starts from: its configuration, the views over its tables, and the read
access of its apps."""

import shutil
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from rekindle.errors import BadArgument

_NAMES = ("rekindle.toml", "source.sql")
_SUPABASE = ("apps.sql",)


def write_init_files(folder: Path, *, force: bool = False, supabase: bool = False) -> list[Path]:
    """Write rekindle.toml and source.sql, and for Supabase apps.sql, into the folder. Returns their
    paths in that order.

    Each file is written under another name and then renamed, so nobody ever sees half a file. Two
    callers at once write the same text.

    Args:
        folder: an existing folder.
        force: replace files of these names.
        supabase: also write apps.sql.

    Raises:
        BadArgument: the folder does not exist or cannot be written, or one of the files exists and
            `force` is false. Nothing was written.
    """
    names = _NAMES + (_SUPABASE if supabase else ())
    targets = [folder / name for name in names]
    _check_writable(folder, targets, force=force)
    drafts = [target.with_name(f".{target.name}.draft") for target in targets]
    try:
        for name, draft in zip(names, drafts, strict=True):
            template = resources.files("rekindle.sample").joinpath("templates", name)
            with template.open("rb") as source, draft.open("wb") as copy:
                shutil.copyfileobj(source, copy)
        for target, draft in zip(targets, drafts, strict=True):
            draft.replace(target)
    except OSError as error:
        raise BadArgument(f"{folder} cannot be written: {error.strerror}") from None
    finally:
        for draft in drafts:
            draft.unlink(missing_ok=True)
    return targets


def _check_writable(folder: Path, targets: Sequence[Path], *, force: bool) -> None:
    """Raise BadArgument unless the folder exists and no file is in the way."""
    if not folder.is_dir():
        raise BadArgument(f"the folder {folder} does not exist", hint="Create it first, or name another.")
    there = [target.name for target in targets if target.exists() or target.is_symlink()]
    if there and not force:
        raise BadArgument(
            f"{folder} already has {' and '.join(there)}; nothing was written",
            hint="Name another folder, or use --force to replace them.",
        )
    if blocked := [target.name for target in targets if target.is_dir()]:
        raise BadArgument(f"{' and '.join(blocked)} in {folder} is a folder; nothing was written")
