/** Firebase Cloud Messaging: one request per message, and its result. */
import { capped, NotText, TooLarge } from "./capped.ts";
import type { Push } from "./request.ts";

const AT_ONCE = 25;
// Deno's words for a connection that was never made, and for the two errors after which, by RFC
// 9113 (8.7), a request was certainly not processed. If Deno changes the words, the send becomes
// uncertain.
const UNCONNECTED = "client error (Connect)";
const REFUSED = [
  "stream error received: refused stream before processing any application logic",
  "connection error received: not a result of an error",
];
const MAX_ANSWER_BYTES = 8_192; // FCM's errors have about 1,000

/** The result for one message. */
type Fate =
  | { status: number; body: string; retry_after?: string } // FCM's answer, for Rekindle to classify
  | { not_sent: "no_time" | "connect_failed" | "stream_refused" } // it certainly did not leave
  | { uncertain: "timeout" | "connection_lost" }; // it may have been sent

/** `index` is the message's place in the request. */
export type Result = { index: number; claim_id: string } & Fate;

export class Fcm {
  readonly #address: string;

  /**
   * @param until a reading of `performance.now`, after which nothing leaves and every result is
   * known
   */
  constructor(url: string, project: string, private readonly token: string, private readonly until: number) {
    this.#address = `${url.replace(/\/$/, "")}/v1/projects/${project}/messages:send`;
  }

  /**
   * One result per message, in order. Sends up to AT_ONCE at a time: FCM's connection takes these
   * without a queue.
   */
  async sendAll(messages: Push[], validateOnly: boolean): Promise<Result[]> {
    const results: Result[] = [];
    const signal = AbortSignal.timeout(Math.max(0, this.until - performance.now()));
    let next = 0;
    const work = async () => {
      for (let index = next++; index < messages.length; index = next++) {
        const push = messages[index]!;
        const fate = await this.#send(push, validateOnly, signal);
        results[index] = { index, claim_id: push.claimId, ...fate };
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return results;
  }

  async #send(push: Push, validateOnly: boolean, signal: AbortSignal): Promise<Fate> {
    if (signal.aborted || performance.now() >= this.until) return { not_sent: "no_time" };
    let response: Response;
    try {
      response = await fetch(this.#address, {
        method: "POST",
        headers: { "authorization": `Bearer ${this.token}`, "content-type": "application/json; charset=utf-8" },
        body: once(JSON.stringify({ message: push.message, ...(validateOnly ? { validate_only: true } : {}) })),
        redirect: "manual",
        signal,
      });
    } catch (fault) {
      return failed(fault, signal);
    }
    return await relayed(response, signal);
  }
}

async function relayed(response: Response, signal: AbortSignal): Promise<Fate> {
  let body = "";
  try {
    body = await capped(response.body, MAX_ANSWER_BYTES);
  } catch (fault) {
    // If the body is too large or not text, the status alone counts. If it is cut, the send is
    // uncertain.
    const whole = fault instanceof TooLarge || fault instanceof NotText;
    if (!whole) return { uncertain: signal.aborted ? "timeout" : "connection_lost" };
  }
  const retryAfter = response.headers.get("retry-after");
  return { status: response.status, body, ...(retryAfter === null ? {} : { retry_after: retryAfter.slice(0, 100) }) };
}

function failed(fault: unknown, signal: AbortSignal): Fate {
  if (signal.aborted) return { uncertain: "timeout" };
  const cause = fault instanceof Error && fault.cause instanceof Error ? fault.cause.message : "";
  const said = `${fault instanceof Error ? fault.message : ""} ${cause}`;
  if (said.includes(UNCONNECTED)) return { not_sent: "connect_failed" };
  return REFUSED.some((words) => said.includes(words))
    ? { not_sent: "stream_refused" }
    : { uncertain: "connection_lost" };
}

/** A body that can be taken once. Otherwise `fetch` would send it again after a refused stream. */
function once(text: string): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  }, { highWaterMark: 0 });
}
