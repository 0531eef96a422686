/* What pages need beyond plain HTML: live refresh, copying, "/" for the page's search box, Ctrl+K for the one of all pages. No dependencies. */
"use strict";

/* <div data-refresh-url="…" data-refresh-seconds="2" data-refresh-then="reload">: fetched again and swapped, until
   the server answers with the header X-Refresh: done. Then, with data-refresh-then="reload", the page is loaded anew. */
function keepFresh(box) {
  const pause = Math.max(1, Number(box.dataset.refreshSeconds) || 3) * 1000;
  let failures = 0;

  function later() {
    setTimeout(refresh, pause * Math.min(2 ** failures, 16));
  }

  async function refresh() {
    if (!box.isConnected) return;
    if (document.hidden) return later();
    try {
      const reply = await fetch(box.dataset.refreshUrl, {
        credentials: "same-origin",
        headers: { "X-Requested-With": "fetch" },
      });
      if (reply.redirected) return location.reload(); // logged out meanwhile
      if (!reply.ok) throw new Error(String(reply.status));
      const focused = box.contains(document.activeElement) && document.activeElement.id;
      box.innerHTML = await reply.text();
      if (focused) document.getElementById(focused)?.focus();
      failures = 0;
      box.classList.remove("stale");
      if (reply.headers.get("X-Refresh") === "done") {
        if (box.dataset.refreshThen === "reload") location.reload();
        return;
      }
    } catch {
      failures += 1;
      box.classList.add("stale");
    }
    later();
  }

  later();
}

async function copy(button) {
  const source = document.querySelector(button.dataset.copy);
  const text = source.value ?? source.textContent;
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    source.select?.();
    button.textContent = "Press Ctrl+C";
  }
  setTimeout(() => { button.textContent = before; }, 2000);
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  const box = document.querySelector("#find-everywhere");
  if (box) {
    event.preventDefault();
    box.focus();
    box.select();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const search = ["[data-search]", "#searchbar", "#find-everywhere", "#nav-filter"]
    .map((selector) => document.querySelector(selector))
    .find(Boolean);
  if (search) {
    event.preventDefault();
    search.focus();
    search.select?.();
  }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-refresh-url]").forEach(keepFresh);
});
