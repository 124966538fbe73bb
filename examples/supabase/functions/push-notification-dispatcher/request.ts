/** A batch from Rekindle. Every part is checked before anything is sent. */

export const MAX_MESSAGES = 100;
const MAX_TIMEOUT_MS = 120_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const KEY = /^[0-9a-f]{64}$/;
const PARTS = ["token", "fid", "notification", "data", "android", "apns", "webpush", "fcm_options"];

/** A push, in the form of FCM HTTP v1, to one device. */
export interface Push {
  claimId: string;
  idempotencyKey: string;
  message: Record<string, unknown>;
}

export interface Batch {
  timeoutMs: number;
  validateOnly: boolean;
  messages: Push[];
}

/** The request is not valid. The message says where, and never quotes the value. */
export class Invalid extends Error {}

/** @throws {Invalid} it is not a batch. */
export function readBatch(value: unknown): Batch {
  const batch = record(value, "the request", ["version", "timeout_ms", "validate_only", "messages"]);
  if (batch.version !== 1) throw new Invalid("version: this function supports version 1");
  const { timeout_ms: timeoutMs, validate_only: validateOnly, messages } = batch;
  if (typeof timeoutMs !== "number" || !Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > MAX_TIMEOUT_MS) {
    throw new Invalid(`timeout_ms: not a whole number from 1 to ${MAX_TIMEOUT_MS}`);
  }
  if (typeof validateOnly !== "boolean") throw new Invalid("validate_only: not a boolean");
  if (!Array.isArray(messages)) throw new Invalid("messages: not a list");
  if (messages.length > MAX_MESSAGES) throw new Invalid(`messages: more than ${MAX_MESSAGES}`);
  return { timeoutMs, validateOnly, messages: messages.map(readPush) };
}

function readPush(value: unknown, at: number): Push {
  const where = `messages[${at}]`;
  const push = record(value, where, ["claim_id", "idempotency_key", "message"]);
  const claimId = text(push.claim_id, `${where}.claim_id`, UUID);
  const idempotencyKey = text(push.idempotency_key, `${where}.idempotency_key`, KEY);
  const message = record(push.message, `${where}.message`, PARTS); // so not to a topic, which would reach everybody
  if (("token" in message) === ("fid" in message)) throw new Invalid(`${where}.message: needs either token or fid`);
  // FCM checks the token, for this message alone. A check here would reject the whole batch.
  text(message.token ?? message.fid, `${where}.message: token or fid`, /^/);
  for (const value of Object.values(record(message.data ?? {}, `${where}.message.data`))) {
    if (typeof value !== "string") throw new Invalid(`${where}.message.data: not strings only`);
  }
  return { claimId, idempotencyKey, message };
}

function record(value: unknown, where: string, keys?: string[]): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Invalid(`${where}: not an object`);
  const known = keys === undefined || Object.keys(value).every((key) => keys.includes(key));
  if (!known) throw new Invalid(`${where}: has an unknown key`);
  return value as Record<string, unknown>;
}

function text(value: unknown, where: string, form: RegExp): string {
  if (typeof value !== "string" || !form.test(value)) throw new Invalid(`${where}: does not have the expected form`);
  return value;
}
