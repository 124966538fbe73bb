-- A part of verdicts.sql: people with a certificate that expires within a threshold of their
-- variant, today included, or that expired as long ago as one says.
-- A threshold before the expiry is a positive number of days, and one after it a negative number.
-- One row per certificate, for the smallest threshold that is not below `days_left`: the last one
-- that it has passed. The lowest `rank` is the most urgent: what expires next, then what expired
-- last.
-- The expiry date is part of the occurrence, so a certificate that is renewed in place is a new
-- occasion. One that another of the same person and name outlasts was renewed by a new row, and is
-- not due, also after its expiry.
-- The range on expires_on has a margin of one day for time zones; `days_left` then decides exactly.
-- It begins with the first day that can matter, for an index; a date before 1970-01-02 means
-- "never".
-- A date that moves by one day is the same occasion: a view that computes it from an instant moves
-- it when a zone is filled in. Every threshold that the certificate was within at an earlier push
-- stays spent, since thresholds may be edited. The day that is added there is for time zones.
select recipient.*, null::text as absence, null::date as inactive_since_on,
       case when expiry.days_left >= 0 then expiry.days_left else 10000000 - expiry.days_left end as rank,
       c.expires_on as began_on,
       named.certificate || coalesce(sent.expires_on, named.expires_on) || ':'
         || case when reached.threshold >= least(sent.threshold, sent.days_left) then sent.threshold
                 else reached.threshold end || 'd' as occurrence,
       jsonb_build_object('certificate', c.name, 'expires_on', c.expires_on, 'days_left', greatest(expiry.days_left, 0),
                          'days_ago', greatest(-expiry.days_left, 0),
                          'expired', case when expiry.days_left < 0 then 'yes' else 'no' end, 'threshold',
                          abs(reached.threshold)) as variables
from recipient
join rekindle_source.certification c
  on c.user_id = recipient.user_id
 and c.expires_on between greatest(%(evaluated_on)s::date - %(oldest_days)s::int - 1, %(oldest_on)s::date,
                               date '1970-01-02')
                      and %(evaluated_on)s::date + %(longest_days)s::int + 1
cross join lateral (
  select c.expires_on - rekindle.local_day(%(at)s::timestamptz, coalesce(recipient.zone, 'UTC')) as days_left
) expiry
cross join lateral (
  select min(threshold) as threshold from unnest((recipient.variant).thresholds) as threshold
  where threshold >= expiry.days_left and (threshold > 0) = (expiry.days_left >= 0)  -- mutant: after-the-expiry
) reached
cross join lateral (
  select 'expiry:' || c.certification_id || ':' as certificate,
         to_char(c.expires_on::timestamp, 'YYYY-MM-DD') as expires_on
) named
left join lateral (
  select min(left(push.dated, 10)) as expires_on,
         min(substring(push.dated from ':(-?[0-9]{1,4})d$')::int) as threshold,
         min(c.expires_on - rekindle.local_day(push.evaluated_at, 'UTC') + 1) as days_left
  from (
    select substr(had.occurrence, length(named.certificate) + 1) as dated, had.evaluated_at
    from rekindle.sent(recipient.user_id, %(names)s::text[]) as had
    where starts_with(had.occurrence, named.certificate)
  ) push
  where left(push.dated, 10) in (
    named.expires_on,
    to_char(c.expires_on + interval '1 day', 'YYYY-MM-DD'),
    to_char(c.expires_on - interval '1 day', 'YYYY-MM-DD')  -- mutant: expiry-keeps-its-name
  )
) sent on reached.threshold is not null
where reached.threshold is not null
  -- Without an id, two certificates would have the same occurrence.
  and c.certification_id is not null
  and not exists (
    select from rekindle_source.certification renewal
    where renewal.user_id = c.user_id and rekindle.same_name(renewal.name::text) = rekindle.same_name(c.name::text)
      and renewal.expires_on > c.expires_on  -- mutant: renewed
  )
