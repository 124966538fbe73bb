-- A part of verdicts.sql and of every other statement that asks where people are: the places of
-- each person of `r`. The home is the place of the recipient view (position 0), and each row of
-- the view `membership` is another (position 1). A home without an organisation is a place only of
-- people without a membership, and a membership without an organisation is none. The memberships
-- are gathered per person first: the join is then a hash of two sets, never a search per person.
left join (
  select m.user_id, array_agg(m.organisation_id) as organisation_ids, array_agg(m.chapter_id) as chapter_ids
  from rekindle_source.membership m
  where m.organisation_id is not null and (%(user_id)s::uuid is null or m.user_id = %(user_id)s::uuid)
  group by m.user_id
) joined on joined.user_id = r.user_id
cross join lateral (
  select r.organisation_id, r.chapter_id, 0 as position
  where r.organisation_id is not null or joined.user_id is null  -- mutant: home-without-organisation
  union all
  select other.organisation_id, other.chapter_id, 1
  from unnest(joined.organisation_ids, joined.chapter_ids) as other (organisation_id, chapter_id)
  where (other.organisation_id, other.chapter_id) is distinct from (r.organisation_id, r.chapter_id)
) membership
