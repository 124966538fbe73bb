-- In: scope (null: all); sees, the organisations that the reader is limited to (null: all).
-- Out: one row per trial, the newest first, with the numbers that decide whether it may be read;
-- per text trial, one row for each text but the first.
-- `identity`: one name for all names of a scenario that was renamed, else the scope.
-- `text_name`: the text that is compared with `first_text`; its people count as nudged, and those
-- with the first one as held out. Their weights are in 1/100 %. `compared`: the rows of the trial.
-- `misplaced`: people in another arm than rekindle.bucket says. `delivered`: people who are held
-- out and whose first claim was sent. `accepted`: people who are nudged and whose first claim was
-- sent. `first_accepted`: people with the first text whose first claim was sent.
-- `reached_otherwise`: people who are held out, and were sent another push within the horizon.
-- Locks: none.
with person as (
  {trial_person}
),
sent as (
  select person.*,
         exists (select from rekindle.scenario_notification n where n.id = person.claim_id) as sent,
         not person.nudged and person.text_name = '' and exists (
           select from rekindle.scenario_notification n
           where n.user_id = person.user_id
             and n.id <> person.claim_id
             and n.dispatched_at > person.claimed_at
             and n.dispatched_at <= person.claimed_at + make_interval(secs => person.horizon_seconds)
         ) as reached_otherwise
  from person
),
total as (
  select trial_id, text_name, count(*) filter (where misplaced) as misplaced,
         count(*) filter (where not nudged and sent and text_name = '') as delivered,
         count(*) filter (where not nudged and sent and text_name <> '') as first_accepted,
         count(*) filter (where nudged and sent) as accepted,
         count(*) filter (where reached_otherwise) as reached_otherwise,
         count(*) filter (where nudged and opted_out) as nudged_opted_out,
         count(*) filter (where not nudged and opted_out) as held_out_opted_out
  from sent
  group by trial_id, text_name
)
select t.trial_id, t.scope, case when starts_with(t.scope, 'text:') then 'text:' else '' end
         || coalesce(renamed.identity, regexp_replace(t.scope, '^text:', '')) as identity,
       compared.text_name, t.texts[1] as first_text, cardinality(t.texts) - 1 as compared,
       t.text_ends[1] as first_weight,
       t.text_ends[1 + compared.position] - t.text_ends[compared.position] as text_weight,
       coalesce(total.first_accepted, 0) as first_accepted, t.unit, t.held, 
       (t.horizon_seconds / 86400)::int as horizon_days, t.worth, t.outcome, t.started_at,
       t.until_on, t.ended_at, coalesce(total.misplaced, 0) as misplaced, coalesce(total.delivered, 0) as delivered,
       coalesce(total.accepted, 0) as accepted, coalesce(total.reached_otherwise, 0) as reached_otherwise,
       coalesce(total.nudged_opted_out, 0) as nudged_opted_out,
       coalesce(total.held_out_opted_out, 0) as held_out_opted_out
from rekindle.trial t
cross join lateral unnest(coalesce(t.texts[2:], array[''])) with ordinality as compared (text_name, position)
left join total on total.trial_id = t.trial_id and total.text_name = compared.text_name
left join rekindle.renamed() as renamed on renamed.name = regexp_replace(t.scope, '^text:', '')
where {trial_scope}
order by t.started_at desc, t.trial_id, compared.position
