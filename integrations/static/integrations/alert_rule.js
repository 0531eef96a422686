/* <input data-kinds="failures waiting">: its line is there only while the kind of rule is one of these.
   Without this all lines are shown, and the server passes over those that the kind does not use. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const kind = document.querySelector("select[name=kind]");
  if (!kind) return;
  const show = () => {
    for (const field of document.querySelectorAll("[data-kinds]")) {
      const isUsed = field.dataset.kinds.split(" ").includes(kind.value);
      field.disabled = !isUsed; // what is not seen is not sent, and its browser does not complain of it
      field.closest(".form-row").hidden = !isUsed;
    }
  };
  kind.addEventListener("change", show);
  show();
});
