-- Supabase Cron calls the function scenario-edge-function-scheduler, which starts a run of
-- Rekindle. Run this file once, as the role postgres. Run it again to change the job: a job of the
-- same name is replaced.
--
-- First store the function's address and its key (REKINDLE_SCHEDULER_KEY) in the Vault. Never write
-- them into a file:
--
--   select vault.create_secret(
--     'https://<project>.supabase.co/functions/v1/scenario-edge-function-scheduler',
--     'rekindle_scheduler_url');
--   select vault.create_secret('<the key>', 'rekindle_scheduler_key');
--
-- Roles that may read cron.job can read the job's text. It contains neither of them: the job reads
-- the Vault each time.

create extension if not exists pg_cron;
create extension if not exists pg_net;

-- The minutes are off the quarter hours, because most other senders choose those. The body contains
-- the minute, so two calls of one tick are one run. If the address is missing in the Vault, the
-- error is in cron.job_run_details. If the key is missing, the function's 401 is in
-- net._http_response. A function must answer within 150 s.
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

-- To run one scenario at its own time of day, give it a separate job:
--
--   select cron.schedule('rekindle-inactivity', '7 9 * * *', …the same, with
--     'scenarios', '["inactivity"]'::jsonb in the body);
--
-- To see the result:
--
--   select status, return_message, start_time
--   from cron.job_run_details order by start_time desc limit 5;
--   select status_code, content from net._http_response order by created desc limit 5;
--
-- To stop it: select cron.unschedule('rekindle');
