-- In: old_seconds, old_transactions.
-- Out: (holder, since), oldest first: whatever keeps the server from removing dead rows for longer
-- than that. The queue of units is rewritten by every run, and its reads become slower. Without the
-- role pg_read_all_stats, a login sees only the sessions of the same role. A slot has no time: the
-- number of transactions since decides.
select format('process %%s (%%s)', a.pid, coalesce(nullif(a.application_name, ''), 'no name')) as holder,
       a.xact_start as since
from pg_catalog.pg_stat_activity a
where a.backend_xmin is not null and a.pid <> pg_backend_pid() and a.backend_type = 'client backend'
  and a.xact_start < rekindle.clock() - make_interval(secs => %(old_seconds)s)
union all
select format('prepared transaction %%s', p.gid), p.prepared
from pg_catalog.pg_prepared_xacts p
where p.database = current_database() and p.prepared < rekindle.clock() - make_interval(secs => %(old_seconds)s)
union all
select format('replication slot %%s', s.slot_name), null
from pg_catalog.pg_replication_slots s
where greatest(age(s.xmin), age(s.catalog_xmin)) > %(old_transactions)s
order by 2 nulls last, 1
