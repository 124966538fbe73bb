-- In: statement_ms, idle_ms (0: no limit).
-- Out: one row for each setting that differed. Until the transaction ends, every setting on which
-- the meaning of a statement, a date, a name or a text depends has the value below, whatever the
-- role, the database, a pooler or a PG* variable says. A setting that this server does not have is
-- left out. The values are Postgres's own defaults, unless the line says otherwise.
-- Locks: none.
-- Never: session-level settings, which a transaction pooler gives to another client. Settings that
-- only a superuser may change (session_replication_role): fitness.sql refuses those. Read-only
-- mode, which an operator or a host may have switched on for a reason: fitness.sql refuses it too.
-- The isolation level is part of BEGIN.
select pg_catalog.set_config(pin.name, pin.value, true)
from (values
  -- How long one statement may take, and how long the server waits for the next one. Without the
  -- second limit, a client that falls silent in the middle of a claim keeps the gates locked until
  -- the server's TCP gives up: two hours.
  ('statement_timeout', %(statement_ms)s::text),
  ('idle_in_transaction_session_timeout', %(idle_ms)s::text),
  ('transaction_timeout', '0'),                     -- the two limits above apply instead (17)
  ('lock_timeout', '0'),                            -- a wait for a lock counts as the statement's
  ('synchronous_commit', 'on'),   -- a crash loses no commit: nobody is sent a push twice   -- mutant: kept
  ('TimeZone', 'UTC'),   -- not the default: expires_at::date is one date everywhere   -- mutant: zone
  ('timezone_abbreviations', 'Default'),            -- what 'CET' or 'IST' means in a text
  ('DateStyle', 'ISO, MDY'),                        -- how a date is written, and '01/02/2026' is read
  ('IntervalStyle', 'postgres'),                    -- how an interval is written and read
  ('client_encoding', 'UTF8'),                      -- every character can be read and written
  ('search_path', 'public, pg_temp'),               -- not the default: no schema has the role's name
  ('default_text_search_config', 'pg_catalog.simple'),  -- to_tsvector in a view finds the same words
  ('extra_float_digits', '1'),                      -- a float is written with all its digits
  ('bytea_output', 'hex'),                          -- how bytea is written
  ('xmlbinary', 'base64'),                          -- how bytea is written in XML
  ('xmloption', 'content'),                         -- which texts are XML
  ('lc_monetary', 'C'),                             -- how money is written and read
  ('lc_numeric', 'C'),                              -- to_char: D and G
  ('lc_time', 'C'),                                 -- to_char: TMMonth
  ('array_nulls', 'on'),                            -- '{NULL}' is an array with a null
  ('transform_null_equals', 'off'),                 -- x = null is null
  ('standard_conforming_strings', 'on'),            -- a backslash is a character
  ('backslash_quote', 'safe_encoding'),             -- \' in E'…'
  ('escape_string_warning', 'on'),                  -- with the two lines above
  ('quote_all_identifiers', 'off'),                 -- format_type and pg_get_viewdef write plain names
  ('row_security', 'on'),                           -- a policy leaves rows out and is not an error
  ('gin_fuzzy_search_limit', '0'),                  -- an index returns every row
  ('restrict_nonsystem_relation_kind', ''),         -- views may be read (17, 15.8)
  ('debug_parallel_query', 'off'),                  -- a function marked by mistake stays in one process
  ('force_parallel_mode', 'off'),                   -- its name in 15
  ('exit_on_error', 'off'),                         -- an error does not end the session
  ('client_min_messages', 'notice'),                -- only notices, and never a server's debug text
  ('check_function_bodies', 'on'),                  -- migrate: a function with an error is refused
  ('default_table_access_method', 'heap'),          -- migrate: the ledger needs heap's row locks
  ('plpgsql.extra_errors', 'none')                  -- migrate, and select into: no new errors
) as pin (name, value)
where pg_catalog.current_setting(pin.name, true) operator(pg_catalog.<>) pin.value
  -- The one stronger value: a standby has applied the commit too.
  and not (pin.name operator(pg_catalog.=) 'synchronous_commit'
           and pg_catalog.current_setting(pin.name) operator(pg_catalog.=) 'remote_apply')
