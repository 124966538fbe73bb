-- In: scope (null: all); sees, the organisations that the reader is limited to (null: all).
-- Out: rows per trial and `text_name` (in a text trial, the text that is compared with the first
-- one; else empty), each with one of `enrolled_on`, `settled_on`, `month` (of the first claim)
-- and `back_day` (1 is the first 24 h after the claim), and the people of it: nudged and held out,
-- and those of them who came back. In a text trial, people with this text count as nudged, and
-- those with the first one as held out. A trial that assigns chapters has its rows of `settled_on`
-- per `chapter`. People who have not settled are only in those of `enrolled_on`.
-- Locks: none.
with person as (
  {trial_person}
),
counted as (
  select trial_id, text_name, nudged, enrolled_on, settled_on, came_back_at is not null as came_back,
         case when settled_on is not null then date_trunc('month', enrolled_on)::date end as month,
         case unit when 'chapter' then unit_id end as chapter,
         case when came_back_at is not null then
           greatest(1, least(horizon_seconds / 86400, ceil(extract(epoch from came_back_at - claimed_at) / 86400)))
         end::int as back_day
  from person
)
select trial_id, text_name, enrolled_on, settled_on, month, back_day, chapter,
       count(*) filter (where nudged) as nudged, count(*) filter (where not nudged) as held_out,
       count(*) filter (where nudged and came_back) as nudged_back,
       count(*) filter (where not nudged and came_back) as held_out_back
from counted
group by grouping sets ((trial_id, text_name, enrolled_on), (trial_id, text_name, settled_on, chapter),
                        (trial_id, text_name, month), (trial_id, text_name, back_day))
having num_nonnulls(enrolled_on, settled_on, month, back_day) = 1
order by trial_id, text_name, enrolled_on, settled_on, month, back_day, chapter
