// The viewer: Info opens when one points at it, and sharing opens over the report; both work without this.
"use strict";
(() => {
  const facts = document.getElementById("facts");
  if (facts) {
    let isPinned = false; // opened by click or key: it stays until that is done again
    const points = (event) => event.pointerType === "mouse";
    // a frame keeps what the pointer does in it to itself: while one points here it is deaf, or leaving were not noticed
    const point = (is) => document.body.classList.toggle("pointing", is);
    facts.addEventListener("pointerenter", (event) => { if (points(event)) point(facts.open = true); });
    facts.addEventListener("pointerleave", (event) => {
      point(false);
      if (points(event) && !isPinned) facts.open = false;
    });
    facts.querySelector("summary").addEventListener("click", (event) => {
      event.preventDefault();
      isPinned = event.detail === 0 || !facts.open ? !facts.open : !isPinned; // detail 0: a key, which never pointed
      facts.open = isPinned;
    });
    facts.addEventListener("toggle", () => { if (!facts.open) isPinned = false; });
  }
  // a click into the report is none of this page: menus notice that the frame has the focus
  addEventListener("blur", () => {
    for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
  });

  const opener = document.getElementById("share");
  const panel = document.getElementById("panel");
  if (!opener || !panel) return;
  const fill = (text) => {
    const part = new DOMParser().parseFromString(text, "text/html").getElementById("main");
    if (!part) return false;
    const closer = document.createElement("button");
    Object.assign(closer, { type: "button", className: "icon close", textContent: "×" });
    closer.dataset.closes = "";
    closer.setAttribute("aria-label", opener.dataset.close);
    part.removeAttribute("id");
    part.className = "share";
    panel.replaceChildren(closer, part);
    return true;
  };
  opener.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    try {
      const answer = await fetch(opener.href);
      if (answer.ok && !answer.redirected && fill(await answer.text())) return panel.showModal();
    } catch { /* the page of its own says why */ }
    location.assign(opener.href);
  });
  // what is changed in the panel is shown in the panel, mistakes too
  panel.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    event.preventDefault();
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, event.submitter)) });
    const [now, before] = [new URL(answer.url), new URL(opener.href)];
    const isSame = now.pathname === before.pathname || new URL(form.action).pathname === now.pathname;
    if (now.searchParams.get("id") !== before.searchParams.get("id")) return location.assign(now.pathname === before.pathname ? `/view${now.search}` : now);
    if (!isSame || !fill(await answer.text())) return location.assign(now);
    panel.querySelector(".notice, [aria-invalid=true]")?.scrollIntoView({ block: "nearest" });
    (panel.querySelector("[aria-invalid=true]") ?? panel.querySelector(".notice"))?.focus();
  });
})();
