"""`python -m torture`: one table; on any breach then the history of the units concerned, and exit
code 1."""

import argparse
import asyncio
import secrets
import sys
from collections.abc import Sequence

from torture.acts import Verdict, systematic, torture
from torture.table import table
from torture.terms import WORKERS, Session

DISPATCHERS = ("fcm", "supabase-function")
DESIGNS = ("rekindle", "check-send-record", "claim-and-requeue")


def arguments() -> argparse.Namespace:
    """The command line, with random seeds drawn."""
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="time under faults, shared among the seeds")
    parser.add_argument("--seed", nargs="+", default=["1"], help='whole numbers, or "random"')
    parser.add_argument("--design", choices=DESIGNS, default="rekindle")
    parser.add_argument("--dispatcher", choices=DISPATCHERS, default="fcm", help="through what rekindle sends")
    parser.add_argument("--systematic", type=int, metavar="N", help="instead: kill N times after each point of a cycle")
    parser.add_argument("--recipients", type=int, default=3_000)
    parser.add_argument("--workers", type=int, default=WORKERS)
    parsed = parser.parse_args()
    if parsed.dispatcher != "fcm" and parsed.design != "rekindle":
        parser.error("the other designs send through FCM alone")
    parsed.seed = [secrets.randbelow(10**6) if one == "random" else int(one) for one in parsed.seed]
    return parsed


async def run(parsed: argparse.Namespace) -> list[Verdict]:
    """Run the sessions one after another; as each ends, print a line."""
    verdicts: list[Verdict] = []
    _print(f"seeds: {' '.join(map(str, parsed.seed))}")  # at once: a session that fails can be repeated by its seed
    for seed in parsed.seed:
        seconds = parsed.seconds if parsed.systematic else parsed.seconds / len(parsed.seed)
        session = Session(parsed.design, seed, seconds, parsed.recipients, parsed.workers, parsed.dispatcher)
        verdict = await (systematic(session, parsed.systematic) if parsed.systematic else torture(session))
        verdicts.append(verdict)
        accepted = len(verdict.evidence.accepted)
        _print(f"seed {seed}: {accepted:,} accepted, {len(verdict.breaches):,} breaches")
    return verdicts


def report(verdicts: Sequence[Verdict]) -> int:
    """Print the table, and after it the histories of the breaches; the exit code."""
    _print("", table(verdicts))
    for verdict in verdicts:
        _print(*verdict.histories)
    return 1 if any(verdict.breaches for verdict in verdicts) else 0


def _print(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(report(asyncio.run(run(arguments()))))
