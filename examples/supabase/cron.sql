-- Supabase Cron calls the function scenario-edge-function-scheduler, which starts a run of Rekindle. Run this file once, as
-- the role postgres; run it again to change it: a job of the same name is replaced.
--
-- Before it, put the function's address and its key (REKINDLE_SCHEDULER_KEY) into the Vault. They belong in no file:
--
--   select vault.create_secret('https://<project>.supabase.co/functions/v1/scenario-edge-function-scheduler',
--                              'rekindle_scheduler_url');
--   select vault.create_secret('<the key>', 'rekindle_scheduler_key');
--
-- The job's text, which whoever may look into cron.job can read, has neither of them: it asks the Vault each time.

create extension if not exists pg_cron;
create extension if not exists pg_net;

-- Minutes off the quarter hours: everybody else sends then. The minute goes along, so that two calls of one tick are one
-- run. An address that is missing in the Vault is an error in cron.job_run_details; a key that is missing is the
-- function's 401 in net._http_response. 150 s is the longest that a function may take to answer.
select cron.schedule(
  'rekindle',
  '7,17,27,37,47,57 * * * *',
  $job$
  select net.http_post(
    url := (select decrypted_secret from vault.decrypted_secrets where name = 'rekindle_scheduler_url'),
    headers := jsonb_build_object(
      'content-type', 'application/json',
      'authorization',
      'Bearer ' || (select decrypted_secret from vault.decrypted_secrets where name = 'rekindle_scheduler_key')
    ),
    body := jsonb_build_object(
      'scheduled_at', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI"Z"')
    ),
    timeout_milliseconds := 150000
  )
  $job$
);

-- A scenario that has its own time of day gets a job of its own:
--
--   select cron.schedule('rekindle-inactivity', '7 9 * * *', …the same, with 'scenarios', '["inactivity"]'::jsonb in the body);
--
-- What came of it:
--
--   select status, return_message, start_time from cron.job_run_details order by start_time desc limit 5;
--   select status_code, content from net._http_response order by created desc limit 5;
--
-- And to end it: select cron.unschedule('rekindle');
