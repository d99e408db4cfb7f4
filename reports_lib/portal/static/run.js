// A page that changes while one looks at it: the page of a run, told by its event stream, and the list
// while something on it is in the making. Without this script both say the same when they are loaded again.
"use strict";
(() => {
  const AGAIN = 3000; // milliseconds
  const lost = document.getElementById("lost");
  const said = document.getElementById("said");
  let source = null;
  let since = null; // when the run's clock began, in this page's time

  const run = () => document.getElementById("run");

  function clock(seconds) {
    const whole = Math.floor(seconds), two = (n) => String(n).padStart(2, "0");
    const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
    return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
  }

  function write(name, text) {
    const place = document.querySelector(`[data-text="${name}"]`);
    if (place && place.textContent !== text) place.textContent = text;
  }

  // Take over from a page loaded anew what differs in the parts that change.
  async function renew() {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.statusText);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const old of document.querySelectorAll("[data-renew]")) {
      const now = fresh.getElementById(old.id);
      if (!now || now.outerHTML === old.outerHTML) continue;
      const focused = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      old.replaceWith(document.adoptNode(now));
      if (focused) [...now.querySelectorAll("a")].find((a) => a.getAttribute("href") === focused)?.focus();
    }
    document.title = fresh.title;
  }

  async function tryRenew() {
    try {
      await renew();
      lost.hidden = true;
    } catch {
      lost.hidden = false;
      setTimeout(tryRenew, AGAIN);
    }
  }

  async function show(standing) {
    lost.hidden = true;
    said.textContent = [standing.text.state, standing.text.doing, standing.error].filter(Boolean).join(". ");
    since = performance.now() - standing.elapsed * 1000;
    const { state, attempt } = run().dataset;
    if (standing.state !== state || String(standing.attempt) !== attempt) return tryRenew();
    write("doing", standing.text.doing);
    const bar = run().querySelector("progress");
    if (bar && standing.total) {
      bar.max = standing.total;
      bar.value = standing.done;
    }
  }

  function stop() {
    source?.close();
    source = null;
  }

  function listen() {
    stop();
    if (document.hidden || !run().dataset.events) return;
    source = new EventSource(run().dataset.events);
    source.addEventListener("standing", (event) => show(JSON.parse(event.data)));
    source.addEventListener("ended", stop);
    source.addEventListener("error", () => {
      lost.hidden = false;
      if (source?.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN); // refused: no browser tries that again
    });
  }

  function tick() {
    if (source && since !== null) write("elapsed", clock((performance.now() - since) / 1000));
  }

  function look() {
    if (!document.hidden && document.querySelector("[data-live]")) tryRenew();
  }

  if (run()) {
    listen();
    document.addEventListener("visibilitychange", listen); // a browser has few streams to give: none to a hidden page
    setInterval(tick, 1000);
  } else {
    setInterval(look, AGAIN);
  }
})();
