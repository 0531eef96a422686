/* The mapping editor: a preview that follows what is typed, hints for a transform's settings, a search in the fields.
   Without it the Preview button does the first, and the server refuses what does not fit. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("form[data-preview-url]");
  if (!form) return;
  let timer = 0;
  let asked = 0;

  async function preview() {
    const number = ++asked;
    const data = new FormData(form);
    if (!data.get("record")) return;
    form.classList.add("asking");
    try {
      const reply = await fetch(form.dataset.previewUrl, {
        method: "POST",
        body: data,
        credentials: "same-origin",
        headers: { "X-Requested-With": "fetch" },
      });
      if (!reply.ok || number !== asked) return; // a later one is on its way
      const found = await reply.json();
      document.querySelector("#sample").innerHTML = found.about;
      for (const cell of form.querySelectorAll("[data-glimpse]")) {
        cell.innerHTML = found.cells[cell.dataset.glimpse] ?? "";
      }
    } catch {
      return; // the button still works, and says why
    } finally {
      if (number === asked) form.classList.remove("asking");
    }
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(preview, 400);
  }

  function hint(row) {
    const chosen = row.querySelector("[name$='-transform']").value;
    const about = [...document.querySelectorAll("#transform-settings [data-name]")].find((one) => one.dataset.name === chosen);
    const box = row.querySelector(".argument");
    const text = box.querySelector("textarea");
    box.toggleAttribute("data-unused", !about && !text.value);
    text.placeholder = about?.dataset.example ?? "";
    text.rows = Math.max(1, (text.value || text.placeholder).split("\n").length);
    box.querySelector("[data-hint]").textContent = about?.dataset.argument ?? "";
  }

  form.addEventListener("input", (event) => {
    const row = event.target.closest("tr");
    if (row) {
      row.querySelectorAll(".errorlist").forEach((list) => list.remove()); // the preview says what is wrong now
      hint(row);
    }
    later();
  });
  form.querySelectorAll("tbody tr").forEach(hint);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-add-row]")) return;
    setTimeout(() => form.querySelectorAll("tbody tr").forEach(hint));
  });
  if (form.querySelector("[name=try]")) preview();
});

document.addEventListener("input", (event) => {
  const rows = event.target.dataset.filter;
  if (!rows) return;
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const row of document.querySelectorAll(rows)) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
  }
});
