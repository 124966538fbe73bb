-- A part of verdicts.sql: why a person who is due is not claimed. The first condition that is true
-- counts. Each condition is a file in refusals/. every_refusal.sql lists the same conditions in the
-- same order.
case
  when {refusals/not_enabled}
    then 'not_enabled'
  when {refusals/switched_off}
    then 'switched_off'
  when {refusals/opted_out}
    then 'opted_out'
  when {refusals/already_notified}
    then 'already_notified'
  when {refusals/absence_limit}
    then 'absence_limit'
  when {refusals/in_flight}
    then 'in_flight'
  when {refusals/cooldown}
    then 'cooldown'
  when {refusals/back_off}
    then 'back_off'
  when {refusals/already_today}
    then 'already_today'
  when {refusals/no_timezone}
    then 'no_timezone'
  when {refusals/weekday}
    then 'weekday'
  when {refusals/quiet_hours}
    then 'quiet_hours'
  when {refusals/send_hour}
    then 'send_hour'
  when {refusals/frequency_cap}
    then 'frequency_cap'
  when {refusals/wrong_occurrence}
    then 'wrong_occurrence'
  when {refusals/missing_variable}
    then 'missing_variable'
  when {refusals/wrong_value}
    then 'wrong_value'
  when {refusals/variables_too_large}
    then 'variables_too_large'
end
