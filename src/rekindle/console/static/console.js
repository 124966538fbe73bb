/* Every page works without this file. It tells the server the time zone of this browser, switches
   between light and dark without loading the page, closes the menu by Escape, puts the focus on a
   summary of mistakes, opens the tables for print, and follows runs under way. */
"use strict";
const root = document.documentElement;
const keep = (name, value, seconds) => {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `${name}=${value}; path=/; max-age=${seconds}; samesite=lax${secure}`;
};
const YEAR = 365 * 24 * 3600;

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) keep("rekindle_zone", zone, YEAR);

document.addEventListener("submit", (event) => {
  if (!event.target.matches(".theme") || !event.submitter) return;
  event.preventDefault();
  const chosen = event.submitter.value;
  const own = chosen === "light" || chosen === "dark";
  keep("rekindle_theme", own ? chosen : "", own ? YEAR : 0);
  if (own) root.dataset.theme = chosen; else delete root.dataset.theme;
  for (const button of event.target.querySelectorAll("[name=theme]"))
    button.setAttribute("aria-pressed", String(button === event.submitter));
});

document.addEventListener("keydown", (event) => {
  const menu = document.querySelector(".tabs details[open]");
  if (event.key !== "Escape" || !menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

document.addEventListener("DOMContentLoaded", () => document.querySelector("[data-focus]")?.focus());

let opened = [];
window.addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details.more:not([open])")];
  for (const one of opened) one.open = true;
});
window.addEventListener("afterprint", () => { for (const one of opened) one.open = false; });

const STALE_MS = 5_000;   // a connection that comes back sooner is not worth a word
const MOST_LINES = 200;

const replaced = (part, html) => {
  const links = () => [...part.querySelectorAll("a, button, summary")];
  const focused = links().indexOf(document.activeElement);
  part.innerHTML = html;   // from our server, which has escaped every value
  links()[focused]?.focus();
};

const follow = (live) => {
  const find = (name) => live.querySelector(`[data-${name}]`);
  const source = new EventSource(live.dataset.live);
  let at = live.dataset.at, late;
  const stale = (is) => {
    clearTimeout(late);
    late = undefined;
    find("since").textContent = at;
    find("stale").hidden = !is;
  };
  const show = (event) => {
    const sent = JSON.parse(event.data);
    at = sent.at;
    stale(false);
    replaced(find("part"), sent.part);
    if (sent.said) find("said").textContent = sent.said;
    const log = find("log");
    if (!log || !sent.log.length) return;
    find("log-of").hidden = false;
    for (const line of sent.log) {
      const item = document.createElement("li");
      item.textContent = `${sent.at}  ${line}`;
      log.append(item);
    }
    while (log.childElementCount > MOST_LINES) log.firstElementChild.remove();
  };
  source.addEventListener("progress", show);
  for (const last of ["ended", "abandoned"])
    source.addEventListener(last, (event) => { source.close(); show(event); });
  source.addEventListener("open", () => stale(false));
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) stale(true);
    else late ??= setTimeout(stale, STALE_MS, true);
  });
};
document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-live]").forEach(follow));
