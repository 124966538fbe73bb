-- A part of arm.sql, if the team has no view of activities.
select false as again where false
