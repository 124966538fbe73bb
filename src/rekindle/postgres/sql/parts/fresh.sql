-- A part of verdicts.sql and explain.sql: whether a device was registered within the age that
-- `devices` of the scenario allows. The age of one without a time of registration is not known, so
-- it counts as fresh.
((person.variant).device_age_seconds is null
 or rekindle.registered_at(device_token.last_registered_at) in ('-infinity', 'infinity')
 or rekindle.registered_at(device_token.last_registered_at)  -- mutant: device-age
    >= %(at)s::timestamptz - make_interval(secs => (person.variant).device_age_seconds))
