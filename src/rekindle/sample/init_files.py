"""The files that a team starts from: its configuration, the views over its own tables, and what
its apps may read."""

import shutil
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from rekindle.errors import BadArgument

_NAMES = ("rekindle.toml", "source.sql")
_SUPABASE = ("apps.sql",)


def write_init_files(folder: Path, *, force: bool = False, supabase: bool = False) -> list[Path]:
    """The folder holds rekindle.toml and source.sql, and for Supabase apps.sql, complete; their
    paths in that order.

    Both are written beside their places and then moved there, so that no half of a file is ever
    seen under its name. Two callers at once write the same text.

    Args:
        folder: an existing folder.
        force: replace files of these names.
        supabase: with apps.sql.

    Raises:
        BadArgument: the folder does not exist or may not be written, or one of the files exists and
            `force` is false. Nothing was written then.
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
    """The folder is there, and no file is in the way, or this raises BadArgument."""
    if not folder.is_dir():
        raise BadArgument(f"there is no folder {folder}", hint="Make it first, or name another.")
    there = [target.name for target in targets if target.exists() or target.is_symlink()]
    if there and not force:
        raise BadArgument(
            f"{folder} already holds {' and '.join(there)}; nothing was written",
            hint="Name another folder, or replace them with --force.",
        )
    if blocked := [target.name for target in targets if target.is_dir()]:
        raise BadArgument(f"{' and '.join(blocked)} in {folder} is a folder; nothing was written")
