-- In: nothing.
-- Out: (at, evaluated_on): the ledger's clock and its UTC date. Both are fixed for one evaluation.
-- Locks: none.
select at, (at at time zone 'UTC')::date as evaluated_on from rekindle.clock() as at
