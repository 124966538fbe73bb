-- A part of refusal.sql and every_refusal.sql: this occurrence is already recorded or unknown.
person.spent
