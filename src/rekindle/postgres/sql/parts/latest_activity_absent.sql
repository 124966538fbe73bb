select null::timestamptz as active_at
