/* Passkeys. <form data-passkey="create|get" data-options="#id of the JSON" or data-options-url="…">: on submit the browser
   asks its device, and the form goes with the answer in its field `credential`. */
"use strict";

function fromBase64(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function toBase64(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function opened(options) {
  const listed = (rows) => rows?.map((row) => ({ ...row, id: fromBase64(row.id) }));
  const found = { ...options, challenge: fromBase64(options.challenge) };
  if (options.user) found.user = { ...options.user, id: fromBase64(options.user.id) };
  if (options.excludeCredentials) found.excludeCredentials = listed(options.excludeCredentials);
  if (options.allowCredentials) found.allowCredentials = listed(options.allowCredentials);
  return found;
}

function closed(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = toBase64(credential.response[name]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return {
    id: credential.id,
    rawId: toBase64(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  };
}

async function optionsOf(form) {
  if (form.dataset.options) return JSON.parse(document.querySelector(form.dataset.options).textContent);
  const reply = await fetch(form.dataset.optionsUrl, {
    credentials: "same-origin",
    headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" },
  });
  if (!reply.ok) throw new Error("The portal did not answer. Wait a minute, then try again.");
  return reply.json();
}

async function ask(form) {
  const said = await optionsOf(form);
  if (form.dataset.passkey === "get") {
    return navigator.credentials.get({ publicKey: opened(said.request_options.publicKey) });
  }
  const publicKey = opened(said.creation_options.publicKey);
  const alone = form.elements.passwordless?.checked;
  publicKey.authenticatorSelection = {
    ...publicKey.authenticatorSelection,
    residentKey: alone ? "required" : "discouraged",
    requireResidentKey: Boolean(alone),
    userVerification: alone ? "required" : "preferred",
  };
  return navigator.credentials.create({ publicKey });
}

function words(error) {
  if (error.name === "NotAllowedError") return "It was called off, or took too long. Try again.";
  if (error.name === "InvalidStateError") return "This device has a passkey here already.";
  if (error.name === "SecurityError") return "Passkeys need the portal's real name and https; an IP address will not do.";
  return error.message;
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const problem = form.querySelector("[role=alert]:last-of-type");
    problem.hidden = true;
    try {
      form.elements.credential.value = JSON.stringify(closed(await ask(form)));
      form.submit();
    } catch (error) {
      problem.textContent = words(error);
      problem.hidden = false;
    }
  });
}
