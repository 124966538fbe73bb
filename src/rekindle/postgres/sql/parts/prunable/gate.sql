-- A part of prune_gate.sql and prune_counts.sql: the gate has been open for as long as its
-- retention, and no statement can still find a reason to move it: no claim in flight, and no
-- unknown outcome that may become a record. A gate that is not there is open (claim.sql).
g.inflight is null  -- mutant: in-flight
  and g.next_at < (select rekindle.clock() - make_interval(secs => %(gate_seconds)s::float8))  -- mutant: open-gates
  and not exists (select from rekindle.outcome o
                  where o.user_id = g.user_id and o.scenario_type = g.scenario_type
                    and o.outcome = 'unknown')  -- mutant: may-become-a-record
