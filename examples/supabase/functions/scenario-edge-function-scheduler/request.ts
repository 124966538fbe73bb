/** The request from cron, and the key that makes a repeated request one run. */

/** The request of one tick of a schedule. */
export interface Tick {
  scenarios: string[];
  organisations: string[];
  /**
   * The minute of the schedule, `YYYY-MM-DDTHH:MMZ`; a second call of the same tick has the same
   * one.
   */
  scheduledAt: string;
}

/** The request is not valid; the message says why. */
export class Invalid extends Error {}

const FIELDS = new Set(["scenarios", "organisations", "scheduled_at"]);
const SCENARIO = /^[a-z][a-z0-9_-]{0,62}$/;
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MINUTE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}Z$/;

/** @throws {Invalid} it has an unknown field, or a value that is not valid. */
export function readTick(body: unknown): Tick {
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw new Invalid("the body is not an object");
  if (Object.keys(body).some((name) => !FIELDS.has(name))) throw new Invalid("the body has an unknown field");
  const fields = body as Record<string, unknown>;
  const scheduledAt = fields.scheduled_at;
  if (typeof scheduledAt !== "string" || !MINUTE.test(scheduledAt)) {
    throw new Invalid("scheduled_at is not a minute such as 2026-01-31T09:07Z");
  }
  return {
    scenarios: texts(fields.scenarios, SCENARIO, 100, "scenarios"),
    organisations: texts(fields.organisations, ID, 1_000, "organisations"),
    scheduledAt,
  };
}

/** The same for every call of one tick; different for every other minute, selection or budget. */
export async function idempotencyKey(tick: Tick, budgetSeconds: number): Promise<string> {
  const asked = JSON.stringify([tick.scenarios, tick.organisations, budgetSeconds]);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(asked)));
  const hex = Array.from(digest.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `cron:${tick.scheduledAt}:${hex}`;
}

function texts(value: unknown, form: RegExp, most: number, name: string): string[] {
  if (value === undefined || value === null) return [];
  const good = Array.isArray(value) && value.length <= most &&
    value.every((one): one is string => typeof one === "string" && form.test(one));
  if (!good) throw new Invalid(`${name} is not a list of at most ${most} ${name}`);
  return [...new Set(value as string[])].sort();
}
