/**
 * The part of a report that is relayed: the fields named here, if they are valid, and nothing else.
 */

const COUNTS = [
  "evaluated",
  "not_due",
  "due",
  "refused",
  "claimed",
  "carried",
  "recorded",
  "held_out",
  "skipped",
  "dead",
  "unknown",
  "pending",
  "handed_over",
  "pushes",
  "confirmed",
] as const;
const STATUSES = ["running", "done", "budget", "incomplete", "halted", "abandoned", "not_started"];
const WORD = /^[a-z0-9_:.-]{1,100}$/i;
const CODE = /RK\d{3}/;

type Fields = Record<string, unknown>;

/** The report of a run, or null if the answer is not a report. */
export function readReport(answer: unknown): Fields | null {
  if (!isObject(answer) || !STATUSES.includes(String(answer.status)) || !isWord(answer.run_id)) return null;
  const scenarios = Array.isArray(answer.scenarios) ? answer.scenarios.map(readNumbers) : [null];
  if (scenarios.includes(null)) return null;
  return {
    run_id: answer.run_id,
    status: answer.status,
    started_at: wordOf(answer.started_at),
    finished_at: wordOf(answer.finished_at),
    abandoned_at: wordOf(answer.abandoned_at),
    budget_seconds: countOf(answer.budget_seconds),
    dispatcher: wordOf(answer.dispatcher),
    exit_code: countOf(answer.exit_code),
    halted_by: codeOf(answer.halted_by),
    tick: tickOf(answer.tick),
    attempt: countOf(answer.attempt),
    reached: countOf(answer.reached),
    scenarios,
  };
}

/** Only the code of an error or of a halt, because its message may name a server. */
export function codeOf(value: unknown): string | null {
  return typeof value === "string" ? CODE.exec(value)?.[0] ?? null : null;
}

export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readNumbers(value: unknown): Fields | null {
  if (!isObject(value) || !isWord(value.scenario_type)) return null;
  const numbers: Fields = { scenario_type: value.scenario_type };
  for (const name of COUNTS) numbers[name] = countOf(value[name]);
  for (const name of ["refusals", "reasons"]) {
    const counts = isObject(value[name]) ? Object.entries(value[name]) : [];
    numbers[name] = Object.fromEntries(counts.filter(([word, count]) => WORD.test(word) && countOf(count) !== null));
  }
  return numbers;
}

const isWord = (value: unknown): value is string => typeof value === "string" && WORD.test(value);
const wordOf = (value: unknown) => (typeof value === "string" && /^[\w:.+-]{1,100}$/.test(value) ? value : null);
const tickOf = (value: unknown) => (typeof value === "string" && /^tick:[\w:+-]{1,4000}$/.test(value) ? value : null);
const countOf = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? value : null);
