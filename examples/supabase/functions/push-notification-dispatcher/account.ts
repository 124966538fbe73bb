/**
 * The service account of the Firebase project: FCM_SERVICE_ACCOUNT contains its key file, as JSON.
 */

export interface Account {
  project: string;
  email: string;
  keyId: string;
  privateKey: string;
  tokenUrl: string;
}

const GOOGLE = ["oauth2.googleapis.com", "accounts.google.com"];

/** The account, or a code for why there is no usable one. */
export function accountFromEnvironment(fcmUrl: string): Account | "credentials_missing" | "credentials_rejected" {
  if (host(fcmUrl) === null) {
    console.error("FCM_URL is not an https:// address");
    return "credentials_rejected";
  }
  const content = Deno.env.get("FCM_SERVICE_ACCOUNT");
  if (!content) return "credentials_missing";
  let file: Record<string, unknown>;
  try {
    file = JSON.parse(content);
  } catch {
    return "credentials_missing";
  }
  const { project_id: project, client_email: email, private_key: privateKey, token_uri: tokenUrl } = file;
  if (typeof project !== "string" || !/^[a-z0-9][a-z0-9.:-]{0,62}$/.test(project)) return "credentials_missing";
  if (typeof email !== "string" || typeof privateKey !== "string" || typeof tokenUrl !== "string") {
    return "credentials_missing";
  }
  // A signed assertion is sent there, so a manipulated file must not choose the host.
  const hosts = [...GOOGLE, host(fcmUrl)];
  const tokenHost = host(tokenUrl);
  if (tokenHost === null || !hosts.includes(tokenHost)) return "credentials_rejected";
  return { project, email, privateKey, tokenUrl, keyId: String(file.private_key_id ?? "") };
}

function host(url: string): string | null {
  try {
    const parsed = new URL(url);
    return parsed.protocol === "https:" && parsed.username === "" ? parsed.hostname : null;
  } catch {
    return null;
  }
}
