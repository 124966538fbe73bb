-- A part of verdicts.sql: people whose yearly day is within a threshold of their variant, that day
-- included. The first one is a year after the day in the view. 29 February is another day in most
-- years (leap_day).
-- The first condition reads no time zone and rejects almost everyone cheaply: it compares the month
-- and the day with those from three days ago until three days after the longest threshold. The
-- three days are for time zones and 29 February.
-- An occurrence is named by the day of its year. A day that is corrected by up to half a year is
-- the same occasion: it keeps the name of its push, so nobody gets a second push in that year.
-- Every threshold that it was within at an earlier push stays spent, since thresholds may be
-- edited. The day that is added there is for time zones.
select recipient.*, null::text as absence, null::date as inactive_since_on, yearly.days_left as rank,
       'date:' || case when reached.threshold >= least(sent.threshold, sent.days_left) then sent.name
                       else coalesce(left(sent.name, 10), to_char(yearly.next_on::timestamp, 'YYYY-MM-DD'))
                         || ':' || reached.threshold || 'd' end as occurrence,
       jsonb_build_object('date', yearly.next_on, 'years', yearly.years, 'days_left', yearly.days_left,
                          'threshold', reached.threshold) as variables
from recipient
cross join lateral (
  select coalesce(recipient.zone, 'UTC') as zone
) wall
cross join lateral (
  select rekindle.local_day((recipient.source_row).{on}, wall.zone) as first_on,
         rekindle.local_day(%(at)s::timestamptz, wall.zone) as today
) day
cross join lateral (
  select next.next_on, next.next_on - day.today as days_left,
         (date_part('year', next.next_on) - date_part('year', day.first_on))::int as years
  from (
    select rekindle.next_yearly(day.first_on, day.today, (recipient.variant).leap_day) as next_on
    offset 0  -- computed once
  ) next
) yearly
cross join lateral (
  select min(threshold) as threshold from unnest((recipient.variant).thresholds) as threshold
  where threshold >= yearly.days_left and yearly.years >= 1  -- mutant: first-year
) reached
left join lateral (
  select min(push.threshold) as threshold,
         min(yearly.next_on - rekindle.local_day(push.evaluated_at, 'UTC') + 1) as days_left,
         (array_agg(push.name order by push.threshold, push.name))[1] as name
  from (
    select substr(had.occurrence, 6) as name, substring(had.occurrence from ':([0-9]{1,3})d$')::int as threshold,
           had.evaluated_at
    from rekindle.sent(recipient.user_id, %(names)s::text[]) as had
    where had.occurrence ~ '^date:[0-9]{4}-[0-9]{2}-[0-9]{2}:[0-9]{1,3}d$'
  ) push
  where left(push.name, 10) collate "C"
        between to_char((yearly.next_on - %(same_days)s::int)::timestamp, 'YYYY-MM-DD')
            and to_char((yearly.next_on + %(same_days)s::int)::timestamp, 'YYYY-MM-DD')  -- mutant: yearly-day-keeps-its-name
) sent on reached.threshold is not null
where reached.threshold is not null
  and mod(372 + rekindle.calendar_day(rekindle.local_day((recipient.source_row).{on}, 'UTC'))
          - rekindle.calendar_day(%(evaluated_on)s::date - 3), 372)
      <= mod(372 + rekindle.calendar_day(%(evaluated_on)s::date + %(longest_days)s::int + 3)
             - rekindle.calendar_day(%(evaluated_on)s::date - 3), 372)
  -- A day that programs write for "never".
  and day.first_on > date '0001-01-02'
