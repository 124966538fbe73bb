-- A part of verdicts.sql: why somebody who is due is not claimed, in order; the first that holds is the one that counts.
when not (c.variant).enabled then 'not_enabled'
when (select everybody from switched_off)
  or c.organisation_id = any ((select organisations from switched_off)::uuid[]) then 'switched_off'
when opted_out.user_id is not null then 'opted_out'
when c.spent then 'already_notified'
when (c.variant).absence_limit is not null and (
      select count(distinct s.occurrence) from (
        select n.occurrence from rekindle.scenario_notification n
        where n.user_id = c.user_id and n.scenario_type = %(scenario_type)s
        union all
        select o.occurrence from rekindle.outcome o
        where o.user_id = c.user_id and o.scenario_type = %(scenario_type)s and o.outcome = 'unknown'
      ) s where starts_with(s.occurrence, 'inactive:' || c.inactive_since_on || ':')
    ) >= (c.variant).absence_limit
  then 'absence_limit'
when g.inflight is not null then 'in_flight'
when g.next_at > %(at)s::timestamptz then 'cooldown'
-- Nobody came back after the last push, nor after the one before it: each further one waits so many times as long.
when (c.variant).back_off is not null
     and rekindle.backed_off_until(c.user_id, %(scenario_type)s, c.inactive_since_on, c.variant) > %(at)s::timestamptz
  then 'back_off'
when exists (select from rekindle.scenario_notification n where n.idempotency_key =
             rekindle.idempotency_key(c.user_id, %(scenario_type)s, %(evaluated_on)s::date)) then 'already_today'
when c.zone is null and ((c.variant).quiet_from is not null or (c.variant).weekdays <> '{}') then 'no_timezone'
when not rekindle.is_weekday(%(at)s::timestamptz, c.zone, (c.variant).weekdays) then 'weekday'
when rekindle.is_quiet(%(at)s::timestamptz, c.zone, (c.variant).quiet_from, (c.variant).quiet_until) then 'quiet_hours'
when (c.variant).cap_counts <> '{}' and (k.user_id is not null or w.user_id is not null)
     and not rekindle.fits(coalesce(k.counted, '{}'), coalesce(w.scenarios, 0), (c.variant).cap_counts,
                           (c.variant).cap_seconds, %(at)s::timestamptz) then 'frequency_cap'
-- A batch of units is held in memory: nobody's variables may be megabytes.
when pg_column_size(merged.variables) > 65536 then 'variables_too_large'
-- An index entry holds 2,704 bytes. A longer occurrence could be sent and not be recorded, and no other unit of its
-- batch either. Ours are short, unless a certificate's id is a long text.
when octet_length(c.occurrence) > 1000 then 'occurrence_too_long'
