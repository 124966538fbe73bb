-- A part of keep_spent.sql: the occurrences of events that began longer ago than the longest
-- threshold that a scenario may have. Moved to a later day, such an event is another occasion.
select named.user_id, named.scenario_type, named.occurrence
from (
  select push.user_id, push.scenario_type, push.occurrence,
         case when push.kind = 'event' then substring(
           push.occurrence from ':([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z):[0-9]{1,7}m$'
         )::timestamptz end as starts_at
  from push
) named
where named.starts_at < (select rekindle.clock()) - interval '90 days'  -- mutant: events-that-are-over
