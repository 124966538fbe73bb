-- A part of arm.sql, if the team has no view `activity`.
select false as again where false
