-- A part of explain.sql: by reason, whether each condition to refuse is true (null: not), in the
-- order of refusal.sql. The result is json, because jsonb does not keep the order.
json_build_object(
  'not_enabled', {refusals/not_enabled},
  'switched_off', {refusals/switched_off},
  'opted_out', {refusals/opted_out},
  'already_notified', {refusals/already_notified},
  'absence_limit', {refusals/absence_limit},
  'in_flight', {refusals/in_flight},
  'cooldown', {refusals/cooldown},
  'back_off', {refusals/back_off},
  'already_today', {refusals/already_today},
  'no_timezone', {refusals/no_timezone},
  'weekday', {refusals/weekday},
  'quiet_hours', {refusals/quiet_hours},
  'send_hour', {refusals/send_hour},
  'frequency_cap', {refusals/frequency_cap},
  'wrong_occurrence', {refusals/wrong_occurrence},
  'missing_variable', {refusals/missing_variable},
  'wrong_value', {refusals/wrong_value},
  'variables_too_large', {refusals/variables_too_large}
)
