/** The key that a caller of this function needs. Cron reads it from the Vault. */
import { setting } from "./environment.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** Two keys may be set: while one is being replaced, the old and the new one are valid. */
const keys = ["REKINDLE_SCHEDULER_KEY", "REKINDLE_SCHEDULER_KEY_NEXT"]
  .map((name) => setting(name) ?? "")
  .filter((key) => key.length >= 32);
const digests = Promise.all(keys.map((key) => crypto.subtle.digest("SHA-256", encode(key))));

/** Without a key, the function rejects every call. */
export const hasKey = keys.length > 0;

/** Whether the request has a valid key. A wrong key takes as long as a right one. */
export async function authorised(headers: Headers): Promise<boolean> {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  let found = false;
  for (const shown of [bearer, headers.get("apikey")]) {
    if (!shown || shown.length > 512) continue;
    const given = new Uint8Array(await crypto.subtle.digest("SHA-256", encode(shown)));
    for (const digest of await digests) {
      const expected = new Uint8Array(digest);
      const differing = given.reduce((bits, byte, at) => bits | (byte ^ (expected[at] ?? 0)), 0);
      found = differing === 0 || found;
    }
  }
  return found;
}
