-- A part of verdicts.sql, explain.sql, source_counts.sql and arm.sql: the order of the
-- registrations of one token. The first one is its owner's: a device belongs to one person at a
-- time, whether or not that person may be nudged. A registration without a time is the oldest. Of
-- two at the same time, that of the lower user_id counts, so that every statement decides in the
-- same way. One without a person is the newest after somebody has logged out.
registration.registered_at desc, registration.user_id  -- mutant: newest-registration
