"""`python -m mutants`: a table of what was removed and which tests noticed; exit code 1 if any
mutant was not noticed.

Words after it select the mutants whose names contain one of them. `--list` prints the table and
runs nothing.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

from mutants.catalogue import MUTANTS, ROOT, Mutant
from mutants.copy import copied
from mutants.table import noticed_by, table

_PREPARED = "database/test_statements.py::test_every_standalone_statement_can_be_prepared"
_PREPARED_CLAIM = (
    "database/test_statements.py::test_composed_statements_can_be_prepared_with_and_without_each_view[claim-sql]"
)


def ends(tests: Sequence[str], mutant: Mutant | None = None) -> Mapping[str, str]:
    """How each of the tests ended on a copy of the source, with the mutant's change if there is
    one."""
    changed = ("", "") if mutant is None else (mutant.file, mutant.mutated())
    with copied(*changed) as (folder, environment):
        report = folder / "ends.json"
        files = dict.fromkeys(f"tests/{test.partition('[')[0]}" for test in tests)
        named = {"MUTANTS_TESTS": json.dumps(list(tests)), "MUTANTS_ENDS": str(report)}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "mutants.witness", "-p", "no:cacheprovider", *files]
        done = subprocess.run(
            command, cwd=ROOT, env={**environment, **named}, capture_output=True, text=True, check=False
        )
        if not report.exists():
            raise RuntimeError(f"pytest did not come to its end:\n{done.stdout[-3_000:]}{done.stderr[-3_000:]}")
        found = json.loads(report.read_text(encoding="utf-8"))
    return {test: found.get(test, "not found") for test in tests}


def judge(mutant: Mutant) -> list[str]:
    """What is wrong with the tests or the mutant. Every named test must notice it, and the
    server must be able to plan it."""
    wanted = dict.fromkeys(mutant.tests, "noticed")
    if mutant.file.endswith(("/claim.sql", "/stage_outranking.sql")) or any(
        folder in mutant.file for folder in ("/parts/", "/kinds/")
    ):
        wanted[_PREPARED_CLAIM] = "passed"
    elif mutant.file.endswith(".sql"):
        wanted[_PREPARED] = "passed"
    found = ends(list(wanted), mutant)
    return [f"{test}: {end}" for test, end in found.items() if end != wanted[test]]


def main() -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("words", nargs="*", help="of the names of the mutants to run")
    parser.add_argument("--list", action="store_true", help="print the table, and run nothing")
    parsed = parser.parse_args()
    chosen = [one for one in MUTANTS if not parsed.words or any(word in one.name for word in parsed.words)]
    if parsed.list:
        return _say(table(chosen)) or 0
    tests = list(dict.fromkeys(test for one in chosen for test in one.tests))
    wrong = [f"without any mutant, {test}: {end}" for test, end in ends(tests).items() if end != "passed"]
    if wrong:
        return _say(*wrong) or 1
    _say("| taken away | noticed by | s |", "|---|---|---:|")
    for mutant in chosen:
        started = time.monotonic()
        survived = judge(mutant)
        wrong += [f"{mutant.name}: {what}" for what in survived]
        verdict = "**NOBODY**" if survived else noticed_by(mutant)
        _say(f"| {mutant.name} | {verdict} | {time.monotonic() - started:.1f} |")
    _say("", *wrong, f"{len(chosen)} mutants, {len(wrong)} complaints")
    return 1 if wrong else 0


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
