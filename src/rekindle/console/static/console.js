/* Every page works without this file. It tells the server the time zone of this browser, switches
   between light and dark without loading the page, closes the menu by Escape, puts the focus on a
   summary of mistakes, and opens the tables for print. */
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
