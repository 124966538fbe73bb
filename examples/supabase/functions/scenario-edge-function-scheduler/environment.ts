/** The environment variables of this function. */

/**
 * The value of a variable, without space and one pair of quotes around it. An empty one counts as
 * not set.
 */
export function setting(name: string): string | undefined {
  const value = (Deno.env.get(name) ?? "").trim();
  const quoted = /^(["'])([\s\S]*)\1$/.exec(value);
  return (quoted?.[2] ?? value).trim() || undefined;
}
