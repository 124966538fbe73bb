-- A part of refusal.sql and every_refusal.sql: an index entry is at most 2,704 bytes. A longer
-- occurrence could be sent but not recorded, nor could any other unit of its batch. Ours are short,
-- unless a certificate's id is a long text.
octet_length(person.occurrence) > 1000
