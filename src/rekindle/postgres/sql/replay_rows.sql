-- In: nothing. The caller binds {view} to the name of a view of the team.
-- Out: its rows. A plan of it shows the functions that it calls.
select * from rekindle_source.{view}
