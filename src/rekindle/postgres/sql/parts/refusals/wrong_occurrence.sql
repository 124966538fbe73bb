-- A part of refusal.sql and every_refusal.sql: the occurrence is empty or exceeds 1,000 bytes. An
-- index entry has at most 2,704 bytes. A longer occurrence could be sent but not recorded, nor
-- could the other units of its batch. Rekindle's own occurrences are short, unless a certificate's
-- id is a long text.
octet_length(person.occurrence) not between 1 and 1000  -- mutant: wrong-occurrence
