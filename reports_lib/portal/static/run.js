// The page of a run changes while one looks at it, told by its event stream. One that was asked for to be read here
// goes on to its report. Without this script the page says the same when it loads itself again.
"use strict";
(() => {
  const AGAIN = 3000; // milliseconds
  const MOMENT = 400; // milliseconds to hear what happens next
  const lost = document.getElementById("lost");
  const said = document.getElementById("said");
  let source = null;
  let since = null; // when the run's clock began, in this page's time

  const run = () => document.getElementById("run");
  const wasSeen = Boolean(run().dataset.events);

  function clock(seconds) {
    const whole = Math.floor(seconds), two = (n) => String(n).padStart(2, "0");
    const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
    return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
  }

  function write(name, text) {
    const place = document.querySelector(`[data-text="${name}"]`);
    if (place && place.textContent !== text) place.textContent = text;
  }

  async function tryRenew() {
    const isFree = [null, document.body].includes(document.activeElement) && !document.querySelector("details[open]");
    try {
      await Renewal.renew();
      lost.hidden = true;
      if (isFree) goOn();
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

  // Only if it was seen being made here, and whoever reads has not turned to something else on the page.
  function goOn() {
    const report = document.getElementById("report");
    if (!report || !wasSeen || !run().hasAttribute("data-goes")) return;
    said.textContent = report.dataset.opening;
    setTimeout(() => location.replace(report.href), MOMENT);
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

  listen();
  document.addEventListener("visibilitychange", listen); // a browser has few streams to give: none to a hidden page
  setInterval(tick, 1000);
})();
