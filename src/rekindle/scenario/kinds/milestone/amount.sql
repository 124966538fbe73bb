-- A part of the other parts of this kind: the amount of an activity, if it counts. A cast, because
-- the column may have any type of number.
rekindle.amount(a.amount::numeric)
