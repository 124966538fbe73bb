/**
 * The service account of the Firebase project: FCM_SERVICE_ACCOUNT contains its key file, as JSON.
 */
import { setting } from "./environment.ts";
import { derOf, parseKeyFile } from "./key_file.ts";

export interface Account {
  project: string;
  email: string;
  keyId: string;
  /** The private key, DER in PKCS #8. */
  key: Uint8Array<ArrayBuffer>;
  tokenUrl: string;
}

/** Why there is no usable account. Rekindle has a message for each of these words. */
export type Refusal =
  | "fcm_url_not_https"
  | "credentials_missing"
  | "credentials_not_json"
  | "credentials_incomplete"
  | "private_key_missing"
  | "private_key_unreadable"
  | "token_uri_not_google";

const GOOGLE = ["oauth2.googleapis.com", "accounts.google.com"];
const TOKEN_URL = "https://oauth2.googleapis.com/token";

/** The account, or the word for why there is no usable one. Nothing of it is logged. */
export function accountFromEnvironment(fcmUrl: string): Account | Refusal {
  if (host(fcmUrl) === null) return "fcm_url_not_https";
  const content = setting("FCM_SERVICE_ACCOUNT");
  if (content === undefined) return "credentials_missing";
  const file = parseKeyFile(content);
  if (file === null) return "credentials_not_json";
  const { project_id: project, client_email: email, private_key: pem } = file;
  if (typeof project !== "string" || !/^[a-z0-9][a-z0-9.:-]{0,62}$/.test(project)) return "credentials_incomplete";
  if (typeof email !== "string" || email === "") return "credentials_incomplete";
  if (pem === undefined || pem === null || pem === "") return "private_key_missing";
  const key = typeof pem === "string" ? derOf(pem) : null;
  if (key === null) return "private_key_unreadable";
  // A signed assertion is sent there, so a manipulated file must not choose the host.
  const tokenUrl = file.token_uri ?? TOKEN_URL;
  const tokenHost = typeof tokenUrl === "string" ? host(tokenUrl) : null;
  if (tokenHost === null || ![...GOOGLE, host(fcmUrl)].includes(tokenHost)) return "token_uri_not_google";
  return { project, email, key, tokenUrl: tokenUrl as string, keyId: String(file.private_key_id ?? "") };
}

function host(url: string): string | null {
  try {
    const parsed = new URL(url);
    return parsed.protocol === "https:" && parsed.username === "" ? parsed.hostname : null;
  } catch {
    return null;
  }
}
