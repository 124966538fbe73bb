-- In: test_id, user_id, scenario_type, scenario_version, organisation_id, device_id (null: a token
-- was given), due, samples, actor (null: the login of this session), request_key, request_sha256.
-- Out: the test push. It is unknown until test_send_end.sql.
-- Locks: none. The transaction has the lock `test`.
-- Never: a token.
insert into rekindle.test_send (test_id, user_id, scenario_type, scenario_version, organisation_id, device_id, due,
                                samples, sent_by, request_key, request_sha256)
values (%(test_id)s, %(user_id)s, %(scenario_type)s, %(scenario_version)s, %(organisation_id)s, %(device_id)s, %(due)s,
        %(samples)s, rekindle.signature(%(actor)s), %(request_key)s, %(request_sha256)s)
returning test_id, user_id, scenario_type, scenario_version, organisation_id, device_id, due, samples, sent_by, sent_at,
          outcome, reason, provider_name
