// Copies addresses, shows dates in the reader’s time zone, searches while typing. Pages work without this script.
"use strict";

const language = document.documentElement.lang;

for (const button of document.querySelectorAll("button.copy")) {
  const field = document.getElementById(button.dataset.copy);
  const label = button.textContent;
  button.hidden = false;
  button.setAttribute("aria-live", "polite");
  field.addEventListener("focus", () => field.select());
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      // Scripts have no clipboard without https. The older command still works.
      field.select();
      if (!document.execCommand("copy")) return;
    }
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}

// While a new store is filled, the page shows how far that is, and the entries that have come.
if (document.querySelector(".importing")) {
  setInterval(() => {
    const isBusy = document.hidden || document.activeElement.matches("input, select") || document.querySelector("details[open]");
    if (!isBusy) location.reload();
  }, 4000);
}

const days = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const clock = new Intl.DateTimeFormat(language, CLOCK);
// Day and time apart, as the server writes them: together, browsers write the day in another form in some languages.
const formatMoment = (instant) => `${days.format(instant)} ${clock.format(instant)}`;
const ago = new Intl.RelativeTimeFormat(language, { numeric: "auto" });

function distance(instant) {
  const minutes = Math.round((instant - Date.now()) / 60000);
  if (minutes > 0 || minutes < -7 * 24 * 60) return "";
  if (minutes > -60) return ago.format(minutes, "minute");
  if (minutes > -24 * 60) return ago.format(Math.round(minutes / 60), "hour");
  return ago.format(Math.round(minutes / 60 / 24), "day");
}

function offset(text) {
  const match = /UTC(?:([+−])(\d+)(?::(\d+))?)?$/.exec(text);
  if (!match) return null;
  const minutes = Number(match[2] || 0) * 60 + Number(match[3] || 0);
  return match[1] === "−" ? -minutes : minutes;
}

for (const time of document.querySelectorAll("time[datetime*='T']")) {
  const instant = new Date(time.dateTime);
  const sourceText = time.textContent;
  if (time.classList.contains("day")) {
    time.textContent = distance(instant) || days.format(instant);
    time.title = formatMoment(instant);
  } else if (offset(sourceText) !== -instant.getTimezoneOffset()) {
    const sourceTime = document.createElement("span");
    sourceTime.className = "there";
    const shifted = new Date(instant.getTime() + offset(sourceText) * 60000);
    const sameDay = days.format(instant) === new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" }).format(shifted);
    const there = new Intl.DateTimeFormat(language, { ...CLOCK, timeZone: "UTC" }).format(shifted);
    sourceTime.textContent = ` (${sameDay ? `${there} ${/UTC.*$/.exec(sourceText)[0]}` : sourceText})`;
    time.replaceChildren(formatMoment(instant), sourceTime);
  }
}

// Readers that people host themselves: their address is asked for once and stays in this browser.
const instance = document.querySelector(".instance");
if (instance) {
  const field = instance.querySelector("input");
  const forget = document.querySelector(".forget");
  const buttons = [...document.querySelectorAll("[data-reader]")];
  const keyOf = (button) => `reader ${button.dataset.reader}`;
  let chosen;
  const open = (button) => location.assign(localStorage.getItem(keyOf(button)) + button.dataset.path);
  try {
    forget.hidden = !buttons.some((button) => localStorage.getItem(keyOf(button)));
    for (const button of buttons) button.hidden = false;
  } catch {
    // A browser that keeps nothing has no such buttons.
  }
  for (const button of buttons) {
    button.addEventListener("click", () => {
      if (localStorage.getItem(keyOf(button))) return open(button);
      chosen = button;
      instance.querySelector(".reader").textContent = button.dataset.reader;
      instance.hidden = false;
      field.focus();
    });
  }
  instance.addEventListener("submit", (event) => {
    event.preventDefault();
    const address = new URL(field.value);
    if (!/^https?:$/.test(address.protocol)) return field.setCustomValidity("https://…");
    localStorage.setItem(keyOf(chosen), address.origin + address.pathname.replace(/(?:\/i)?\/*$/, ""));
    instance.hidden = true;
    forget.hidden = false;
    open(chosen);
  });
  field.addEventListener("input", () => field.setCustomValidity(""));
  forget.addEventListener("click", () => {
    for (const button of buttons) localStorage.removeItem(keyOf(button));
    forget.hidden = true;
  });
}

// The address of a filter has no empty parameters.
for (const form of document.querySelectorAll(".filter form")) {
  form.addEventListener("submit", () => {
    for (const field of form.elements) field.disabled = field.name !== "" && field.value === "";
  });
}

const search = document.getElementById("q");
if (search && "fold" in search.dataset) {  // a home page of several pages is searched by the server
  const result = document.querySelector(".found");
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
    if (result.dataset.none) {
      result.textContent = any ? "" : result.dataset.none;
      result.hidden = any;
    }
  };
  // The server's results stay until the query is edited.
  search.addEventListener("input", narrow);
}

// Shows the results of a search while somebody types. Submitting the form shows them with everything else.
const live = document.querySelector("form[data-live]");
if (live) {
  const query = document.getElementById("query");
  const list = document.querySelector(".results .rows");
  const piecesOf = (pieces) =>
    pieces.map(([text, found]) => {
      if (!found) return text;
      const mark = document.createElement("mark");
      mark.textContent = text;
      return mark;
    });
  const element = (name, children, attributes = {}) => {
    const node = Object.assign(document.createElement(name), attributes);
    node.append(...children);
    return node;
  };
  const show = ({ entries }) => {
    const moments = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium" });
    list.replaceChildren(
      ...entries.map((entry) => {
        const title = element("a", piecesOf(entry.title), { href: entry.page, lang: entry.language });
        const facts = `${entry.source.title} · ${moments.format(new Date(entry.published))}`;
        const summary = element("p", piecesOf(entry.excerpt), { className: "summary", lang: entry.language });
        const article = [element("h2", [title]), element("p", [facts], { className: "facts" }), summary];
        return element("li", [element("article", article)]);
      }),
    );
  };
  let waiting;
  let newest = 0;
  query.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const number = ++newest;
      const answer = await fetch(`${live.dataset.live}${live.dataset.live.includes("?") ? "&" : "?"}q=${encodeURIComponent(query.value)}`);
      // A query that is not complete yet is an error; the results before it stay.
      if (answer.ok && number === newest) show(await answer.json());
    }, 150);
  });
}
