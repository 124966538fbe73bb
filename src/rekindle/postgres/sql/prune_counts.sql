-- In: as the statements prune_*.sql.
-- Out: deleted, the number of rows per table that a prune would delete now. A row that a later row
-- of the same prune makes useless is not counted.
-- Locks: none.
-- Never: a write.
with notification as (
  select n.id from rekindle.scenario_notification n where {prunable/notification}
),
run as (
  select r.run_id from rekindle.run r where {prunable/run}
),
token as materialized (
  select t.device_id from rekindle.disabled_token t where {prunable/disabled_token}
),
registered as materialized (
  select distinct rekindle.device_id(d.target_kind, rekindle.trimmed(d.token::text)) as device_id
  from rekindle_source.device_token d
  where exists (select from token)
)
select jsonb_build_object(
  'scenario_notification', (select count(*) from notification),
  'came_back', (select count(*) from notification join rekindle.came_back c on c.claim_id = notification.id),
  'delivery', (select count(*) from notification join rekindle.delivery d on d.claim_id = notification.id),
  'outcome', (select count(*) from rekindle.outcome o where {prunable/outcome}),
  'run', (select count(*) from run),
  'run_scenario', (select count(*) from run join rekindle.run_scenario s on s.run_id = run.run_id),
  'gate', (select count(*) from rekindle.gate g where {prunable/gate}),
  'cap', (select count(*) from rekindle.cap k where {prunable/cap}),
  'spent', (select count(*) from rekindle.spent s where {prunable/spent}),
  'enrolment', (select count(*) from rekindle.trial t
                join rekindle.enrolment e on e.trial_id = t.trial_id where {prunable/enrolment}),
  'disabled_token', (select count(*) from token
                     where not exists (select from registered where registered.device_id = token.device_id)),
  'audit', (select count(*) from rekindle.audit a where {prunable/audit}),
  'api_key', (select count(*) from rekindle.api_key y where {prunable/api_key}),
  'worker', (select count(*) from rekindle.worker w where {prunable/worker}),
  'installation', (select count(*) from rekindle.installation v where {prunable/installation}),
  'test_send', (select count(*) from rekindle.test_send t where {prunable/test_send}),
  'backtest', (select count(*) from rekindle.backtest b where {prunable/backtest})
) as deleted
