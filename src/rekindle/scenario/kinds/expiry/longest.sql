-- A part of longest_of_kind.sql: the name of a certificate.
select 'certificate' as name, c.name as value from rekindle_source.certification c
