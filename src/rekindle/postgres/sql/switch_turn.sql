-- In: scenario_type (null: all), organisation_id (null: all), turned ('on' or 'off'), reason,
-- actor (null: the login of this session).
-- Out: switch_id. Every claim and every arming that begins after this is committed sees it.
insert into rekindle.switch (scenario_type, organisation_id, turned, reason, switched_by)
values (%(scenario_type)s, %(organisation_id)s, %(turned)s, %(reason)s,
        rekindle.signature(%(actor)s))
returning switch_id
