// Small manners of every page: menus close when one looks elsewhere, a form is sent once, dialogs open and close.
"use strict";
(() => {
  // a menu (details.menu) closes by Escape, by a click elsewhere, and when another opens
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  // <button data-opens="id"> opens a <dialog>; inside it <button data-closes> closes it
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens)?.showModal();
    const closer = event.target.closest("[data-closes]");
    if (closer) closer.closest("dialog")?.close();
    if (event.target instanceof HTMLDialogElement) event.target.close(); // its backdrop
  });
  // <button data-copies="text"> puts the text on the clipboard and says so
  document.addEventListener("click", async (event) => {
    const copier = event.target.closest("[data-copies]");
    if (!copier) return;
    await navigator.clipboard.writeText(copier.dataset.copies);
    const said = copier.textContent;
    copier.textContent = copier.dataset.done;
    setTimeout(() => (copier.textContent = said), 2000);
  });
  // of places that the bar has no room for, the one where one is stands in sight
  const bar = document.querySelector(".nav");
  const here = bar?.querySelector("[aria-current]");
  if (here) bar.scrollLeft = here.offsetLeft + here.offsetWidth - bar.offsetLeft - bar.clientWidth;
  // what was sent is not sent again by a second click
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.method !== "post") return;
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "1";
    setTimeout(() => delete event.target.dataset.sent, 4000);
  });
})();
