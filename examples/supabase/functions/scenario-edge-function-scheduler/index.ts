/**
 * scenario-edge-function-scheduler: Supabase Cron calls it. It starts a run of Rekindle through the
 * HTTP API, with a budget below this function's own time limit, and relays the report. See
 * docs/how-to/run-on-a-schedule.md.
 *
 * Each call makes exactly one request to the API. Calls of the same tick have the same
 * Idempotency-Key, so they are one run. It logs a code and a status, and never a key or any content
 * of a request.
 */
import { json, TooLarge } from "./capped.ts";
import { setting } from "./environment.ts";
import { authorised, hasKey } from "./key.ts";
import { idempotencyKey, Invalid, readTick, type Tick } from "./request.ts";
import { codeOf, isObject, readReport } from "./report.ts";

const MAX_REQUEST_BYTES = 64 * 1024;
const MAX_ANSWER_BYTES = 256 * 1024;
/** An Edge Function must answer within 150 s. Budget, wait and answer together use all of them. */
const MAX_BUDGET_SECONDS = 130;
const REPORT_SECONDS = 5;
const ANSWER_SECONDS = 10;

const apiUrl = setting("REKINDLE_API_URL") ?? "";
const apiKey = setting("REKINDLE_API_KEY") ?? "";
const budgetSeconds = Number(setting("REKINDLE_BUDGET_SECONDS") ?? "100");
const misconfigured = mistake();

/** Answers one request. `error.code` is for programs. After a 4xx from here, no run has started. */
async function respond(request: Request): Promise<Response> {
  if (request.method !== "POST") return refusal(405, "method_not_allowed", "only POST is served");
  if (!hasKey) return refusal(500, "misconfigured", "REKINDLE_SCHEDULER_KEY is not a key of at least 32 characters");
  if (!(await authorised(request.headers))) return refusal(401, "unauthorised", "the key is missing or wrong");
  if (misconfigured !== null) return refusal(500, "misconfigured", misconfigured);
  let tick: Tick;
  try {
    tick = readTick(await json(request.body, MAX_REQUEST_BYTES));
  } catch (fault) {
    if (fault instanceof TooLarge) return refusal(413, "too_large", `a request has at most ${MAX_REQUEST_BYTES} bytes`);
    return refusal(400, "bad_request", fault instanceof Invalid ? fault.message : "the request is not JSON");
  }
  const key = await idempotencyKey(tick, budgetSeconds);
  let answer: Response;
  let told: unknown;
  try {
    answer = await fetch(`${apiUrl.replace(/\/+$/, "")}/v1/runs`, {
      method: "POST",
      headers: {
        "authorization": `Bearer ${apiKey}`,
        "content-type": "application/json",
        "idempotency-key": key,
        "prefer": `wait=${budgetSeconds + REPORT_SECONDS}`,
      },
      body: JSON.stringify({
        scenarios: tick.scenarios,
        organisations: tick.organisations,
        budget_seconds: budgetSeconds,
      }),
      redirect: "error",
      signal: AbortSignal.timeout((budgetSeconds + REPORT_SECONDS + ANSWER_SECONDS) * 1000),
    });
    told = await json(answer.body, MAX_ANSWER_BYTES);
  } catch (fault) {
    return unanswered(fault, key);
  }
  if (answer.status === 200 || answer.status === 202) {
    const report = readReport(told);
    if (report !== null) return Response.json({ idempotency_key: key, run: report }, { status: answer.status });
    return refusal(502, "bad_answer", "the API's answer is not a report; the run may be running", { key });
  }
  const code = isObject(told) ? codeOf(told.code) : null;
  const status = [422, 429, 503].includes(answer.status) ? answer.status : 502;
  return refusal(status, "run_refused", `the API answered ${answer.status}`, {
    key,
    rekindle: code,
    retryAfter: answer.headers.get("retry-after"),
  });
}

/** The request may or may not have arrived. It is not repeated: the next tick continues. */
function unanswered(fault: unknown, key: string): Response {
  if (fault instanceof TooLarge || fault instanceof SyntaxError) {
    return refusal(502, "bad_answer", "the API's answer is not JSON, or too large; the run may be running", { key });
  }
  if (fault instanceof DOMException && fault.name === "TimeoutError") {
    return refusal(504, "api_silent", "the API did not answer in time; the run may be running", { key });
  }
  return refusal(502, "api_unreachable", "the API does not answer, or its answer is cut", { key });
}

interface About {
  key?: string;
  rekindle?: string | null;
  retryAfter?: string | null;
}

function refusal(status: number, code: string, message: string, about: About = {}): Response {
  console.error(JSON.stringify({ event: "scheduler.refused", status, code, rekindle: about.rekindle ?? null }));
  const headers = new Headers();
  if (about.retryAfter && /^\d{1,5}$/.test(about.retryAfter)) headers.set("retry-after", about.retryAfter);
  const error = { code, message, rekindle_code: about.rekindle ?? null };
  return Response.json({ ...(about.key === undefined ? {} : { idempotency_key: about.key }), error }, {
    status,
    headers,
  });
}

/** The mistake in the environment, or null. */
function mistake(): string | null {
  let url: URL;
  try {
    url = new URL(apiUrl);
  } catch {
    return apiUrl === "" ? "REKINDLE_API_URL is not set" : "REKINDLE_API_URL is not a valid address";
  }
  const local = ["127.0.0.1", "localhost", "host.docker.internal"].includes(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && local)) return "REKINDLE_API_URL is not https://";
  if (url.username !== "" || url.password !== "" || url.search !== "") {
    return "REKINDLE_API_URL has a user, password or query";
  }
  if (!/^[\x21-\x7e]{32,512}$/.test(apiKey)) return "REKINDLE_API_KEY is not a valid key";
  if (!Number.isInteger(budgetSeconds) || budgetSeconds < 1 || budgetSeconds > MAX_BUDGET_SECONDS) {
    return `REKINDLE_BUDGET_SECONDS is not a whole number from 1 to ${MAX_BUDGET_SECONDS}`;
  }
  return null;
}

Deno.serve(async (request) => {
  try {
    return await respond(request);
  } catch (fault) {
    console.error(JSON.stringify({ event: "scheduler.failed", kind: fault instanceof Error ? fault.name : "unknown" }));
    return Response.json({ error: { code: "failed", message: "the function failed", rekindle_code: null } }, {
      status: 500,
    });
  }
});
