-- In: at.
-- Out: one row about the certificates: how many there are; how many have expired by `at`; and how
-- many of those another of the same person and name outlasts.
select count(*) as certificates,
       count(*) filter (where c.expires_on < %(at)s::timestamptz::date) as expired,
       count(*) filter (where c.outlasted) as renewed
from (
  select one.expires_on,
         one.name is not null
         and one.expires_on < max(one.expires_on) over (
               partition by one.user_id, rekindle.same_name(one.name::text)) as outlasted
  from rekindle_source.certification one
) c
