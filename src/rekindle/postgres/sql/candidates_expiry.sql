-- A part of verdicts.sql: whose certificate expires within a threshold of their variant, today included.
-- One row per certificate, for the tightest threshold that it is within; `rank` makes the most urgent one win. The
-- expiry date is part of the occurrence: a certificate renewed in place is a new occasion. The range on expires_on
-- has a day's margin for time zones; `days_left` then decides exactly.
select r.user_id, r.organisation_id, r.locale, r.own, r.zone, r.variant, null::date as inactive_since_on, due.days_left as rank,
       'expiry:' || c.certification_id || ':' || c.expires_on || ':' || reached.threshold || 'd' as occurrence,
       jsonb_build_object('certificate', c.name, 'expires_on', c.expires_on, 'days_left', due.days_left,
                          'threshold', reached.threshold) as variables
from recipient r
join rekindle_source.certification c on c.user_id = r.user_id
  and c.expires_on between %(evaluated_on)s::date - 1
                       and %(evaluated_on)s::date + %(longest_days)s::int + 1
cross join lateral (
  select c.expires_on - rekindle.local_day(%(at)s::timestamptz, coalesce(r.zone, 'UTC')) as days_left
) due
cross join lateral (
  select min(threshold) as threshold from unnest((r.variant).thresholds) as threshold
  where due.days_left >= 0 and threshold >= due.days_left
) reached
where reached.threshold is not null
  -- Without an id it is no occasion that could be told from another.
  and c.certification_id is not null
