/** Google's access token for a service account, kept until shortly before it expires. */
import type { Account } from "./account.ts";
import { capped } from "./capped.ts";

const SCOPE = "https://www.googleapis.com/auth/firebase.messaging";
const AHEAD_MS = 300_000;
const TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 65_536;
const PASSING = [408, 429, 500, 502, 503, 504];
const PASSING_WORDS: unknown[] = ["internal_failure", "server_error", "temporarily_unavailable"];

/** There is no token. `word` is the code for Rekindle. */
export class NoToken extends Error {
  constructor(readonly word: "private_key_unreadable" | "credentials_rejected" | "token_unavailable") {
    super(word);
  }
}

export class AccessTokens {
  #held: { text: string; until: number } | null = null;
  #fetching: Promise<string> | null = null;

  constructor(private readonly account: Account) {}

  /**
   * A token that stays valid for some time. Concurrent requests that need a new one share it.
   *
   * @throws {NoToken} there is none, or none by `until`.
   */
  current(until: number): Promise<string> {
    if (this.#held !== null && performance.now() < this.#held.until) return Promise.resolve(this.#held.text);
    this.#fetching ??= this.#fetch().finally(() => this.#fetching = null);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new NoToken("token_unavailable")), until - performance.now());
    });
    return Promise.race([this.#fetching, late]).finally(() => clearTimeout(timer));
  }

  /** Forget a token that FCM rejected. */
  forget(token: string): void {
    if (this.#held?.text === token) this.#held = null;
  }

  async #fetch(): Promise<string> {
    let body: string;
    try {
      body = await assertion(this.account);
    } catch {
      throw new NoToken("private_key_unreadable");
    }
    let status: number;
    let answer: Record<string, unknown> = {};
    try {
      const response = await fetch(this.account.tokenUrl, {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body,
        redirect: "manual",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      status = response.status;
      answer = Object(JSON.parse(await capped(response.body, MAX_ANSWER_BYTES)));
    } catch {
      throw new NoToken("token_unavailable");
    }
    if (status >= 400 && status < 500 && !PASSING.includes(status) && !PASSING_WORDS.includes(answer.error)) {
      throw new NoToken("credentials_rejected");
    }
    const life = Number(answer.expires_in) * 1_000; // Google sometimes writes it as a string
    const text = answer.access_token;
    if (status !== 200 || typeof text !== "string" || !/^[\x21-\x7e]+$/.test(text) || !(life > 0)) {
      throw new NoToken("token_unavailable");
    }
    this.#held = { text, until: performance.now() + life - Math.min(AHEAD_MS, life / 2) };
    return text;
  }
}

/** The token request of a service account: claims, signed with its key (RFC 7523). */
async function assertion(account: Account): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const header = { alg: "RS256", typ: "JWT", kid: account.keyId };
  const claims = { iss: account.email, scope: SCOPE, aud: account.tokenUrl, iat: now, exp: now + 3_600 };
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("pkcs8", account.key, algorithm, false, ["sign"]);
  const content = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(claims))}`;
  const signature = await crypto.subtle.sign(algorithm.name, key, new TextEncoder().encode(content));
  const signed = `${content}.${base64url(String.fromCharCode(...new Uint8Array(signature)))}`;
  return String(new URLSearchParams({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: signed }));
}

function base64url(bytes: string): string {
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
