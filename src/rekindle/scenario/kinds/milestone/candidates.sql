-- A part of verdicts.sql: people whose number of activities, or the sum of their amounts, has
-- reached a mark of their variant. Only the highest reached mark counts. So a run after an outage
-- sends one push, not one per mark. A person who was sent a higher mark, or may have been, stays at
-- it. The number may fall and a mark may leave the configuration, but nobody is congratulated on a
-- lower mark afterwards. Only what has happened counts (rekindle.happened); a date counts from its
-- beginning in UTC.
-- Activities are counted in the order of the index on (user_id, activity_date). The ORDER BY in the
-- subquery forces that. Without it the planner estimates from a sample how many people have
-- activities (8 times too few at 1,000,000) and chooses a hash, which spills to disk and takes 4.2
-- s. The count in order takes 0.8 s.
select recipient.*, null::text as absence, null::date as inactive_since_on, 0 as rank,
       {kinds/milestone/reached_on} as began_on,
       %(named)s::text || greatest(reached.mark, highest_sent.mark) as occurrence,
       jsonb_build_object('activities', counted.activities, 'total', trim_scale(round(counted.total::numeric, 2)),
                          'mark', reached.mark) as variables
from recipient
join (
  select ordered.user_id, count(*) as activities, {kinds/milestone/total} as total
  from (
    select a.user_id, {kinds/milestone/amount} as amount
    from rekindle_source.activity a
    where (%(user_id)s::uuid is null or a.user_id = %(user_id)s::uuid)
      and rekindle.happened(a.activity_date, %(at)s::timestamptz, 'UTC')  -- mutant: happened
    order by a.user_id
  ) ordered
  group by ordered.user_id
  having {kinds/milestone/total} >= %(lowest_mark)s::int
) counted on counted.user_id = recipient.user_id
cross join lateral (
  select max(mark) as mark from unnest((recipient.variant).thresholds) as mark where mark <= counted.total
) reached
cross join lateral (
  select max(substring(sent.occurrence from '^' || %(named)s::text || '([0-9]{1,9})$')::int) as mark
  from rekindle.sent(recipient.user_id, %(names)s::text[]) as sent
) highest_sent
where reached.mark is not null
