-- In: audit_seconds; limit; after (null: from the oldest), what the batch before returned.
-- Out: deleted; after, where the next batch begins (null: nothing is left). One batch of the audit,
-- the oldest first.
-- Locks: those rows.
with old as materialized (
  select a.audit_id, a.at
  from rekindle.audit a
  where a.at >= coalesce((%(after)s::jsonb ->> 'at')::timestamptz, '-infinity')
    and {prunable/audit}
  order by a.at
  limit %(limit)s
),
gone as (
  delete from rekindle.audit a using old where a.audit_id = old.audit_id returning a.at
)
select jsonb_build_object('audit', count(*)) as deleted,
       case when count(*) = %(limit)s then jsonb_build_object('at', max(gone.at)) end as after
from gone
