-- A part of candidates.sql, if the scenario has `since` or `max_age`: the local day on which the
-- person's number or sum first reached the mark. It is looked up person by person, so such a
-- scenario needs the index on (user_id, activity_date).
(
  select rekindle.local_day(min(step.activity_date), coalesce(recipient.zone, 'UTC'))
  from (
    select ordered.activity_date, {kinds/milestone/total} over (order by ordered.activity_date) as total
    from (
      select a.activity_date, {kinds/milestone/amount} as amount
      from rekindle_source.activity a
      where a.user_id = recipient.user_id and rekindle.happened(a.activity_date, %(at)s::timestamptz, 'UTC')
    ) ordered
  ) step
  where step.total >= reached.mark
)
