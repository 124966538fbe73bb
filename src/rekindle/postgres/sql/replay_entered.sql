-- In: at. The caller binds {view} to the name of a view of the team that has a column recorded_at.
-- Out: the rows that had been entered by then. A replay of the past reads them in place of the
-- view.
select * from rekindle_source.{view} where recorded_at is null or recorded_at <= %(at)s::timestamptz  -- mutant: entered-by-then
