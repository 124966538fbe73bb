-- In: seed, recipients. One row per sixty recipients, at least three; all names are different.
insert into programme.organisations (id, name, time_zone)
select pg_temp.identity(%(seed)s, 'organisation', k),
       place.names[1 + mod(k - 1, cardinality(place.names))] || ' '
         || purpose.names[1 + mod(k - 1 + (k - 1) / cardinality(place.names), cardinality(purpose.names))]
         || case when k > cardinality(place.names) * cardinality(purpose.names)
                 then ' ' || 1 + (k - 1) / (cardinality(place.names) * cardinality(purpose.names)) else '' end,
       case when pg_temp.draw(%(seed)s, 'organisation without zone', k) < 0.9
            then pg_temp.organisation_zone(%(seed)s, k) end
from generate_series(1, pg_temp.organisations(%(recipients)s)) as k
cross join (select array[
  'Birkelund', 'Granvik', 'Solbakken', 'Fjellheim', 'Nordvang', 'Kvernbekk', 'Havnegata', 'Steinerud', 'Lyngmyr',
  'Elvestad', 'Askim Road', 'Riverside', 'Old Harbour', 'Hilltop', 'Westgate', 'Maple Street', 'Lakeside',
  'Three Bridges', 'Kestrel', 'Greenfield', 'Cedar Lane', 'Morningside', 'Southbank', 'Tidewater', 'Stonehouse'
]) as place (names)
cross join (select array[
  'Peer Support', 'Visiting Friends', 'Recovery Network', 'Family Line', 'Youth Mentors', 'Walk and Talk',
  'Language Friends', 'Night Line', 'Home Visits', 'Newcomers', 'Job Mentors', 'Heart Group', 'Carers', 'Listeners'
]) as purpose (names)
