/**
 * push-notification-dispatcher: receives batches of pushes from Rekindle, sends each push to
 * Firebase Cloud Messaging once, and relays FCM's answers. Rekindle classifies them. See
 * docs/reference/edge-function.md.
 *
 * It sends nothing twice, and logs no key, device token or text.
 */
import { accountFromEnvironment } from "./account.ts";
import { capped, TooLarge } from "./capped.ts";
import { setting } from "./environment.ts";
import { Fcm } from "./fcm.ts";
import { authorised } from "./key.ts";
import { type Batch, Invalid, readBatch } from "./request.ts";
import { AccessTokens, NoToken } from "./token.ts";

const MAX_REQUEST_BYTES = 2 * 1024 * 1024;
const FCM_URL = setting("FCM_URL") ?? "https://fcm.googleapis.com";

const account = accountFromEnvironment(FCM_URL);
const tokens = typeof account === "string" ? null : new AccessTokens(account);

/** Answers one request. A status from 400 to 499 means that nothing was sent. */
async function respond(request: Request): Promise<Response> {
  const received = performance.now();
  if (request.method !== "POST") return refusal(405, "only POST is served");
  if (!(await authorised(request.headers.get("apikey")))) return refusal(401, "the key is not a key of this project");
  let batch: Batch;
  try {
    batch = readBatch(JSON.parse(await capped(request.body, MAX_REQUEST_BYTES)));
  } catch (fault) {
    if (fault instanceof TooLarge) return refusal(413, `a request has at most ${MAX_REQUEST_BYTES} bytes`);
    return refusal(400, fault instanceof Invalid ? fault.message : "the request is not JSON");
  }
  if (typeof account === "string" || tokens === null) return Response.json({ refused: account });
  const until = received + batch.timeoutMs;
  let token: string;
  try {
    token = await tokens.current(until);
  } catch (fault) {
    if (fault instanceof NoToken) return Response.json({ refused: fault.word });
    throw fault;
  }
  const fcm = new Fcm(FCM_URL, account.project, token, until);
  const results = await fcm.sendAll(batch.messages, batch.validateOnly);
  // Forget a rejected token: the next request gets a new one. The messages of this request are not
  // sent again.
  if (results.some((result) => "status" in result && result.status === 401)) tokens.forget(token);
  return Response.json({ results });
}

function refusal(status: number, error: string): Response {
  return Response.json({ error }, { status });
}

Deno.serve(async (request) => {
  try {
    return await respond(request);
  } catch (fault) {
    console.error(`push-notification-dispatcher failed: ${fault instanceof Error ? fault.name : "not an error"}`);
    return refusal(500, "the function failed");
  }
});
