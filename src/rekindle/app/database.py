"""What a run would meet in the database itself, before any view or text."""

from rekindle.engine.findings import Finding
from rekindle.errors import DatabaseUnfit, NotMigrated, PermissionMissing
from rekindle.ports import Source
from rekindle.postgres import installation
from rekindle.postgres.pool import Database
from rekindle.postgres.reports import Reports

_LISTED = 5


async def check_database(database: Database, reports: Reports, source: Source) -> tuple[list[Finding], bool]:
    """Return the findings about the database, and whether the ledger can be read. If it cannot,
    nothing else can be checked."""
    try:
        await reports.check_fitness()
        findings = [Finding("database", "the database answers, is migrated and fit for the ledger")]
    except DatabaseUnfit as fault:
        findings = [Finding("database", fault.message, fault)]
    except (NotMigrated, PermissionMissing) as fault:
        return [Finding("database", fault.message, fault), *await _rights(reports)], False
    findings += await _rights(reports)
    if closed := await source.closed():
        message = f"the role rekindle_worker may not read {_listed([f'rekindle_source.{view}' for view in closed])}"
        findings.append(
            Finding("rights", f"{message}: a login that has that role needs the grants of source.sql", note=True)
        )
    try:
        fault, note = await installation.look(database)
    except (NotMigrated, PermissionMissing) as missing:
        return [*findings, Finding("database", missing.message, missing)], False
    if fault is not None:
        findings.append(Finding("installation", fault.message, fault))
    elif note is not None:
        findings.append(Finding("installation", note, note=True))
    return findings, True


async def _rights(reports: Reports) -> list[Finding]:
    missing = await reports.missing_rights()
    if not missing:
        return []
    fault = PermissionMissing(
        f"missing in the ledger: {_listed(missing)}",
        hint="Run `rekindle migrate` as the owner of the tables, which gives back what is missing. A dump has no "
        "roles, so a restored database lacks their rights.",
    )
    return [Finding("rights", fault.message, fault)]


def _listed(names: list[str]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")
