// Coupons: what is typed for a media or a plan is looked for on the server, and offered below the field.
"use strict";
(() => {
  const PAUSE = 200; // milliseconds after the last letter
  for (const input of document.querySelectorAll("[data-offered]")) {
    const list = document.getElementById(input.getAttribute("list"));
    let timer = null;
    let asked = "";
    const look = async () => {
      const words = input.value.trim();
      if (words === asked && list.childElementCount) return;
      asked = words;
      const answer = await fetch(`${input.dataset.offered}?${new URLSearchParams({ q: words })}`);
      if (!answer.ok || words !== asked) return;
      const { options } = await answer.json();
      list.replaceChildren(...options.map((text) => Object.assign(document.createElement("option"), { value: text })));
    };
    const soon = () => {
      clearTimeout(timer);
      timer = setTimeout(() => look().catch(() => {}), PAUSE);
    };
    input.addEventListener("input", soon);
    input.addEventListener("focus", soon, { once: true });
  }
})();
