/** Reads a body from outside, up to a limit. */

/** The body is larger than the limit. */
export class TooLarge extends Error {}

/** The body is not UTF-8. */
export class NotText extends Error {}

/**
 * The text of a body.
 *
 * @throws {TooLarge} it has more than `limit` bytes; the rest was not read.
 * @throws {NotText} it is not UTF-8.
 */
export async function capped(body: ReadableStream<Uint8Array> | null, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > limit) throw new TooLarge();
    chunks.push(chunk);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(whole);
  } catch {
    throw new NotText();
  }
}
