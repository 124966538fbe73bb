-- A part of prune_cap.sql and prune_counts.sql: no frequency cap can count any claim of the row.
rekindle.still_counted(k.counted, rekindle.clock()) = '{}'
