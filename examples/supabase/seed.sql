-- Forty mentors, and a coordinator in each of two organisations. Dates are relative to now; ids are
-- the same every time. Mentor number n has been away for 2n days, counted from noon, after up to
-- twelve activities. Every fourth mentor has no phone, and every fifth has a tablet. Number 3 has a
-- certificate that expires soon. Number 20 has opted out.

insert into public.organisations (id, display_name, tz) values
  ('0a000000-0000-4000-8000-000000000001', 'North', 'Europe/Oslo'),
  ('0a000000-0000-4000-8000-000000000002', 'South', 'Europe/Berlin');

insert into public.branches (id, org_id, name) values
  ('0b000000-0000-4000-8000-000000000001', '0a000000-0000-4000-8000-000000000001', 'Tromsø'),
  ('0b000000-0000-4000-8000-000000000002', '0a000000-0000-4000-8000-000000000002', 'Freiburg');

create temporary table person as
select ('0c000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid as id, n,
       ('0a000000-0000-4000-8000-00000000000' || 1 + n % 2)::uuid as org_id,
       ('0b000000-0000-4000-8000-00000000000' || 1 + n % 2)::uuid as branch_id,
       case when n > 40 then 'coordinator' else 'mentor' end::public.membership_role as role
from generate_series(1, 42) as n;

insert into auth.users (id, email) select id, 'person' || n || '@example.org' from person;
insert into public.profiles (id, full_name, locale, tz)
select id, 'Person' || n || ' Example', case when n % 3 = 0 then 'nb-NO' end, case when n % 7 = 0 then 'Asia/Seoul' end
from person;
insert into public.memberships (profile_id, org_id, branch_id, role) select id, org_id, branch_id, role from person;
insert into public.activity_log (profile_id, kind, occurred_at)
select id, 'meeting', date_trunc('day', now()) + interval '12 hours' - make_interval(days => 2 * n + earlier)
from person cross join generate_series(0, n % 12) as earlier
where n <= 40;
insert into public.certificates (profile_id, title, valid_to)
select id, 'First aid', current_date + 5 from person where n = 3;
insert into public.push_tokens (fcm_token, profile_id, os)
select 'phone-of-' || n, id, 'android' from person where n <= 40 and n % 4 <> 0
union all
select 'tablet-of-' || n, id, 'ios' from person where n <= 40 and n % 5 = 0;
insert into public.notification_settings (profile_id, topic, push_enabled)
select id, null, false from person where n = 20;

drop table person;
