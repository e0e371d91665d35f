// Send a chosen file in parts and name the upload in the field, which also takes a path or a URL.
// After a broken link, or on the reloaded page with the same file, it goes on where it was.
"use strict";

{
  const PART_BYTES = 4 * 1024 * 1024; // the server's limit of a body
  const MAX_TRIES = 12; // one after the other that brought nothing
  const MAX_PAUSE = 30_000; // milliseconds

  const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });
  const keyOf = (file) => `oduflow.upload:${file.name}:${file.size}:${file.lastModified}`;
  const offsetOf = (response) => Number(response.headers.get("Upload-Offset"));

  async function problemOf(response) {
    const problem = await response.json().catch(() => ({}));
    return new Error([problem.detail ?? `The server answers ${response.status}.`, problem.hint].filter(Boolean).join(" "));
  }

  // Statuses at which the same part may be taken later; after 409 the offset is asked for.
  const isLater = (status) => [408, 409, 423, 429].includes(status) || status >= 500;

  async function begun(file) {
    const path = localStorage.getItem(keyOf(file));
    if (path !== null && (await fetch(path)).ok) return path;
    const response = await fetch("/api/uploads", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ size: file.size, file_name: file.name.slice(0, 500) }),
    });
    if (!response.ok) throw await problemOf(response);
    const created = (await response.json()).data.path;
    localStorage.setItem(keyOf(file), created);
    return created;
  }

  async function askOffset(path) {
    const response = await fetch(path);
    if (!response.ok && !isLater(response.status)) throw await problemOf(response);
    return response.ok ? offsetOf(response) : null;
  }

  async function sendPart(path, file, offset) {
    const response = await fetch(path, {
      method: "PATCH",
      headers: { "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(offset) },
      body: file.slice(offset, offset + PART_BYTES),
    });
    if (!response.ok && !isLater(response.status)) throw await problemOf(response);
    return response.ok ? offsetOf(response) : null;
  }

  // `fetch` rejects with a TypeError when the link is broken.
  const orBroken = (request) => request.catch((error) => {
    if (error instanceof TypeError) return null;
    throw error;
  });

  async function send(file, show) {
    const path = await begun(file);
    let offset = null;
    let arrived = -1;
    for (let tries = 0; offset !== file.size;) {
      const next = await orBroken(offset === null ? askOffset(path) : sendPart(path, file, offset));
      if (next !== null) {
        if (next > arrived) tries = 0;
        offset = next;
        arrived = Math.max(arrived, next);
        show(offset, "");
        continue;
      }
      tries += 1;
      if (tries >= MAX_TRIES) throw new Error("The server cannot be reached. Choose the file again to continue.");
      show(Math.max(arrived, 0), "The link broke; trying again.");
      offset = null;
      await pause(Math.min(1000 * 2 ** (tries - 1), MAX_PAUSE));
    }
    return `upload:${path.split("/").pop()}`;
  }

  function offer(input) {
    const chooser = document.createElement("input");
    const bar = document.createElement("progress");
    const said = document.createElement("p");
    const [submit] = document.querySelectorAll("form.panel button.primary");
    chooser.type = "file";
    chooser.setAttribute("aria-label", `Send a file of this computer as ${input.name}`);
    bar.hidden = true;
    bar.setAttribute("aria-label", "Sent");
    said.className = "help";
    said.setAttribute("role", "status");
    input.after(chooser, bar, said);
    chooser.addEventListener("change", async () => {
      const [file] = chooser.files;
      if (!file) return;
      const show = (done, note) => {
        bar.max = file.size;
        bar.value = done;
        const percent = Math.floor((100 * done) / file.size);
        said.textContent = note || `${percent} % of ${Math.ceil(file.size / 2 ** 20)} MiB sent.`;
      };
      bar.hidden = false;
      submit.disabled = chooser.disabled = true;
      try {
        input.value = await send(file, show);
        said.textContent = `${file.name} is sent.`;
      } catch (error) {
        said.textContent = error.message;
      } finally {
        submit.disabled = chooser.disabled = false;
      }
    });
  }

  for (const input of document.querySelectorAll("#f-source, #f-filestore")) offer(input);
}
