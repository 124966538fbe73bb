-- In: scenario_type (null: all), organisation_id (null: all), turned ('on' or 'off'), reason.
-- Out: switch_id. Every claim and every arming that begins after this is committed sees it.
insert into rekindle.switch (scenario_type, organisation_id, turned, reason)
values (%(scenario_type)s, %(organisation_id)s, %(turned)s, %(reason)s)
returning switch_id
