"""The table of mutants in Markdown, ready to paste."""

from collections.abc import Sequence
from pathlib import Path

from mutants.catalogue import Mutant


def noticed_by(mutant: Mutant) -> str:
    """The tests of a mutant, each as `file::name`."""
    names = [(Path(path).stem, test) for path, _, test in (one.partition("::") for one in mutant.tests)]
    return ", ".join(f"`{stem}::{test}`" for stem, test in names)


def table(mutants: Sequence[Mutant]) -> str:
    """One line per mutant."""
    rows = [f"| {mutant.name} | {noticed_by(mutant)} |" for mutant in mutants]
    return "\n".join(["| taken away | noticed by |", "|---|---|", *rows])
