-- In: days, how far the clock goes back.
update programme.clock set back = make_interval(days => %(days)s)
