-- A part of verdicts.sql and source_counts.sql: every registration of a token. For one person
-- (user_id), those of their tokens are looked up by the index on the token, in every spelling.
select d.user_id, rekindle.trimmed(d.token::text) as target,
       rekindle.registered_at(d.last_registered_at) as registered_at
from rekindle_source.device_token d
where %(user_id)s::uuid is null
   or d.token = any (array(
        select spelling
        from rekindle_source.device_token own, rekindle.spellings(own.token::text) as spelling
        where own.user_id = %(user_id)s::uuid))
