-- A part of arm.sql: the units that the activities of their people make void, and why.
{kinds/inactivity/no_longer_due}
union all
{kinds/milestone/no_longer_due}
