-- In: digest, note_seconds.
-- Out: nothing. The key was used now. Of several processes, one writes that per note_seconds.
-- Locks: the row of the key.
update rekindle.api_key set last_used_at = rekindle.clock()
where digest = %(digest)s
  and coalesce(last_used_at < rekindle.clock() - make_interval(secs => %(note_seconds)s), true)
