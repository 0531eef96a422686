/* What these pages need beyond plain HTML: the current tab in view, slow buttons, another line of a mapping. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
});

/* <form data-busy="Testing…">: a call to another system takes seconds; say so, and do not ask twice. */
document.addEventListener("submit", (event) => {
  const words = event.target.dataset.busy;
  const button = event.submitter;
  if (!words || !button) return;
  setTimeout(() => {
    button.disabled = true;
    button.textContent = words;
  });
});

/* Back in the browser's history: the page as it was, its button ready again. */
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-add-row]");
  if (!button) return;
  const prefix = button.dataset.addRow;
  const total = document.querySelector(`[name="${prefix}-TOTAL_FORMS"]`);
  const template = document.querySelector(`template[data-row="${prefix}"]`);
  const row = template.content.cloneNode(true);
  for (const element of row.querySelectorAll("[name], [id], [for], [aria-label], [data-glimpse]")) {
    for (const name of ["name", "id", "for", "aria-label", "data-glimpse"]) {
      const value = element.getAttribute(name);
      if (value) element.setAttribute(name, value.replaceAll("__prefix__", total.value));
    }
  }
  const body = document.querySelector(`[data-rows="${prefix}"]`);
  body.append(row);
  total.value = Number(total.value) + 1;
  body.lastElementChild.querySelector("input, select")?.focus();
});
