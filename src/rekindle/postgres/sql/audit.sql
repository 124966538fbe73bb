-- In: actor (null: the login of this session), action, scenario_type, organisation_id, subject,
-- details.
-- Out: nothing; it writes one row. It runs in the transaction of the change, so that there is no
-- change without its row and no row without its change.
-- Locks: none.
-- Never: a person's id, a key, a token, or a text from outside.
insert into rekindle.audit (actor, action, scenario_type, organisation_id, subject, details)
values (rekindle.signature(%(actor)s), %(action)s, %(scenario_type)s, %(organisation_id)s, %(subject)s, %(details)s)
