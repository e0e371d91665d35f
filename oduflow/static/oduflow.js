// Local times, shortcuts and announcements. Every page works without scripts.
"use strict";

const byQuery = (query, root = document) => [...root.querySelectorAll(query)];

// Times: the page has UTC; show the reader's time zone.
const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

function showLocalTimes(root) {
  for (const time of byQuery("time[datetime]", root)) {
    const format = time.dataset.exact === undefined ? local : exact;
    const text = format.format(new Date(time.dateTime));
    if (time.dataset.age === undefined) time.textContent = text;
    else time.title = text;
  }
}

// Announcements: screen readers read changes of a live region that stays, not of swapped parts.
function announce() {
  const said = document.getElementById("said");
  const text = byQuery("[data-say]").map((part) => part.dataset.say || part.textContent.trim()).join(" ");
  if (said.textContent !== text) said.textContent = text;
}

// Copy buttons, where the browser lets a page write to the clipboard: over https or on localhost.
const COPIED_FOR = 1500; // milliseconds

async function copy(button, text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    return; // the reader has refused it; the text can still be selected
  }
  button.firstChild.textContent = "Copied";
  document.getElementById("said").textContent = "Copied";
  setTimeout(() => { button.firstChild.textContent = "Copy"; }, COPIED_FOR);
}

function offerCopies() {
  if (!window.isSecureContext || !navigator.clipboard) return;
  for (const part of byQuery("[data-copy]")) {
    if (part.nextElementSibling?.matches("[data-copies]")) continue;
    const button = document.createElement("button");
    const what = document.createElement("span");
    what.className = "unseen";
    what.textContent = ` ${part.dataset.copy}`;
    button.type = "button";
    button.className = "quiet small";
    button.dataset.copies = "";
    button.append("Copy", what);
    button.addEventListener("click", () => copy(button, part.textContent.trim()));
    part.after(button);
  }
}

// Highlight the rows whose state a poll has changed.
let statesBefore = new Map();

const rowStates = () => new Map(
  byQuery("tr[id]").map((row) => [row.id, row.querySelector("[data-state]")?.textContent]),
);

function highlightChanges() {
  for (const [id, state] of rowStates()) {
    const before = statesBefore.get(id);
    if (before !== undefined && before !== state) document.getElementById(id).classList.add("changed");
  }
}

// Send a form once: mark its button as busy and ignore further clicks.
function markBusy(event) {
  const button = event.submitter;
  if (!button || event.defaultPrevented) return;
  if (button.getAttribute("aria-busy") === "true") {
    event.preventDefault();
    return;
  }
  if (!button.dataset.busy) return;
  button.setAttribute("aria-busy", "true");
  button.firstChild.textContent = button.dataset.busy;
}

// Shortcuts: single keys, so they can be turned off (WCAG 2.1.4).
const OFF = "oduflow.keys";
let going = false;

const keysAreOn = () => localStorage.getItem(OFF) !== "off";

function isTyping(target) {
  return target.closest("input, select, textarea, [contenteditable]") !== null;
}

function press(query) {
  const [found] = byQuery(query);
  if (!found) return false;
  if (found.matches("input")) found.focus();
  else found.click();
  return true;
}

function follow(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key === "Escape" && event.target.matches("input[type=search]")) {
    document.getElementById("work").focus();
    return;
  }
  if (!keysAreOn() || isTyping(event.target) || event.key === "Shift") return;
  const wasGoing = going;
  going = !wasGoing && event.key === "g";
  const key = CSS.escape(event.key);
  const query = wasGoing ? `[data-go="${key}"]` : event.key === "/" ? "[data-search]" : `[data-key="${key}"]`;
  if (going || press(query)) event.preventDefault();
}

function offerSwitch() {
  for (const button of byQuery("[data-keys-switch]")) {
    const show = () => {
      document.getElementById("keys").hidden = !keysAreOn();
      button.textContent = keysAreOn() ? "Turn shortcuts off" : "Turn shortcuts on";
    };
    button.addEventListener("click", () => {
      localStorage.setItem(OFF, keysAreOn() ? "off" : "on");
      show();
    });
    button.hidden = false;
    show();
  }
}

// Show a notice while the server does not answer.
function tell(isLost) {
  document.getElementById("lost").hidden = !isLost;
}

// A hidden page does not poll; refresh it when it is shown again.
function catchUp() {
  if (!document.hidden) byQuery("[hx-trigger*=refresh]").forEach((part) => htmx.trigger(part, "refresh"));
}

document.addEventListener("submit", markBusy);
document.addEventListener("keydown", follow);
document.addEventListener("htmx:beforeSwap", () => { statesBefore = rowStates(); });
document.addEventListener("htmx:afterSwap", () => {
  tell(false);
  showLocalTimes(document);
  offerCopies();
  announce();
});
document.addEventListener("htmx:afterSettle", highlightChanges); // settling sets the classes anew
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden) event.preventDefault();
});
document.addEventListener("visibilitychange", catchUp);
document.addEventListener("htmx:sendError", () => tell(true));
document.addEventListener("htmx:responseError", () => tell(true));
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload(); // a page from the back-forward cache is out of date
});

showLocalTimes(document);
offerCopies();
announce();
offerSwitch();
if (location.hash === "#search") press("[data-search]");
