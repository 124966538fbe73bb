-- The random draws for the statements that fill the tables. Every draw is a hash of (seed, purpose,
-- number). Unlike random(), it is the same on every run, for any order of rows and any plan. The
-- functions are in pg_temp, so none of them is left in the database, and simple enough for the
-- planner to inline.

-- Uniform in [0, 1): 53 bits of the hash. hashint8extended reduces its argument to 32 bits, so n
-- must be below 2^32.
create or replace function pg_temp.draw(seed bigint, purpose text, n bigint) returns double precision
language sql immutable as $$
  select ((hashint8extended(n, hashtextextended(purpose collate "C", seed)) >> 11) & 9007199254740991)
         / 9007199254740992.0::double precision
$$;

-- A uuid in the form of version 4, with 122 bits of a digest.
create or replace function pg_temp.identity(seed bigint, purpose text, n bigint) returns uuid
language sql immutable as $$
  select overlay(overlay(md5(seed::text || ':' || purpose || ':' || n::text) placing '4' from 13)
                 placing substr('89ab', 1 + floor(4 * pg_temp.draw(seed, purpose, n))::int, 1) from 17)::uuid
$$;

-- `length` characters (at most 86) from the alphabet of device tokens.
create or replace function pg_temp.letters(seed bigint, purpose text, n bigint, length int) returns text
language sql immutable as $$
  select left(translate(encode(sha512((seed::text || ':' || purpose || ':' || n::text)::bytea), 'base64'),
                        E'+/=\n', '-_'), length)
$$;

-- The place of n in a cycle of `every` places, from a start that the seed chooses. It is for
-- properties that must occur even among a few hundred people.
create or replace function pg_temp.place(seed bigint, purpose text, n bigint, every int) returns int
language sql immutable as $$
  select mod(n + floor(every * pg_temp.draw(seed, purpose, 0))::bigint, every)::int
$$;

-- One of the choices, for a draw u in [0, 1).
create or replace function pg_temp.choose(u double precision, choices text[]) returns text
language sql immutable as $$
  select choices[1 + floor(u * cardinality(choices))::int]
$$;

create or replace function pg_temp.zone(u double precision) returns text
language sql immutable as $$
  select case when u < 0.5 then 'Europe/Oslo' else pg_temp.choose((u - 0.5) * 2, array[
    'Europe/Stockholm', 'Europe/Copenhagen', 'Europe/London', 'Europe/Lisbon', 'America/New_York', 'America/Chicago',
    'America/Los_Angeles', 'America/Sao_Paulo', 'Africa/Nairobi', 'Asia/Kolkata', 'Asia/Kathmandu', 'Asia/Tokyo',
    'Australia/Sydney', 'Pacific/Auckland', 'Pacific/Honolulu']) end
$$;

-- About sixty people per organisation on average, and at least three organisations.
create or replace function pg_temp.organisations(recipients bigint) returns int
language sql immutable as $$
  select greatest(3, ceil(recipients / 60.0))::int
$$;

-- The time zone of the k-th organisation, largest first: the three largest are at home.
create or replace function pg_temp.organisation_zone(seed bigint, k bigint) returns text
language sql immutable as $$
  select case when k <= 3 then 'Europe/Oslo' else pg_temp.zone(pg_temp.draw(seed, 'organisation zone', k)) end
$$;

-- From one to eight.
create or replace function pg_temp.chapters(seed bigint, organisation bigint) returns int
language sql immutable as $$
  select 1 + floor(8 * pg_temp.draw(seed, 'chapters', organisation))::int
$$;

-- How often the n-th mentor was active: 6 in 100 never, most a few times, a few in the hundreds (a
-- Lomax tail, mean about 13, cut at 600). About a quarter reach 10, 4 in 100 reach 50, 2 in 100
-- reach 100.
create or replace function pg_temp.activities(seed bigint, n bigint) returns int
language sql immutable as $$
  select case when pg_temp.draw(seed, 'never active', n) < 0.06 then 0
              else least(600, 1 + floor(5 * (power(1 - pg_temp.draw(seed, 'activities', n), -1 / 1.3) - 1)))::int end
$$;

-- Seconds since the last activity: for seven in ten within 13 days, for the others from 14 days to
-- over a year, mostly close to 14. People who are often active are seldom away for long.
create or replace function pg_temp.away(seed bigint, n bigint) returns double precision
language sql immutable as $$
  select 86400 * case
    when pg_temp.draw(seed, 'away', n) < case when pg_temp.activities(seed, n) < 50 then 0.30 else 0.10 end
      then 14 + 400 * power(pg_temp.draw(seed, 'how long away', n), 3)
    else 0.02 + 12.9 * pg_temp.draw(seed, 'how long away', n) end
$$;

-- Seconds between the first activity and the last: 2 to 9 days per activity, at most three years.
create or replace function pg_temp.tenure(seed bigint, n bigint) returns double precision
language sql immutable as $$
  select 86400 * least(1100, pg_temp.activities(seed, n) * (2 + 7 * pg_temp.draw(seed, 'tenure', n)))
$$;
