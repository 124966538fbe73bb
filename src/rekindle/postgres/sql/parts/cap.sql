-- A part of verdicts.sql: the pushes of a person that count under a frequency cap. Without a cap,
-- no row is looked up.
left join rekindle.cap on cap.user_id = person.user_id and %(capped)s::boolean
