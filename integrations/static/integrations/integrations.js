/* Editing a field mapping: another line. On narrow screens, the current tab in view. The rest is plain HTML. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-add-row]");
  if (!button) return;
  const prefix = button.dataset.addRow;
  const total = document.querySelector(`[name="${prefix}-TOTAL_FORMS"]`);
  const template = document.querySelector(`template[data-row="${prefix}"]`);
  const row = template.content.cloneNode(true);
  for (const element of row.querySelectorAll("[name], [id], [for], [aria-label]")) {
    for (const name of ["name", "id", "for", "aria-label"]) {
      const value = element.getAttribute(name);
      if (value) element.setAttribute(name, value.replaceAll("__prefix__", total.value));
    }
  }
  const body = document.querySelector(`[data-rows="${prefix}"]`);
  body.append(row);
  total.value = Number(total.value) + 1;
  body.lastElementChild.querySelector("input, select")?.focus();
});
