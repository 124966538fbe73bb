-- In: disabled_token_seconds.
-- Out: deleted; after, null. One batch takes all that are old, because each batch reads all
-- registrations of the team. A disabled token leaves only if nobody has it registered any more.
-- Otherwise it would be sent to again, and the push would be wasted. The others are looked at again
-- after another retention.
-- Locks: the disabled tokens, in key order, skipping locked ones.
with old as materialized (
  select t.device_id
  from rekindle.disabled_token t
  where {prunable/disabled_token}
  order by t.device_id
  for update of t skip locked
),
registered as materialized (
  select distinct rekindle.device_id(d.target_kind, rekindle.trimmed(d.token::text)) as device_id
  from rekindle_source.device_token d
  where exists (select from old)   -- otherwise nothing is read
),
needed as (
  update rekindle.disabled_token t set needed_at = rekindle.clock()
  from old where t.device_id = old.device_id
    and exists (select from registered where registered.device_id = old.device_id)
),
gone as (
  delete from rekindle.disabled_token t using old
  where t.device_id = old.device_id
    and not exists (select from registered where registered.device_id = old.device_id)  -- mutant: still-registered
  returning 1
)
select jsonb_build_object('disabled_token', count(*)) as deleted, null::jsonb as after from gone
