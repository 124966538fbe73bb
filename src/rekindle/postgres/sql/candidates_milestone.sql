-- A part of verdicts.sql: who has reached a mark of their variant; only the highest one reached, so that catching up
-- after an outage sends one push and not one per mark. Whoever was sent a higher mark, or may have been, stays at it:
-- the count may fall, and a mark may leave the configuration, but nobody is congratulated downwards.
select r.user_id, r.organisation_id, r.locale, r.own, r.zone, r.variant, null::date as inactive_since_on, 0 as rank,
       'milestone:' || greatest(reached.mark, sent.mark) as occurrence,
       jsonb_build_object('activities', counted.activities, 'mark', reached.mark) as variables
from recipient r
join (
  select a.user_id, count(*) as activities
  from rekindle_source.activity a
  where %(user_id)s::uuid is null or a.user_id = %(user_id)s::uuid
  group by a.user_id
  having count(*) >= %(lowest_mark)s::int
) counted on counted.user_id = r.user_id
cross join lateral (
  select max(mark) as mark from unnest((r.variant).thresholds) as mark where mark <= counted.activities
) reached
cross join lateral (
  select max(substring(s.occurrence from '^milestone:([0-9]{1,9})$')::int) as mark
  from (
    select n.occurrence from rekindle.scenario_notification n
    where n.user_id = r.user_id and n.scenario_type = %(scenario_type)s
    union all
    select o.occurrence from rekindle.outcome o
    where o.user_id = r.user_id and o.scenario_type = %(scenario_type)s and o.outcome = 'unknown'
  ) s
) sent
where reached.mark is not null
