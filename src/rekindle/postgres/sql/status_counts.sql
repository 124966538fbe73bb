-- In: nothing.
-- Out: one row. waiting: live units that wait to be sent. unknown: sends of the last 24 hours whose
-- outcome is not known, held or closed. disabled: tokens that were disabled in the last 24 hours.
-- halted: runs of the last 24 hours that stopped for an operator.
select
  (select count(*) from rekindle.outbox where state in ('claimed', 'retry')) as waiting,
  (select count(*) from rekindle.outbox where state = 'unknown')
    + (select count(*) from rekindle.outcome
       where outcome = 'unknown' and at > rekindle.clock() - interval '24 hours') as unknown,
  (select count(*) from rekindle.disabled_token
   where disabled_at > rekindle.clock() - interval '24 hours') as disabled,
  (select count(*) from rekindle.run
   where status = 'halted' and started_at > rekindle.clock() - interval '24 hours') as halted
