-- The tables of an app for peer support, as its team made them. Names and types are the team's, row
-- level security is on everywhere, and nothing here depends on Rekindle.

create type public.membership_role as enum ('mentor', 'coordinator');

create table public.organisations (
  id uuid primary key default gen_random_uuid(),
  display_name text not null,
  tz text
);

create table public.branches (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references public.organisations on delete cascade,
  name text not null
);
create index branches_org_id_idx on public.branches (org_id);

create table public.profiles (
  id uuid primary key references auth.users on delete cascade,
  full_name text not null,
  locale varchar(12),
  tz text,
  deleted_at timestamptz
);

create table public.memberships (
  profile_id uuid not null references public.profiles on delete cascade,
  org_id uuid not null references public.organisations on delete cascade,
  branch_id uuid references public.branches on delete set null,
  role public.membership_role not null default 'mentor',
  joined_at timestamptz not null default now(),
  primary key (profile_id, org_id)
);
create index memberships_org_id_idx on public.memberships (org_id);
create index memberships_branch_id_idx on public.memberships (branch_id);

create table public.activity_log (
  id bigint generated always as identity primary key,
  profile_id uuid not null references public.profiles on delete cascade,
  kind text not null check (kind in ('meeting', 'call', 'message')),
  occurred_at timestamptz not null default now()
);
create index activity_log_profile_id_occurred_at_idx on public.activity_log (profile_id, occurred_at);

create table public.certificates (
  id uuid primary key default gen_random_uuid(),
  profile_id uuid not null references public.profiles on delete cascade,
  title varchar(80) not null,
  valid_to date
);
create index certificates_profile_id_idx on public.certificates (profile_id);
create index certificates_valid_to_idx on public.certificates (valid_to);

create table public.push_tokens (
  fcm_token text primary key,
  profile_id uuid not null references public.profiles on delete cascade,
  os text not null check (os in ('android', 'ios', 'web')),
  updated_at timestamptz not null default now()
);
create index push_tokens_profile_id_idx on public.push_tokens (profile_id);

create table public.notification_settings (
  id bigint generated always as identity primary key,
  profile_id uuid not null references public.profiles on delete cascade,
  topic text,                               -- null: every topic
  push_enabled boolean not null default true
);
create index notification_settings_profile_id_idx on public.notification_settings (profile_id);

-- Read access. The functions are in a schema that the API does not expose, and they bypass row
-- level security on purpose.
create schema private;
revoke all on schema private from public;

-- The organisations that the signed-in person coordinates.
create function private.coordinated_organisations() returns setof uuid
language sql stable security definer set search_path = '' as $$
  select m.org_id from public.memberships m
  where m.profile_id = (select auth.uid()) and m.role = 'coordinator'
$$;
revoke execute on function private.coordinated_organisations() from public;
grant usage on schema private to authenticated;
grant execute on function private.coordinated_organisations() to authenticated;

alter table public.organisations enable row level security;
alter table public.branches enable row level security;
alter table public.profiles enable row level security;
alter table public.memberships enable row level security;
alter table public.activity_log enable row level security;
alter table public.certificates enable row level security;
alter table public.push_tokens enable row level security;
alter table public.notification_settings enable row level security;

create policy "signed in" on public.organisations for select to authenticated using (true);
create policy "signed in" on public.branches for select to authenticated using (true);
create policy "own" on public.profiles for all to authenticated
  using (id = (select auth.uid())) with check (id = (select auth.uid()));
create policy "own, or of an organisation that one coordinates" on public.memberships for select to authenticated
  using (profile_id = (select auth.uid()) or org_id in (select private.coordinated_organisations()));
create policy "own" on public.activity_log for all to authenticated
  using (profile_id = (select auth.uid())) with check (profile_id = (select auth.uid()));
create policy "own" on public.certificates for select to authenticated using (profile_id = (select auth.uid()));
create policy "own" on public.push_tokens for all to authenticated
  using (profile_id = (select auth.uid())) with check (profile_id = (select auth.uid()));
create policy "own" on public.notification_settings for all to authenticated
  using (profile_id = (select auth.uid())) with check (profile_id = (select auth.uid()));
