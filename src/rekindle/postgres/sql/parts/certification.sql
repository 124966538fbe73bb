-- A part of arm.sql: the units that the certificates of their people make void, and why.
{kinds/expiry/no_longer_due}
