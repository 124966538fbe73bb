"""Finds everything that is in the way of a configuration's first run, before anything is
claimed."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from rekindle import errors
from rekindle.engine.check_outcomes import check_outcomes
from rekindle.engine.check_rows import check_rows
from rekindle.engine.check_texts import check_texts
from rekindle.engine.findings import Finding
from rekindle.engine.open import unusable
from rekindle.engine.places import place_names
from rekindle.model import Message
from rekindle.ports import Changed, Dispatcher, Exposure, Source, View
from rekindle.scenario import Config
from rekindle.scenario.views import ACTIVITY, EXTERNAL_ID, ID, OPTIONAL, RECIPIENT, REQUIRED, Columns, optional
from rekindle.scenario.views import UUID as UUID_ONLY


async def check(config: Config, source: Source) -> list[Finding]:
    """Return everything that is missing or wrong, and everything that was found in order. Reads
    only."""
    views = await source.views()
    needed = _needed(config, views)
    findings = [finding for name, columns in needed.items() for finding in _view(name, columns, views)]
    broken = {finding.subject for finding in findings if finding.fault}
    unreadable = await _unreadable({name: columns for name, columns in needed.items() if name not in broken}, source)
    broken |= {finding.subject for finding in unreadable if finding.fault}
    findings = [finding for finding in findings if finding.fault or finding.subject not in broken] + unreadable
    # Every scenario has an outcome: people who were nudged are looked up in it, whatever the kind.
    if "activity" not in broken and _usable("activity", ACTIVITY, views):
        findings.append(await _activity_index(config, source))
    if "recipient" not in broken:
        findings += await check_outcomes(config, source)
    findings += _exposures(await source.exposures())
    own = None
    if "recipient" in views:
        own = [column for column in views["recipient"].columns if column.name not in {*RECIPIENT, EXTERNAL_ID}]
    findings += await check_texts(config, own, source, measured=not broken & _measured(config))
    findings += await check_rows(config, source, needed=needed.keys(), broken=broken)
    if "recipient" not in broken:
        findings += await _places_without_people(config, source)
    return findings


async def check_dispatcher(dispatcher: Dispatcher, ready: str, *, timeout_seconds: float) -> Finding:
    """Whether sending is possible; if so, the finding says `ready`. Opens the dispatcher, and lets
    the provider validate a push to a device that does not exist. Sends nothing."""
    try:
        await dispatcher.open()
    except errors.ProviderError as fault:
        return Finding("dispatcher", fault.message, fault)
    nobody = Message(
        claim_id=UUID(int=0),
        idempotency_key="0" * 64,
        user_id=UUID(int=0),
        scenario_type="check",
        target_kind="token",
        target="rekindle-check",
        title="Rekindle",
        body="A check",
    )
    fault = unusable(await dispatcher.validate(nobody, timeout=timeout_seconds))
    return Finding("dispatcher", ready) if fault is None else Finding("dispatcher", fault.message, fault)


def check_applied(changes: Mapping[str, Changed]) -> Finding:
    """Whether the configuration is the one in force."""
    if set(changes.values()) <= {"same"}:
        return Finding("applied", "this configuration is the one in force")
    return Finding("applied", "this configuration is not in force yet: run `rekindle apply`", note=True)


def _measured(config: Config) -> set[str]:
    """The views in which the longest values for the texts are looked up."""
    return {"recipient"} | {view for one in config.scenario.values() if one.open_ended for view in one.views()}


def _needed(config: Config, there: Mapping[str, View]) -> dict[str, Columns]:
    """The columns that this configuration needs, by view."""
    of_kinds: dict[str, Columns] = {}
    for scenario in config.scenario.values():
        for variant in scenario.variants():
            for view, columns in variant.views().items():
                of_kinds[view] = {**of_kinds.get(view, {}), **columns}
    needed = {view: {**columns, **of_kinds.pop(view, {})} for view, columns in REQUIRED.items()}
    return needed | dict(sorted(of_kinds.items())) | _optional(there)


def _optional(there: Mapping[str, View]) -> dict[str, Columns]:
    """The columns that the optional views that exist need."""
    return {name: optional(name, [column.name for column in there[name].columns]) for name in OPTIONAL if name in there}


def _usable(name: str, columns: Columns, views: Mapping[str, View]) -> bool:
    return name in views and not any(finding.fault for finding in _view(name, columns, views))


def _view(name: str, columns: Columns, views: Mapping[str, View]) -> list[Finding]:
    hint = "Write it in source.sql and run that file on the database."
    if name not in views:
        fault: errors.RekindleError = errors.SourceViewMissing(
            f"the view rekindle_source.{name} does not exist", hint=hint
        )
        return [Finding(name, fault.message, fault)]
    view = views[name]
    if view.fault is not None:
        return [Finding(name, view.fault.message, view.fault)]
    if view.refusal is not None:
        fault = errors.PermissionMissing(
            f"this role may not read rekindle_source.{name}: {view.refusal}",
            hint="Run the grants at the end of source.sql, and let a role that may read the tables own the views, "
            "without security_invoker. Functions in the views need separate grants.",
        )
        return [Finding(name, fault.message, fault)]
    types = {column.name: column.type for column in view.columns}
    wrong = [
        f"{column} is of type {types[column]} and must be {' or '.join(sorted(allowed))}"
        if column in types
        else f"column {column} ({' or '.join(sorted(allowed))}) is missing"
        for column, allowed in columns.items()
        if types.get(column) not in allowed
    ]
    if wrong:
        other = [column for column, allowed in columns.items() if allowed is UUID_ONLY and types.get(column) in ID]
        mapped = "".join(f" {_mapped(column)}," for column in other if types[column] != "uuid")
        fault = errors.SourceViewWrong(
            f"rekindle_source.{name}: {', '.join(wrong)}",
            hint=f"Write{mapped} in source.sql and run that file on the database."
            if mapped
            else "Correct the view in source.sql and run that file on the database.",
        )
        return [Finding(name, fault.message, fault)]
    if view.filtered is not None:
        return [
            Finding(name, f"row level security decides what rekindle_source.{name} shows: {view.filtered}", note=True)
        ]
    return [Finding(name, f"rekindle_source.{name} has the right columns")]


def _mapped(column: str) -> str:
    """How the view makes a UUID of another id. A claim is one already, as a text."""
    if column == "claim_id":
        return "claim_id::uuid as claim_id"
    space = {"user_id": "people", "organisation_id": "organisations", "chapter_id": "chapters"}[column]
    return f"rekindle.stable_uuid('{space}', {column}) as {column}"


def _exposures(exposures: Sequence[Exposure]) -> list[Finding]:
    if not exposures:
        return []
    findings: list[Finding] = []
    for name in sorted({one.schema_name for one in exposures if one.open}):
        through = [one.through for one in exposures if one.open and one.schema_name == name]
        fault = errors.SchemaExposed(
            f"schema {name} is open to the REST API, through {', '.join(through)}",
            hint=f"Remove it from the exposed schemas; revoke all on schema {name} from public, anon, authenticated.",
        )
        findings.append(Finding("api", fault.message, fault))
    return findings or [Finding("api", "the REST API exposes neither rekindle nor rekindle_source")]


async def _activity_index(config: Config, source: Source) -> Finding:
    if await source.has_activity_index():
        return Finding("activity index", "an index on (user_id, activity_date) serves rekindle_source.activity")
    message = "no index on (user_id, activity_date) serves rekindle_source.activity"
    if not any(one.needs_activity_index and one.enabled_somewhere for one in config.scenario.values()):
        why = "no enabled scenario needs it, but without one a run reads the whole view to see whether people came back"
        return Finding("activity index", f"{message}; {why}", note=True)
    return Finding(
        "activity index",
        message,
        errors.SourceIndexMissing(
            message,
            hint="Create one on the table behind the view: create index concurrently on your_activity_table "
            "(its_user_column, its_date_column).",
        ),
    )


async def _unreadable(needed: Mapping[str, Columns], source: Source) -> list[Finding]:
    """A fault for each view that fails on one of its rows. A view that is too large to be read
    whole in a few seconds is not a fault."""
    findings: list[Finding] = []
    for name, fault in (await source.unreadable({name: list(columns) for name, columns in needed.items()})).items():
        if isinstance(fault, errors.StatementTooSlow):
            message = f"rekindle_source.{name} is too large to look for values that cannot be read"
            findings.append(Finding(name, message, note=True))
        else:
            findings.append(Finding(name, fault.message, fault))
    return findings


async def _places_without_people(config: Config, source: Source) -> list[Finding]:
    """A note for each organisation or chapter that the configuration names and that has no active
    recipient. A mistyped id shows itself in no other way."""
    paths = {one.place: one.path for scenario in config.scenario.values() for one in scenario.overrides}
    if not paths:
        return []
    deserted = await source.deserted(list(paths))
    names = await place_names(source, deserted)
    findings: list[Finding] = []
    for place in deserted:
        name = ", ".join(filter(None, names.of(place)))
        where = f"{paths[place]} ({name})" if name else paths[place]
        findings.append(Finding("overrides", f"{where}: no active recipient is there", note=True))
    return findings
