-- In: nudged, held_out: of 100 people of each arm, how many come back.
-- Somebody who was claimed, and has not been active since, is active again some days later if their
-- id is among those numbers; and if that is not after now.
insert into programme.activity_log (mentor_id, kind, happened_at)
select due.user_id, 'conversation', due.at
from (
  select e.user_id, e.arm, e.claimed_at, drawn.number,
         e.claimed_at + make_interval(days => 1 + drawn.number %% 11, hours => drawn.number %% 5) as at
  from rekindle.enrolment e
  cross join lateral (select abs(hashtext('back' || e.user_id)::bigint %% 100)::int as number) drawn
) due
where due.number < case due.arm when 'held_out' then %(held_out)s else %(nudged)s end
  and due.at < pg_catalog.clock_timestamp()
  and not exists (
    select from programme.activity_log a where a.mentor_id = due.user_id and a.happened_at > due.claimed_at
  )
