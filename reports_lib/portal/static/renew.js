// Takes over from a page loaded anew what differs in the parts that change ([data-renew], by their ids).
// Of a list ([data-rows]) only the rows that differ are replaced, so that focus and open menus stay where they are.
"use strict";
const Renewal = (() => {
  const raw = new WeakMap(); // a row as it came, whatever was opened in it since
  let newest = 0; // of several questions under way only the last one's answer counts

  const html = (element) => raw.get(element) ?? element.outerHTML;
  const keep = (root) => root.querySelectorAll("[data-rows] > *").forEach((row) => raw.set(row, row.outerHTML));
  const sign = (e) => [e.tagName, e.getAttribute("href"), e.getAttribute("aria-label"), e.textContent.trim()].join("|");
  const handles = (root) => [...root.querySelectorAll("a, button, summary, input")];

  // Put `now` where `old` was, with its menu open and its focus where they were.
  function swap(old, now) {
    const focused = old.contains(document.activeElement) ? sign(document.activeElement) : null;
    const open = old.querySelector("details[open]");
    old.replaceWith(now);
    if (open && now.querySelector("details")) now.querySelector("details").open = true;
    if (focused) (handles(now).find((e) => sign(e) === focused) ?? handles(now)[0])?.focus();
  }

  function mergeRows(old, now, ended) {
    const before = new Map([...old.children].map((row) => [row.id, row]));
    let place = old.firstElementChild;
    for (const fresh of [...now.children]) {
      const known = before.get(fresh.id);
      const text = fresh.outerHTML;
      before.delete(fresh.id);
      if (known && html(known) === text) {
        if (known === place) place = place.nextElementSibling;
        else old.insertBefore(known, place);
        continue;
      }
      const row = document.adoptNode(fresh);
      raw.set(row, text);
      if (!known) {
        old.insertBefore(row, place);
        continue;
      }
      if (known === place) place = place.nextElementSibling;
      else old.insertBefore(known, place);
      if (known.dataset.gone && !row.dataset.gone) ended.push(row.dataset.ends);
      swap(known, row);
    }
    for (const row of before.values()) {
      if (row.dataset.gone) ended.push(row.dataset.gone);
      row.remove();
    }
  }

  function merge(old, now, ended) {
    const [rows, fresh] = [old.querySelector("[data-rows]"), now.querySelector("[data-rows]")];
    if (!rows || !fresh) {
      for (const row of old.querySelectorAll("[data-gone]")) ended.push(row.dataset.gone);
      keep(now);
      swap(old, document.adoptNode(now));
      return;
    }
    mergeRows(rows, fresh, ended);
    old.toggleAttribute("data-live", now.hasAttribute("data-live"));
    const [ours, theirs] = [old, now].map((root) => [...root.querySelectorAll("[data-part]")]);
    ours.forEach((part, n) => theirs[n] && part.outerHTML !== theirs[n].outerHTML && swap(part, document.adoptNode(theirs[n])));
  }

  // Renew this page from its own address; returns what has ended since, in words, or null if a later question was put.
  async function renew() {
    const number = ++newest;
    const answer = await fetch(location.href, { cache: "no-store" });
    if (answer.redirected) location.reload(); // whoever was signed in is not any more
    if (!answer.ok && answer.status !== 422) throw new Error(answer.statusText);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (number !== newest) return null;
    const ended = [];
    for (const old of document.querySelectorAll("[data-renew]")) {
      const now = fresh.getElementById(old.id);
      if (now && (old.querySelector("[data-rows]") || now.outerHTML !== old.outerHTML)) merge(old, now, ended);
    }
    document.title = fresh.title;
    return ended;
  }

  keep(document);
  return { renew };
})();
