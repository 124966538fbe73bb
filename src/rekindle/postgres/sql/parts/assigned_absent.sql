-- A part of verdicts.sql, while no trial runs: nobody is held out.
select judged.*, null::text as held_out_of from judged
