/* The keyboard of the agents' pages. What each key does stands on the page itself, under "Keyboard". */
"use strict";

const inBox = (target) => target.closest("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])");
const on = (target) => target.closest("a, button, summary, select");

/* A cursor over rows: one is the present one, and the keys go by it. */
function cursorOver(rows) {
  let at = -1;
  function go(to) {
    if (!rows.length) return null;
    rows[at]?.classList.remove("here-now");
    at = Math.max(0, Math.min(to, rows.length - 1));
    rows[at].classList.add("here-now");
    rows[at].scrollIntoView({ block: "nearest" });
    return rows[at];
  }
  return { go, move: (by) => go(at + by), get row() { return rows[at] ?? null; }, get isLast() { return at >= rows.length - 1; } };
}

function follow(selector) {
  const link = document.querySelector(selector);
  if (link) link.click();
}

function press(selector) {
  const button = document.querySelector(selector);
  if (button && !button.disabled) button.click();
}

function listKeys(form) {
  const cursor = cursorOver([...form.querySelectorAll("[data-row]")]);
  const open = () => cursor.row?.querySelector("[data-open]")?.click();
  return {
    j: () => cursor.move(1), ArrowDown: () => cursor.move(1),
    k: () => cursor.move(-1), ArrowUp: () => cursor.move(-1),
    o: open, Enter: open,
    x: () => cursor.row?.querySelector("input[type=checkbox]")?.click(),
  };
}

function recordKeys(form) {
  const cursor = cursorOver([...form.querySelectorAll("[data-field]")]);
  cursor.go(0);
  function choose(radio, stay) {
    if (!radio || radio.disabled) return;
    radio.checked = true;
    radio.focus({ preventScroll: true });
    if (!stay && !cursor.isLast) cursor.move(1);
  }
  const sides = () => [...cursor.row?.querySelectorAll("[data-left], [data-right]") ?? []];
  const left = () => choose(cursor.row?.querySelector("[data-left]"));
  /* With several sources: from one to the next, and the field stays the present one. */
  function right() {
    const rights = [...cursor.row?.querySelectorAll("[data-right]") ?? []];
    const at = rights.findIndex((radio) => radio.checked);
    choose(rights[(at + 1) % rights.length], rights.length > 1);
  }
  function type() {
    const row = cursor.row;
    if (!row?.querySelector("[data-other]")) return;
    row.querySelector("[data-other]").checked = true;
    row.querySelector("[data-typed]").select();
    row.querySelector("[data-typed]").focus();
  }
  form.addEventListener("input", (event) => {
    if (event.target.matches("[data-typed]")) event.target.closest("[data-field]").querySelector("[data-other]").checked = true;
  });
  return {
    j: () => follow("[data-next]"), k: () => follow("[data-previous]"),
    ArrowDown: () => cursor.move(1), ArrowUp: () => cursor.move(-1),
    ArrowLeft: left, h: left, ArrowRight: right, l: right,
    1: () => choose(sides()[0]), 2: () => choose(sides()[1]), 3: () => choose(sides()[2]), 4: () => choose(sides()[3]),
    e: type,
    n: () => form.querySelector("[data-note]")?.focus(),
    Enter: () => press("[data-settle]"),
    A: () => press("[data-approve]"),
    R: () => press("[data-reject]"),
    Escape: () => follow("[data-back]"),
  };
}

/* A group of duplicates: choose the one that stays and each value, merge it, refuse it, or pass on. */
function choiceKeys(form) {
  const cursor = cursorOver([...form.querySelectorAll(".differs:has(input)")]);
  function take(by) {
    const radios = [...(cursor.row ?? cursor.go(0))?.querySelectorAll("input[type=radio]") ?? []];
    const at = radios.findIndex((radio) => radio.checked);
    const next = radios[Math.max(0, Math.min(at + by, radios.length - 1))];
    if (next) next.checked = true;
  }
  function stays(number) {
    const radio = form.querySelectorAll("input[name=survivor][type=radio]")[number - 1];
    if (radio) radio.checked = true;
  }
  const keys = {
    j: () => follow("[data-next]"), k: () => follow("[data-previous]"),
    ArrowDown: () => cursor.move(1), ArrowUp: () => cursor.move(-1),
    ArrowLeft: () => take(-1), ArrowRight: () => take(1),
    m: () => press("[data-merge]"), Enter: () => press("[data-merge]"),
    D: () => press("[data-refuse]"),
    Escape: () => follow("[data-back]"),
  };
  for (const number of [1, 2, 3, 4, 5]) keys[number] = () => stays(number);
  return keys;
}

const KEYS = { list: listKeys, record: recordKeys, choice: choiceKeys };

document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("[data-keys]");
  const keys = form ? KEYS[form.dataset.keys](form) : { j: () => follow("[data-next]"), k: () => follow("[data-previous]"), Escape: () => follow("[data-back]") };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (inBox(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "Enter" && on(event.target)) return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  const marks = [...document.querySelectorAll("[data-row] > input[type=checkbox]")];
  const marked = document.querySelector("[data-marked]");
  const count = () => { if (marked) marked.textContent = marks.filter((mark) => mark.checked).length; };
  marks.forEach((mark) => mark.addEventListener("change", count));
  document.querySelector("[data-mark-all]")?.addEventListener("change", (event) => {
    marks.forEach((mark) => { mark.checked = event.target.checked; });
    count();
  });
  document.querySelectorAll("[data-filters] select").forEach((select) =>
    select.addEventListener("change", () => select.form.requestSubmit()));
});
