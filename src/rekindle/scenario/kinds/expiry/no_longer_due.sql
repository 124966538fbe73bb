-- A part of arm.sql: the units whose certificate is gone, expires on another day, or was renewed by
-- a new row since the claim. The occurrence names the certificate (candidates.sql). Of a digest,
-- every certificate counts, as its text counts and names them: the next run makes another one. The
-- people's certificates are read once, because the view may have no index by person.
select distinct unit.claim_id, unit.device_id, 'no_longer_due' as reason
from unit
cross join lateral unnest(array_prepend(unit.occurrence, unit.other_occurrences))  -- mutant: digest-looks-at-each
  with ordinality as covered (occurrence, place)
where unit.kind = 'expiry'
  and not exists (
    select
    from (
      select own.user_id, own.certification_id, own.expires_on,
             own.name is not null and own.expires_on < max(own.expires_on) over (
               partition by own.user_id, rekindle.same_name(own.name::text)) as renewed
      from rekindle_source.certification own
      where own.user_id = any (%(user_ids)s::uuid[])
    ) c
    where c.user_id = unit.user_id and not c.renewed
      and starts_with(covered.occurrence, 'expiry:' || c.certification_id || ':')
      -- The variables have the day of the first one. The name of each has its day, or the day next
      -- to it.
      and case when covered.place = 1 then to_jsonb(c.expires_on) = unit.variables -> 'expires_on'
               else abs(c.expires_on - substring(
                      covered.occurrence from '([0-9]{4}-[0-9]{2}-[0-9]{2}):-?[0-9]{1,4}d$')::date) <= 1 end
  )
