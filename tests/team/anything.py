"""Values of every type of Postgres, extreme and odd ones too, as SQL expressions for psycopg (%% is
a per cent sign)."""

_DEEP = "(repeat('[', 3000) || '1' || repeat(']', 3000))"
_DIGITS = "repeat('9', 6000)"

ANYTHING: dict[str, list[str]] = {
    "text": [
        "'Ada'", "''", "' '", "repeat('x', 1000000)", "E'\\x01\\x1b[2J\\x7f'", "U&'\\+01F600'", "'{first_name} {{'",
        "'NaN'", "U&'\\202Eabc'", "chr(65279)", "'14'", "'2026-01-31'", "'2026-02-30'", "'0000-01-01'", "'2026-1-31'",
        "'2026-01-31T00:00:00'", "E'2026-01-31\\n'", "'%%s \\\\ \"'", "repeat('é', 999)",
    ],
    "varchar(3)": ["'abc'", "''"],
    "char(5)": ["'a'"],
    "name": ["'a'"],
    '"char"': ["'a'", "''"],
    "smallint": ["1", "-32768", "32767"],
    "integer": ["1", "-2147483648", "0"],
    "bigint": ["1", "9223372036854775807", "-9223372036854775808", "1000000000000000", "1000000000000001"],
    "numeric": ["12.50", "'NaN'", "'Infinity'", "'-Infinity'", "1e131071", "1e-16383", "-0.0", "1e15", "1e400"],
    "real": ["1.5", "'NaN'", "'Infinity'", "3.4e38"],
    "double precision": ["1.5", "'NaN'", "'-Infinity'", "1.7e308", "5e-324", "'-0'"],
    "money": ["'1.00'", "'-92233720368547758.08'"],
    "boolean": ["true", "false"],
    "date": ["'2026-01-31'", "'infinity'", "'-infinity'", "'4713-01-01 BC'", "'5874897-12-31'", "'0001-01-01 BC'",
             "'10000-01-01'"],
    "timestamp": ["'2026-01-31 10:00'", "'infinity'", "'-infinity'", "'4713-01-01 BC'",
                  "'294276-12-31 23:59:59.999999'"],
    "timestamptz": ["'2026-01-31 10:00Z'", "'infinity'", "'-infinity'", "'4713-01-01 BC'",
                    "'294276-12-31 23:59:59.999999Z'"],
    "time": ["'10:00'", "'24:00:00'"],
    "timetz": ["'10:00Z'", "'24:00:00-15:59'"],
    "interval": ["'1 day'", "'178000000 years'", "'-178000000 years'", "'1 mon -1 day 25:01:01.5'"],
    "uuid": ["'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"],
    "bytea": ["'\\x'", "decode(repeat('00ff', 1000), 'hex')"],
    "bit(3)": ["b'101'"],
    "varbit": ["b''"],
    "inet": ["'::1/128'"],
    "cidr": ["'10.0.0.0/8'"],
    "macaddr8": ["'08:00:2b:01:02:03:04:05'"],
    "json": ["'1'", "'\"\\ud800\"'", "'\"\\udc00\\ud800\"'", "'\"\\u0000\"'", "'1e999999'", "'{\"a\":1,\"a\":2}'",
             f"{_DEEP}::json", f"{_DIGITS}::json", "'null'", "'\"\"'", "'{\"\\u0000\": 1}'"],
    "jsonb": ["'1'", f"{_DEEP}::jsonb", f"{_DIGITS}::jsonb", f"('[' || {_DIGITS} || ']')::jsonb",
              "'{\"n\": 1e131000}'", "'1e131000'", "'[]'", "'{}'", "'null'", "'\"\"'", "'{\"\": {\"\": null}}'",
              "jsonb_build_object('x', repeat('y', 70000))", "to_jsonb(array_fill(0, array[3000]))"],
    "int[]": ["'{1}'", "'{}'", "'{NULL}'", "'{{1,2},{3,4}}'", "'[-5:-4]={1,2}'"],
    "text[]": ["'{a}'", "array['\"', '\\', null, '{']"],
    "json[]": ["'{}'", "array['\"\\ud800\"'::json]"],
    "jsonb[]": ["array['1'::jsonb]", f"array[{_DEEP}::jsonb]"],
    "date[]": ["array['infinity'::date]"],
    "int4range": ["'[1,2)'", "'empty'", "'(,)'"],
    "tstzrange": ["'[-infinity,infinity]'"],
    "nummultirange": ["'{}'", "'{[1,2],[4,)}'"],
    "tsvector": ["'a:1 b'"],
    "tsquery": ["'a & b'"],
    "point": ["'(0,0)'", "'(NaN,Infinity)'"],
    "path": ["'((0,0),(1e308,1))'"],
    "circle": ["'<(0,0),Infinity>'"],
    "pg_lsn": ["'0/0'", "'FFFFFFFF/FFFFFFFF'"],
    "oid": ["4294967295"],
    "regclass": ["'pg_class'", "4294967295::oid::regclass"],
    "regtype": ["'int4'"],
    "pg_snapshot": ["'10:20:10,14'"],
    "jsonpath": ["'$.a'"],
    "team.mood": ["'good'"],
    "team.pair": ["row(1, '1')::team.pair", "row(1, '\"\\ud800\"')::team.pair", "row(null, null)::team.pair"],
    "team.note": ["'{}'", "'\"\\u0000\"'"],
    "team.letters": ["'a'"],
    "team.thorny": ["row(1)::team.thorny", "row(13)::team.thorny"],
}  # fmt: skip
"""By type: first a value that every text can show, then odd ones."""

TYPES = """
create type team.mood as enum ('good', 'bad');
create type team.pair as (a int, b json);
create domain team.note as json;
create domain team.letters as text check (value ~ '^[a-z]*$');
create type team.thorny as (n int);
create function team.as_json(thorny team.thorny) returns json language plpgsql as $$
begin
  if thorny.n = 13 then raise exception 'canary'; end if;
  return pg_catalog.to_json(thorny.n);
end $$;
create cast (team.thorny as json) with function team.as_json(team.thorny);
"""
"""A team's own types; the last one has a cast to json that fails for one value."""
