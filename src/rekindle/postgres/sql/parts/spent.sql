-- A part of occasion.sql and occasion_digest.sql: whether the occurrence of a candidate is spent:
-- recorded or unknown, also after a prune, or a trial has held the person out of it. The further
-- occurrences of a digest are in rekindle.spent from the moment at which it is recorded. While it
-- is unknown, its outcome has them. A push under an earlier name of the scenario counts.
-- OFFSET 0: each candidate is looked up by the index. Otherwise Postgres may read all records of
-- the scenario into a hash, and there are more of them with each run.
exists (select from rekindle.scenario_notification n
        where n.user_id = candidate.user_id and n.scenario_type = any (%(names)s::text[])  -- mutant: renamed-record
          and n.occurrence = candidate.occurrence
        offset 0)
or exists (select from rekindle.outcome o
           where o.user_id = candidate.user_id and o.scenario_type = any (%(names)s::text[])  -- mutant: renamed-unknown
             and (o.occurrence = candidate.occurrence
                  or candidate.occurrence = any (o.other_occurrences))  -- mutant: unknown-digest
             and o.outcome in ('unknown', 'held_out'))  -- mutant: held-out-spent
or exists (select from rekindle.spent s
           where s.user_id = candidate.user_id and s.scenario_type = any (%(names)s::text[])  -- mutant: renamed-spent
             and s.occurrence = candidate.occurrence)  -- mutant: spent-after-pruning
