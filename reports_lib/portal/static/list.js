// The list of reports, and that of invoices: what is typed narrows it at once and stands in the address; what is in the making changes
// by itself, and what ends is said. Without this script a button does the one, and the page loads itself for the other.
"use strict";
(() => {
  const AGAIN = 3000; // milliseconds between two looks
  const PAUSE = 250; // after the last letter
  const form = document.getElementById("filters");
  const lost = document.getElementById("lost");
  const said = document.getElementById("said");
  let timer = null;

  async function look() {
    try {
      const ended = await Renewal.renew();
      lost.hidden = true;
      if (ended?.length) said.textContent = ended.join(". ");
      for (const input of form.querySelectorAll(".input")) {
        const fault = document.getElementById(`fault-of-${input.id}`).firstElementChild;
        input.toggleAttribute("aria-invalid", false);
        input.removeAttribute("aria-describedby");
        if (fault) input.setAttribute("aria-invalid", "true");
        if (fault) input.setAttribute("aria-describedby", fault.id);
      }
    } catch {
      lost.hidden = false;
    }
  }

  async function apply() {
    clearTimeout(timer);
    timer = null;
    const fields = [...new FormData(form)].filter(([, value]) => value.trim());
    const query = new URLSearchParams(fields).toString();
    const path = new URL(form.action).pathname;
    history.replaceState(null, "", query ? `${path}?${query}` : path);
    await look();
    const pages = document.querySelector(".pages .hint");
    if (pages) said.textContent = pages.textContent;
  }

  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(apply, PAUSE);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    apply();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#clear")) return;
    event.preventDefault();
    for (const input of form.querySelectorAll(".input")) input.value = "";
    form.elements.q.focus();
    apply();
  });

  const here = new URL(location.href);
  if (here.searchParams.has("done")) { // it was said; an address that is kept does not say it again
    here.searchParams.delete("done");
    here.searchParams.delete("count");
    history.replaceState(null, "", here);
  }
  setInterval(() => {
    const isWaiting = !lost.hidden || document.querySelector("[data-live]");
    if (!document.hidden && timer === null && isWaiting) look();
  }, AGAIN);
})();
