-- In: statement_ms, idle_ms. Out: nothing of use. For the rest of this transaction (so that a
-- transaction pooler hands them to nobody else): how long one statement may take, and how long the
-- server waits for the next one. Without the second, a client that fell silent in the middle of a
-- claim keeps the gates locked until the server's TCP gives up: two hours.
select set_config('statement_timeout', %(statement_ms)s::text, true),
       set_config('idle_in_transaction_session_timeout', %(idle_ms)s::text, true)
