// Three conveniences: copy an address, dates in the reader’s time zone, search while typing. Pages work without them.
"use strict";

const language = document.documentElement.lang;

for (const button of document.querySelectorAll("button.copy")) {
  const field = document.getElementById(button.dataset.copy);
  const said = button.textContent;
  button.hidden = false;
  button.setAttribute("aria-live", "polite");
  field.addEventListener("focus", () => field.select());
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      // Without https there is no clipboard for scripts, but there is the old way.
      field.select();
      if (!document.execCommand("copy")) return;
    }
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = said; }, 2000);
  });
}

const days = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
const moments = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
const ago = new Intl.RelativeTimeFormat(language, { numeric: "auto" });

function distance(instant) {
  const minutes = Math.round((instant - Date.now()) / 60000);
  if (minutes > 0 || minutes < -7 * 24 * 60) return "";
  if (minutes > -60) return ago.format(minutes, "minute");
  if (minutes > -24 * 60) return ago.format(Math.round(minutes / 60), "hour");
  return ago.format(Math.round(minutes / 60 / 24), "day");
}

function offset(text) {
  const found = /UTC(?:([+−])(\d+)(?::(\d+))?)?$/.exec(text);
  if (!found) return null;
  const minutes = Number(found[2] || 0) * 60 + Number(found[3] || 0);
  return found[1] === "−" ? -minutes : minutes;
}

for (const time of document.querySelectorAll("time[datetime*='T']")) {
  const instant = new Date(time.dateTime);
  const there = time.textContent;
  if (time.classList.contains("day")) {
    time.textContent = distance(instant) || days.format(instant);
    time.title = moments.format(instant);
  } else if (offset(there) !== -instant.getTimezoneOffset()) {
    const beside = document.createElement("span");
    beside.className = "there";
    const shifted = new Date(instant.getTime() + offset(there) * 60000);
    const sameDay = days.format(instant) === new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" }).format(shifted);
    const clock = new Intl.DateTimeFormat(language, { timeStyle: "short", hourCycle: "h23", timeZone: "UTC" }).format(shifted);
    beside.textContent = ` (${sameDay ? `${clock} ${/UTC.*$/.exec(there)[0]}` : there})`;
    time.replaceChildren(moments.format(instant), beside);
  }
}

const search = document.getElementById("q");
if (search) {
  const found = document.querySelector(".found");
  const groups = [...document.querySelectorAll(".group")];
  const simplified = new Map(Array.from(search.dataset.fold.matchAll(/(.)(.)/gu), ([, old, plain]) => [old, plain]));
  const narrow = () => {
    const typed = Array.from(search.value.toLowerCase(), (character) => simplified.get(character) ?? character);
    const words = typed.join("").split(/\s+/).filter(Boolean);
    let any = false;
    for (const group of groups) {
      let shown = 0;
      for (const card of group.querySelectorAll(".card")) {
        const text = `${card.dataset.find} ${card.querySelector("h3").textContent.toLowerCase()}`;
        card.hidden = !words.every((word) => text.includes(word));
        shown += card.hidden ? 0 : 1;
      }
      group.hidden = shown === 0;
      group.querySelector(".count").textContent = shown;
      any = any || shown > 0;
    }
    if (found.dataset.none) {
      found.textContent = any ? "" : found.dataset.none;
      found.hidden = any;
    }
  };
  // What the server found stays until something else is typed.
  search.addEventListener("input", narrow);
}
