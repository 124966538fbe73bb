-- The recipients of the harness: one in ten with a second device, one in a hundred with a device
-- that the provider reports as gone. user and token depend only on the seed.
create schema torture;
create table torture.person (user_id uuid primary key, number integer not null, active boolean not null default true);
create table torture.device (
  token text primary key, user_id uuid not null references torture.person, gone boolean not null,
  device_id uuid not null
);
insert into torture.person (user_id, number)
select md5('person ' || %(seed)s || ' ' || n)::uuid, n from generate_series(1, %(recipients)s) as n;

insert into torture.device (token, user_id, gone, device_id)
select t.token, t.user_id, t.gone, rekindle.device_id('token', t.token)
from (
  select case when number %% 100 = 0 then %(gone)s else %(token)s end
           || md5('device ' || %(seed)s || ' ' || number || ' ' || k) as token,
         user_id, number %% 100 = 0 as gone
  from torture.person
  cross join generate_series(1, 2) as k
  where k = 1 or number %% 10 = 0
) t;

create view rekindle_source.recipient as
select user_id, null::uuid as organisation_id, null::uuid as chapter_id, null::text as timezone, null::text as locale,
       active, 'CANARYNAME' || number as first_name
from torture.person;
create view rekindle_source.device_token as
select user_id, token, 'token'::text as target_kind, 'android'::text as platform,
       null::timestamptz as last_registered_at
from torture.device;

-- `again`: everyone is due at every evaluation, each time for a new occasion. `spell`: a third of
-- them, once per spell. `parts`: another third, for three occasions at once, each once per spell;
-- the spells begin at different times, so a digest covers one, two or three of them.
create view torture.again as
select user_id, 'at:' || moment.slot as occurrence,
       jsonb_build_object('slot', moment.slot) as variables
from torture.person, (select (extract(epoch from clock_timestamp()) * 1000)::bigint as slot) moment
where active;
create view torture.spell as
select user_id, 'spell:' || moment.slot as occurrence, jsonb_build_object('slot', moment.slot) as variables
from torture.person, (select floor(extract(epoch from clock_timestamp()) / %(spell)s)::bigint as slot) moment
where active and number %% 3 = 0;
create view torture.parts as
select user_id, 'part:' || moment.slot as occurrence, jsonb_build_object('slot', moment.slot) as variables
from torture.person, (
  select part || ':' || floor((extract(epoch from clock_timestamp()) + part * 10) / %(spell)s)::bigint as slot
  from generate_series(1, 3) part
) moment
where active and number %% 3 = 1;

-- What each erasure deletes, as the tables see it and not as the product says: `life` is the same
-- for all rows of one erasure. `removed` are the people who had left before they were erased.
create table torture.erased (
  claim_id uuid not null, device_id uuid not null, user_id uuid not null, claimed_run_id uuid not null,
  how text not null, at timestamptz not null, life timestamptz not null
);
create table torture.removed (user_id uuid not null, at timestamptz not null default clock_timestamp());
create function torture.note_erased() returns trigger language plpgsql security definer as $$
declare
  gone jsonb := to_jsonb(old);
begin
  insert into torture.erased values (
    old.claim_id, old.device_id, old.user_id, old.claimed_run_id,
    case tg_table_name
      when 'delivery' then 'recorded'
      when 'outcome' then case gone ->> 'outcome' when 'unknown' then 'unknown' else 'ended' end
      else case when gone ->> 'state' in ('dispatching', 'unknown') or (gone ->> 'uncertain')::boolean
           then 'under way' else 'waiting' end
    end,
    clock_timestamp(), now());
  return null;
end $$;
create trigger erased after delete on rekindle.outbox for each row
  when (current_query() like '/* rekindle:erase%%') execute function torture.note_erased();
create trigger erased after delete on rekindle.outcome for each row
  when (current_query() like '/* rekindle:erase%%') execute function torture.note_erased();
create trigger erased after delete on rekindle.delivery for each row
  when (current_query() like '/* rekindle:erase%%') execute function torture.note_erased();
-- What prunes deleted, for the evidence. A late answer deletes an outcome, too: that is no prune.
create table torture.pruned (name text not null, deleted jsonb not null, at timestamptz not null default now());
create function torture.keep() returns trigger language plpgsql security definer as $$
begin
  if current_query() like '/* rekindle:prune%%' then
    insert into torture.pruned values (tg_table_name, to_jsonb(old));
  end if;
  return null;
end $$;
-- An erasure forgets what was pruned, too: `life` is as in torture.erased.
create table torture.spent_erased (
  user_id uuid not null, life timestamptz not null default now(), at timestamptz not null default clock_timestamp()
);
create function torture.note_spent() returns trigger language plpgsql security definer as $$
begin
  insert into torture.spent_erased values (old.user_id);
  return null;
end $$;
create trigger erased after delete on rekindle.spent for each row
  when (current_query() like '/* rekindle:erase%%') execute function torture.note_spent();
create view torture.pruned_unit as
select (p.deleted ->> 'claim_id')::uuid as claim_id, (p.deleted ->> 'user_id')::uuid as user_id,
       p.deleted ->> 'scenario_type' as scenario_type, p.name, p.deleted, (
         select min(e.life) from (
           select user_id, life, at from torture.erased
           union all select user_id, life, at from torture.spent_erased
         ) e
         where e.user_id = (p.deleted ->> 'user_id')::uuid and e.at > p.at
       ) as life
from torture.pruned p where p.name in ('delivery', 'outcome');
create trigger keep after delete on rekindle.scenario_notification for each row execute function torture.keep();
create trigger keep after delete on rekindle.delivery for each row execute function torture.keep();
create trigger keep after delete on rekindle.outcome for each row execute function torture.keep();
create trigger keep after delete on rekindle.run for each row execute function torture.keep();
create view torture.notification as
select * from rekindle.scenario_notification union all
select (jsonb_populate_record(null::rekindle.scenario_notification, deleted)).* from torture.pruned
where name = 'scenario_notification';
create view torture.delivery as
select * from rekindle.delivery union all
select (jsonb_populate_record(null::rekindle.delivery, deleted)).* from torture.pruned where name = 'delivery';
create view torture.outcome as
select * from rekindle.outcome union all
select (jsonb_populate_record(null::rekindle.outcome, deleted)).* from torture.pruned where name = 'outcome';
create view torture.run as
select * from rekindle.run union all
select (jsonb_populate_record(null::rekindle.run, deleted)).* from torture.pruned where name = 'run';

-- The tables of the usual designs (usual_designs.py).
create table torture.sent (
  claim_id uuid not null, device_id uuid not null, user_id uuid not null, provider_name text not null,
  sent_at timestamptz not null default clock_timestamp(), primary key (claim_id, device_id)
);
create index on torture.sent (device_id, sent_at);
create table torture.job (
  device_id uuid primary key, user_id uuid not null, token text not null, claim_id uuid not null,
  state text not null default 'ready' check (state in ('ready', 'taken', 'done')),
  lease_until timestamptz, not_before timestamptz not null default clock_timestamp(), done_at timestamptz
);
create table torture.disabled (device_id uuid primary key);

create role torture_worker login password 'canarypassword' in role rekindle_worker;
grant usage on schema torture, rekindle_source to torture_worker;
grant select on all tables in schema torture, rekindle_source to torture_worker;
grant insert, update, delete on torture.sent, torture.job, torture.disabled to torture_worker;
