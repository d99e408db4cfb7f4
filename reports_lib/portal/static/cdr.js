// Files of call records: each that is chosen is sent on its own, as it is; what came of it is said beside its name.
"use strict";
(() => {
  const form = document.getElementById("files");
  if (!form) return;
  form.parentElement.hidden = false; // nothing but a script can send a file as it is
  const came = document.getElementById("came");

  function line(name) {
    const item = came.appendChild(document.createElement("li"));
    const called = item.appendChild(document.createElement("bdi"));
    called.textContent = name;
    const text = item.appendChild(document.createElement("span"));
    const say = (said, kind = "") => {
      text.textContent = ` ${said}`;
      item.className = kind;
    };
    const fails = (said) => {
      if (said.startsWith(name)) called.remove(); // it says itself of which file it speaks
      say(said, "bad");
    };
    return [say, fails];
  }

  async function send(file) {
    const [say, fails] = line(file.name);
    say(came.dataset.sending);
    const asked = new URLSearchParams({ name: file.name, format: form.elements.format.value, company: form.elements.company.value });
    try {
      const answer = await fetch(`${form.action}?${asked}`, { method: "POST", body: file });
      if (answer.ok) say(came.dataset.sent, "good");
      else fails(await answer.text());
    } catch {
      fails(came.dataset.lost);
    }
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    came.replaceChildren();
    const button = form.querySelector("button");
    button.disabled = true;
    for (const file of document.getElementById("file").files) await send(file);
    button.disabled = false;
    document.getElementById("file").value = "";
    document.getElementById("filters").requestSubmit(); // the list is looked at again
  });
})();
