"""A trial in which everybody has settled: six of ten nudged people came back, and two of ten of
those held out."""

from collections.abc import Mapping
from uuid import UUID

from team.team import Team

TRIAL = """
insert into rekindle.trial (scope, unit, held, horizon_seconds, outcome_sha256, worth, until_on, agreed_at, started_at)
select %s, 'person', 5000, 1209600, repeat('0', 64), 0.05, rekindle.clock()::date + 60,
       rekindle.clock() + interval '75 days', rekindle.clock() - interval '30 days'
"""
SETTLED = """
with given as (select %s::text as scope, %s::uuid as organisation, %s::int as people)
insert into rekindle.enrolment (trial_id, user_id, arm, bucket, claim_id, claimed_at,
                                scenario_type, scenario_version, organisation_id, settled_at, came_back_at)
select t.trial_id, one.user_id, arm.arm, 0, gen_random_uuid(), t.started_at + make_interval(days => number %% 14),
       given.scope, 1,
       given.organisation, t.started_at + make_interval(days => number %% 14 + 15),
       case when number %% 10 < case arm.arm when 'nudged' then 6 else 2 end
            then t.started_at + make_interval(days => number %% 14 + 1 + number %% 11) end
from given
join rekindle.trial t using (scope)
cross join generate_series(1, given.people) number
cross join lateral (select md5(t.trial_id::text || number || given.organisation)::uuid as user_id) one
cross join lateral (
  select case when rekindle.bucket(t.trial_id::text, t.scope, one.user_id::text) < %s then 'held_out'
              else 'nudged' end as arm
) arm
"""


def begin_trial(team: Team, scope: str, people: Mapping[UUID, int], *, held: int = 5_000) -> None:
    """Start the trial 30 days ago, with these numbers of people. With another `held`
    than 5,000, people are not in the arm into which they were drawn."""
    team.execute(TRIAL, scope)
    for organisation, number in people.items():
        team.execute(SETTLED, scope, organisation, number, held)


TEXTS = """
insert into rekindle.trial (scope, unit, texts, text_ends, texts_sha256, horizon_seconds, outcome_sha256, worth,
                            until_on, agreed_at, started_at)
select 'text:' || %s, 'person', '{A,B}', '{5000,10000}', repeat('0', 64), 1209600, repeat('0', 64), 0.05,
       rekindle.clock()::date + 60, rekindle.clock() + interval '75 days', rekindle.clock() - interval '30 days'
"""
READ = """
with given as (select %s::text as scenario, %s::uuid as organisation, %s::int as people)
insert into rekindle.enrolment (trial_id, user_id, arm, bucket, claim_id, claimed_at,
                                scenario_type, scenario_version, organisation_id, settled_at, came_back_at)
select t.trial_id, one.user_id, arm.arm, 0, gen_random_uuid(), t.started_at, given.scenario, 1, given.organisation,
       t.started_at + interval '15 days',
       case when number %% 10 < case arm.arm when 'B' then 6 else 2 end then t.started_at + interval '3 days' end
from given
join rekindle.trial t on t.scope = 'text:' || given.scenario
cross join generate_series(1, given.people) number
cross join lateral (select md5(t.trial_id::text || number || given.organisation)::uuid as user_id) one
cross join lateral (
  select case when rekindle.bucket(t.trial_id::text, t.scope, one.user_id::text) < 5000 then 'A' else 'B' end as arm
) arm
"""


def begin_texts(team: Team, scenario: str, people: Mapping[UUID, int]) -> None:
    """Start a text trial 30 days ago: six of ten people with text B came back, and two of ten with
    text A."""
    team.execute(TEXTS, scenario)
    for organisation, number in people.items():
        team.execute(READ, scenario, organisation, number)
