-- A part of verdicts.sql: people with an event that begins within a threshold of their variant, and
-- has not begun.
-- One row per event, for the smallest threshold that it is within. The lowest `rank` is the most
-- urgent. An event has begun at `starts_at`; that moment is not due.
-- The occurrence names the event, its beginning and the threshold. A push keeps its name as long as
-- the event has moved by less than the threshold: then it is the same occasion. A push also spends
-- every threshold that the event was within at that push, since thresholds may be edited and the
-- event may move away from the threshold of the push.
select recipient.*, null::text as absence, null::date as inactive_since_on, beginning.seconds_left as rank,
       coalesce(sent.occurrence,
                named.event || to_char(timezone('UTC', e.starts_at), 'YYYY-MM-DD"T"HH24:MI:SS"Z"') || ':'
                  || reached.threshold / 60 || 'm') as occurrence,
       jsonb_build_object('event', e.name, 'event_id', e.event_id::text, 'starts_at', e.starts_at,
                          'hours_left', round(beginning.seconds_left / 3600.0),
                          'minutes_left', round(beginning.seconds_left / 60.0)) as variables
from recipient
join rekindle_source.event e
  on e.user_id = recipient.user_id
 and e.starts_at > %(at)s::timestamptz  -- mutant: event-not-begun
 and e.starts_at <= %(at)s::timestamptz + make_interval(secs => %(longest_seconds)s::int)
cross join lateral (
  select ceil(extract(epoch from e.starts_at - %(at)s::timestamptz))::int as seconds_left
) beginning
cross join lateral (
  select min(threshold) as threshold from unnest((recipient.variant).thresholds) as threshold
  where threshold >= beginning.seconds_left
) reached
cross join lateral (
  select 'event:' || e.event_id || ':' as event
) named
left join lateral (
  select min(push.occurrence) as occurrence
  from (
    select had.occurrence, had.evaluated_at,
           case when substr(had.occurrence, length(named.event) + 1)
                     ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z:[0-9]{1,7}m$'
                then substr(had.occurrence, length(named.event) + 1, 20)::timestamptz end as starts_at
    from rekindle.sent(recipient.user_id, %(names)s::text[]) as had
    where starts_with(had.occurrence, named.event)
  ) push
  where abs(extract(epoch from date_trunc('second', e.starts_at) - push.starts_at)) < reached.threshold  -- mutant: event-keeps-its-name
    and extract(epoch from push.starts_at - push.evaluated_at) <= reached.threshold  -- mutant: threshold-of-the-push
) sent on reached.threshold is not null
where reached.threshold is not null
  -- Without an id, two events would have the same occurrence.
  and e.event_id is not null
