"""The page on opened pushes: an app stores them through Supabase's API, and the report counts
them."""

import pytest
from psycopg import errors

from docs.documents import ROOT, blocks, read
from rekindle import Engine
from rekindle.configuration import load_config
from rekindle.settings import Settings
from supabase.conftest import Project, one_supabase
from supabase.test_apps import COORDINATOR_1, MENTOR_1, MENTOR_2, calling, person

supabase = one_supabase
PAGE = {one.info.removeprefix("sql "): one.text for one in blocks(read("docs/how-to/opened-pushes.md"))}
# What PostgREST makes of `upsert` with `ignoreDuplicates`.
UPSERT = "insert into public.push_opens (claim_id) values (%s) on conflict (claim_id) do nothing returning 1"


async def test_a_tap_is_stored_once_by_the_person_and_counted_in_the_report(sent: Project) -> None:
    sent.script(PAGE["table"])
    sent.script(PAGE["view"])
    [(claim,)] = sent.rows("select id from rekindle.scenario_notification where user_id = %s", person(MENTOR_1))
    with calling(sent, "authenticated", MENTOR_1) as caller:
        assert caller.rows(UPSERT, claim) == [(1,)]
        assert caller.rows(UPSERT, claim) == []
        caller.connection.commit()
    assert sent.rows("select claim_id, user_id from public.push_opens") == [(claim, person(MENTOR_1))]
    with calling(sent, "authenticated", MENTOR_2) as caller:
        assert caller.rows("select claim_id from public.push_opens") == []
        assert caller.rows(UPSERT, claim) == []
    for statement in (
        "select opened_at from public.push_opens",
        "update public.push_opens set opened_at = now()",
        "delete from public.push_opens",
        "insert into public.push_opens (claim_id, opened_at) values (gen_random_uuid(), now())",
    ):
        with calling(sent, "authenticated", MENTOR_1) as caller, pytest.raises(errors.InsufficientPrivilege):
            caller.rows(statement)
    for role in ("anon", "service_role"):
        with calling(sent, role, COORDINATOR_1) as caller, pytest.raises(errors.InsufficientPrivilege):
            caller.rows("select from rekindle_source.opened")
    settings = Settings.model_validate({"REKINDLE_DATABASE_URL": sent.worker_url})
    async with Engine.open(settings, load_config(ROOT / "examples" / "supabase" / "rekindle.toml")) as engine:
        summary = await engine.report(within_seconds=86_400)
        assert sum(one.opened or 0 for one in summary.places) == 1
        found = [one for one in await engine.check() if one.subject == "opened"]
        assert [(one.fault, one.message) for one in found] == [(None, "rekindle_source.opened has the right columns")]


def test_the_code_for_the_apps_reads_the_key_that_a_push_has() -> None:
    assert "message?.data['claim_id']" in PAGE["dart"]
    assert "message?.data?.claim_id" in PAGE["tsx"]
