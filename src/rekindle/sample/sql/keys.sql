-- Keys, foreign keys and the indexes that a careful team would have, then statistics.
alter table programme.organisations add primary key (id);
alter table programme.chapters add primary key (id),
  add foreign key (organisation_id) references programme.organisations;
alter table programme.mentors add primary key (id),
  add foreign key (organisation_id) references programme.organisations,
  add foreign key (chapter_id) references programme.chapters;
alter table programme.activity_log add primary key (id),
  add foreign key (mentor_id) references programme.mentors on delete cascade;
alter table programme.certificates add primary key (id),
  add foreign key (mentor_id) references programme.mentors on delete cascade;
alter table programme.push_tokens add primary key (token),
  add foreign key (mentor_id) references programme.mentors on delete cascade;
alter table programme.notification_settings add unique nulls not distinct (mentor_id, topic),
  add foreign key (mentor_id) references programme.mentors on delete cascade;

create index on programme.chapters (organisation_id);
create index on programme.mentors (organisation_id);
create index on programme.mentors (chapter_id);
create index on programme.activity_log (mentor_id, happened_at);
create index on programme.certificates (mentor_id);
create index on programme.certificates (valid_until);
create index on programme.push_tokens (mentor_id);

analyze programme.organisations, programme.chapters, programme.mentors, programme.activity_log,
  programme.certificates, programme.push_tokens, programme.notification_settings;
