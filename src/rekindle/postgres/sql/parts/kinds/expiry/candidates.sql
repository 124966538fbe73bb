-- A part of verdicts.sql: people with a certificate that expires within a threshold of their
-- variant, today included.
-- One row per certificate, for the smallest threshold that it is within. The lowest `rank` is the
-- most urgent. The expiry date is part of the occurrence, so a certificate that is renewed in place
-- is a new occasion. The range on expires_on has a margin of one day for time zones; `days_left`
-- then decides exactly.
select recipient.user_id, recipient.organisation_id, recipient.locale, recipient.extra_columns, recipient.zone,
       recipient.variant, null::date as inactive_since_on, expiry.days_left as rank,
       'expiry:' || c.certification_id || ':' || c.expires_on || ':' || reached.threshold || 'd' as occurrence,
       jsonb_build_object('certificate', c.name, 'expires_on', c.expires_on, 'days_left', expiry.days_left,
                          'threshold', reached.threshold) as variables
from recipient
join rekindle_source.certification c
  on c.user_id = recipient.user_id
 and c.expires_on between %(evaluated_on)s::date - 1 and %(evaluated_on)s::date + %(longest_days)s::int + 1
cross join lateral (
  select c.expires_on - rekindle.local_day(%(at)s::timestamptz, coalesce(recipient.zone, 'UTC')) as days_left
) expiry
cross join lateral (
  select min(threshold) as threshold from unnest((recipient.variant).thresholds) as threshold
  where expiry.days_left >= 0 and threshold >= expiry.days_left
) reached
where reached.threshold is not null
  -- Without an id, two certificates would have the same occurrence.
  and c.certification_id is not null
