/**
 * The content of a Google key file, also if it was mangled on its way into a secret: quotes around
 * it, escaped quotes and line breaks, base64. Each is undone only where the result is certain: the
 * JSON object parses, and the key is whole. Rekindle does the same, in `key_file.py`.
 */

type Fields = Record<string, unknown>;

const LAYERS = 4; // base64 of a quoted text of escaped JSON; more is not an accident

/** The JSON object in the content, or null if there is none. */
export function parseKeyFile(content: string, layers = LAYERS): Fields | null {
  const text = content.trim();
  if (layers === 0 || text === "") return null;
  const inner: unknown[] = [parsed(text), /^(["'`])([\s\S]*)\1$/.exec(text)?.[2]];
  if (text.includes('\\"')) inner.push(parsed(`"${text}"`));
  inner.push(decoded(text));
  for (const one of inner) {
    const found = typeof one === "string" ? parseKeyFile(one, layers - 1) : one;
    if (typeof found === "object" && found !== null && !Array.isArray(found) && Object.keys(found).length > 0) {
      return found as Fields;
    }
  }
  return null;
}

/** The DER bytes of a private key in PEM, with its line breaks or without; null if it is not whole. */
export function derOf(pem: string): Uint8Array<ArrayBuffer> | null {
  const text = pem.replaceAll("\\r", "").replaceAll("\\n", "\n");
  const found = /-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----/.exec(text);
  return found === null ? null : bytes(found[1]!);
}

function parsed(text: string): unknown {
  // Real line breaks inside of a text are not JSON, and are accepted.
  const lenient = text.replace(/"(?:[^"\\]|\\[\s\S])*"/g, (one) => Array.from(one, escapedControl).join(""));
  try {
    return JSON.parse(lenient);
  } catch {
    return undefined;
  }
}

function escapedControl(letter: string): string {
  return letter < " " ? `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}` : letter;
}

function decoded(text: string): string | undefined {
  const found = bytes(text.replaceAll("-", "+").replaceAll("_", "/"));
  try {
    return found === null ? undefined : new TextDecoder("utf-8", { fatal: true }).decode(found);
  } catch {
    return undefined;
  }
}

function bytes(base64: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(base64.replace(/\s/g, "")), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
}
