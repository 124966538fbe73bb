-- In: account, sends, per_second, burst_seconds.
-- Out: wait_seconds, how long to wait before this many sends may start, so that all runs of the
-- account together keep to `per_second`. A burst of `burst_seconds` passes at once. What is
-- reserved and not used is lost. A clock that jumps back costs at most a minute and ten times what
-- is asked for.
-- Locks: the account's row, until the statement ends.
insert into rekindle.pace as p (account, free_at)
values (
  %(account)s,
  rekindle.clock() - make_interval(secs => %(burst_seconds)s)
    + make_interval(secs => %(sends)s / %(per_second)s::float8)
)
on conflict (account) do update
set free_at = least(
    greatest(p.free_at, rekindle.clock() - make_interval(secs => %(burst_seconds)s)),
    rekindle.clock() + make_interval(secs => 60 + 10 * %(sends)s / %(per_second)s::float8)
  ) + make_interval(secs => %(sends)s / %(per_second)s::float8)
returning greatest(0, extract(epoch from free_at - rekindle.clock()))::float8 as wait_seconds
