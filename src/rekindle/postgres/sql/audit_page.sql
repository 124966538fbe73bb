-- In: action (null: any), since and until (null: no bound), after (the id of the last row of the
-- page before; null: the first page), limit.
-- Out: rows of the audit, newest first.
-- Locks: none.
select audit_id, at, actor, action, scenario_type, organisation_id, subject, details
from rekindle.audit
where (%(action)s::text is null or action = %(action)s::text)
  and (%(since)s::timestamptz is null or at >= %(since)s::timestamptz)
  and (%(until)s::timestamptz is null or at < %(until)s::timestamptz)
  and (%(after)s::bigint is null or audit_id < %(after)s::bigint)
order by audit_id desc
limit %(limit)s
