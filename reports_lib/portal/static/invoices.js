// Invoices: a form that cannot be undone asks first; the place that an address names is opened.
"use strict";
(() => {
  const open = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (!(target instanceof HTMLDetailsElement)) return;
    target.open = true;
    target.querySelector(".input, button")?.focus();
  };
  window.addEventListener("hashchange", open);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && link.hash === location.hash) open(); // the address does not change the second time
  });
  open();
  document.addEventListener(
    "submit",
    (event) => {
      if (event.target.dataset.asks && !confirm(event.target.dataset.asks)) event.preventDefault();
    },
    true,
  );
  // what is done is said once; an address that is kept does not say it again
  const here = new URL(location.href);
  if (here.searchParams.has("done")) {
    here.searchParams.delete("done");
    history.replaceState(null, "", here);
  }
})();
