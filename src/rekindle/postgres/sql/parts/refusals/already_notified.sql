-- A part of refusal.sql and every_refusal.sql: this occurrence is recorded or unknown already.
person.spent
