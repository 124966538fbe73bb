-- In: statement_ms, idle_ms.
-- Out: nothing of use. For the rest of this transaction, the server limits how long one statement
-- may take and how long it waits for the next one. The settings are local to the transaction, so
-- that a transaction pooler gives them to no other client. Without the second limit, a client that
-- falls silent in the middle of a claim keeps the gates locked until the server's TCP gives up: two
-- hours.
select set_config('statement_timeout', %(statement_ms)s::text, true),
       set_config('idle_in_transaction_session_timeout', %(idle_ms)s::text, true)
