-- A part of notification_page.sql and delivery_page.sql: whether the notification n belongs to the
-- organisation `own` and meets the conditions that are given.
(%(organisations)s::uuid[] is null or n.organisation_id = own.organisation_id)  -- mutant: own-notifications
and (%(scenario_type)s::text is null or n.scenario_type = %(scenario_type)s)
and (%(user_id)s::uuid is null or n.user_id = %(user_id)s)
and (%(since)s::timestamptz is null or n.dispatched_at >= %(since)s)
and (%(until)s::timestamptz is null or n.dispatched_at < %(until)s)
