-- A part of verdicts.sql in place of occasion.sql, for a scenario with a digest: for each person,
-- the most urgent occurrence that is not spent, with the others that its push covers, and with what
-- the texts say of all of them. A digest covers up to 1,000 occurrences. The next one has the rest.
-- An occurrence that cannot be recorded (wrong_occurrence) comes last and is covered by none. The
-- names are those of the most urgent occurrences; one that has no name is counted in `more`.
-- A person may have several places, a view may list a person twice, and a query may return an
-- occurrence twice: each place and each row of a person makes a digest, in which each occurrence is
-- once.
select named.*,
       jsonb_build_object('count', named.others + 1, 'items', to_jsonb(named.items),
                          'more', named.others + 1 - coalesce(cardinality(named.items), 0)) as digest
from (
  select covered.*, coalesce(cardinality(covered.other_occurrences), 0) as others
  from (
    select placed.*,
           array_agg(placed.occurrence) filter (
             where placed.place between 2 and 1000  -- mutant: digest-limit
               and placed.recordable and not placed.spent) over whole as other_occurrences,
           array_agg(placed.item) filter (
             where placed.place <= %(digest_names)s::int and placed.recordable  -- mutant: digest-names
               and (placed.place = 1 or not placed.spent)
               and btrim(placed.item, E' \t\n\r\f\v') <> '') over whole as items
    from (
      select each.*,
             row_number() over (partition by each.user_id, each.spent, each.position, each.organisation_id,
                                             each.chapter_id, each.zone, each.number
                                order by not each.recordable, each.rank, each.occurrence) as place
      from (
        select distinct on (user_id, position, organisation_id, chapter_id, zone, number, occurrence)  -- mutant: digest-counts-each-once
               candidate.*, (candidate.variant).number as number,
               octet_length(candidate.occurrence) between 1 and 1000 as recordable,
               left(candidate.variables ->> %(digest_item)s::text, 1000) as item,
               {spent} as spent
        from candidate
        order by user_id, position, organisation_id, chapter_id, zone, number, occurrence, rank,
                 candidate.variables::text
      ) each
    ) placed
    window whole as (partition by placed.user_id, placed.spent, placed.position, placed.organisation_id,
                                  placed.chapter_id, placed.zone, placed.number
                     order by placed.place rows between unbounded preceding and unbounded following)
  ) covered
) named
where named.place = 1
