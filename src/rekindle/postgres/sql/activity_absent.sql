-- A part of arm.sql, where the team has no view of activities.
    select false as again where false
