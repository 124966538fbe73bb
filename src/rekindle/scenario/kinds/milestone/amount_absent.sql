-- A part of the other parts of this kind, in place of amount: activities are counted, or the team's
-- view has no amounts.
null::numeric
