// Saved queries: the list narrows as one types, and a form's dialog opens without leaving the form.
"use strict";
(() => {
  // the list is asked for anew when typing rests, and the address follows
  const finder = document.querySelector("[data-finds]");
  if (finder) {
    let waiting, asked;
    const find = async () => {
      asked?.abort();
      asked = new AbortController();
      const words = finder.value.trim();
      const address = words ? `/queries?q=${encodeURIComponent(words)}` : "/queries";
      try {
        const answer = await fetch(address, { signal: asked.signal });
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const found = page.getElementById(finder.dataset.finds);
        if (found) document.getElementById(finder.dataset.finds).replaceChildren(...found.childNodes);
        history.replaceState(null, "", address);
      } catch (error) {
        if (error.name !== "AbortError") finder.form.requestSubmit();
      }
    };
    finder.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(find, 150);
    });
    finder.form.addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(waiting);
      find();
    });
  }

  // the dialog of a form
  const opener = document.querySelector("[data-save-query]");
  const dialog = opener && document.getElementById(opener.dataset.saveQuery);
  if (!dialog) return;
  const field = (name) => dialog.querySelector(`[name="${name}"]`);
  const form = opener.form;
  const open = () => {
    dialog.showModal();
    field("query-name").focus();
  };
  const fillIn = () => {
    // formats and addresses as they are in the form just now
    const sent = new FormData(form);
    const formats = new Set([sent.get("output-type"), ...sent.getAll("also-as")]);
    for (const box of dialog.querySelectorAll('[name="query-formats"]')) box.checked = formats.has(box.value);
    const addresses = sent.getAll("send-to").join(" ").split(/[\s,;]+/).filter(Boolean);
    if (addresses.length) field("query-recipients").value = addresses.join("\n");
  };
  opener.addEventListener("click", (event) => {
    event.preventDefault();
    fillIn();
    open();
  });
  // Enter in one of its fields saves the query, and does not ask for the report
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT" || event.defaultPrevented) return;
    event.preventDefault();
    dialog.querySelector('[name="query-save"]').click();
  });
  if (dialog.open) {
    // it came back with something to mend
    dialog.close();
    dialog.showModal();
    (dialog.querySelector('[aria-invalid="true"]') || field("query-name")).focus();
  }
})();
