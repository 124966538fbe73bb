-- A part of verdicts.sql: the candidates, each with whether its occurrence is spent.
select candidate.*, null::text[] as other_occurrences,
       {spent} as spent
from candidate
