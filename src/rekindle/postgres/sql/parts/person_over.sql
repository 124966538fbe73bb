-- A part of look_back.sql and settle_enrolments.sql: the people of `over`, each with a time zone
-- and the scenarios that they have opted out of by now, '' for all.
select over.user_id, rekindle.first_zone(min(r.timezone::text), %(timezone)s, 'UTC') as zone,
       array(select coalesce(renamed.identity, preference.scenario_type, '') from preference
             left join renamed on renamed.name = preference.scenario_type
             where preference.user_id = over.user_id) as opted_out_of
from over
left join rekindle_source.recipient r on r.user_id = over.user_id
group by over.user_id
