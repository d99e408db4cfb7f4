// Draws the chart that the server describes, and asks for another whenever something is changed.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const controls = $("controls"), place = $("drawing"), words = $("words").dataset;
  const tables = JSON.parse($("tables").textContent);
  const token = new URLSearchParams(location.search).get("id");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const MANY = 1500; // marks that a canvas draws quicker than elements do
  let asked = new URLSearchParams(location.search); // what is shown
  let asking = null, drop = null, drawnWidth = 0, waiting = 0;

  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  document.body.append(tip);

  function tell(event, text) {
    tip.hidden = typeof text !== "string" || !text;
    if (tip.hidden) return;
    tip.textContent = text;
    const { width, height } = tip.getBoundingClientRect();
    const x = Math.min(event.clientX + 14, innerWidth - width - 6), above = event.clientY - height - 14;
    tip.style.transform = `translate(${Math.max(6, x)}px, ${above > 6 ? above : event.clientY + 18}px)`;
  }

  const element = (name, text, attributes = {}) => {
    const made = Object.assign(document.createElement(name), attributes);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const isolated = (text) => element("bdi", text);
  const cell = (name, text, scope) => {
    const made = element(name);
    if (scope) made.scope = scope;
    made.append(isolated(text));
    return made;
  };

  async function show(drawing) {
    $("chart-title").replaceChildren(isolated(drawing.title || words.blank));
    $("problem").textContent = drawing.problem;
    $("problem").hidden = !drawing.problem;
    $("problem").classList.toggle("warn", !drawing.is_blank);
    $("notes").replaceChildren(...drawing.notes.map((note) => element("li", note)));
    $("notes").hidden = !drawing.notes.length;
    for (const id of ["take", "figures", "drawing"]) $(id).hidden = !drawing.spec;
    for (const id of ["png", "svg"]) $(id).href = drawing[id];
    $("description").textContent = drawing.description;
    place.setAttribute("aria-label", drawing.description);
    $("rows").tHead.rows[0].replaceChildren(...drawing.head.map((label) => cell("th", label, "col")));
    $("rows").tBodies[0].replaceChildren(...drawing.rows.map((row) => {
      const made = element("tr");
      made.append(...row.map((text, at) => (at ? cell("td", text) : cell("th", text, "row"))));
      return made;
    }));
    if ($("choice")) {
      $("choice").value = drawing.choice;
      $("save").disabled = !drawing.spec || !drawing.choice;
    }
    offer(drawing.colours);
    await draw(drawing);
  }

  async function draw(drawing) {
    drop?.();
    drop = null;
    tip.hidden = true;
    if (!drawing.spec) return place.replaceChildren();
    const fresh = element("div");
    place.replaceChildren(fresh);
    if (typeof window.daybookChart !== "function") {
      return fresh.append(element("img", undefined, { src: `${drawing.svg}&inline=1`, alt: "" }));
    }
    const renderer = drawing.rows.length * Math.max(1, drawing.head.length - 1) > MANY ? "canvas" : "svg";
    drop = await window.daybookChart(fresh, drawing.spec, renderer, tell);
    fresh.firstElementChild?.setAttribute("aria-hidden", "true"); // what it is drawn in says what it shows
    place.dataset.drawn = drawing.page; // so that one can wait for it
  }

  // a colour for each series; only those that were chosen are asked for
  function offer(colours) {
    const box = $("colours");
    if (!box || box.contains(document.activeElement)) return;
    box.replaceChildren(...colours.map(([name, colour, chosen]) => {
      const label = element("label"), input = element("input", undefined, { type: "color", value: colour });
      input.dataset.series = name;
      if (chosen) input.dataset.chosen = "1";
      input.setAttribute("aria-label", box.dataset.label.replace("{name}", name));
      label.append(input, isolated(name || $("chart-title").textContent));
      return label;
    }));
  }

  function chosen() {
    const query = new URLSearchParams({ id: token });
    for (const [name, value] of new FormData(controls)) {
      if (value && !["id", "series", "colour"].includes(name)) query.append(name, value);
    }
    for (const input of controls.querySelectorAll("input[data-chosen]")) {
      query.append("series", input.dataset.series);
      query.append("colour", input.value);
    }
    return query;
  }

  async function ask(query, isNew) {
    asking?.abort();
    asking = new AbortController();
    const width = Math.round(place.parentElement.clientWidth - 2 * parseFloat(getComputedStyle(place.parentElement).paddingLeft));
    const sized = new URLSearchParams(query);
    sized.set("width", width);
    if (dark.matches) sized.set("dark", "1");
    place.classList.add("waiting");
    try {
      const answer = await fetch(`/view/chart.json?${sized}`, { signal: asking.signal, headers: { Accept: "application/json" } });
      const drawing = await answer.json();
      if (!answer.ok) return complain(drawing.problem || words.broken);
      asked = new URLSearchParams(query);
      drawnWidth = width;
      await show(drawing);
      if (isNew) {
        history.replaceState(null, "", drawing.page);
        document.querySelector('.tabs [aria-current]')?.removeAttribute("aria-current");
      }
    } catch (error) {
      if (error.name !== "AbortError") complain(words.broken);
    } finally {
      place.classList.remove("waiting");
    }
  }

  function complain(text) {
    $("problem").textContent = text;
    $("problem").hidden = false;
    $("problem").classList.add("warn");
  }

  // another table has other columns; those that it has too stay chosen
  function lists(name) {
    const table = tables.find((each) => each.name === name);
    if (!table) return;
    const old = { x: $("x").value, by: $("by").value, y: new FormData(controls).getAll("y") };
    const grouped = (columns, chosen) => {
      const made = [];
      let group = null;
      for (const column of columns) {
        const option = element("option", column.label, { value: column.name });
        option.selected = column.name === chosen;
        if (!column.group) { made.push(option); group = null; continue; }
        if (group?.label !== column.group) made.push((group = element("optgroup", undefined, { label: column.group })));
        group.append(option);
      }
      return made;
    };
    $("x").replaceChildren(...grouped(table.columns, old.x));
    const nothing = element("option", words.nothing, { value: "" });
    $("by").replaceChildren(nothing, ...grouped(table.columns.filter((each) => !each.is_number), old.by));
    let group = "";
    $("y").replaceChildren(...table.columns.filter((each) => each.is_number).flatMap((column) => {
      const label = element("label", undefined, { className: "check" });
      const box = element("input", undefined, { type: "checkbox", name: "y", value: column.name });
      box.checked = old.y.includes(column.name);
      label.append(box, element("span", column.label));
      const heading = column.group && column.group !== group ? [element("p", column.group, { className: "group" })] : [];
      group = column.group;
      return [...heading, label];
    }));
  }

  function changed(event) {
    if (event.target.id === "table") lists(event.target.value);
    if (event.target.dataset.series !== undefined) event.target.dataset.chosen = "1";
    if (["palette", "by", "table", "kind"].includes(event.target.name)) {
      for (const input of controls.querySelectorAll("input[data-chosen]")) delete input.dataset.chosen;
    }
    clearTimeout(waiting);
    waiting = setTimeout(() => ask(chosen(), true), event.target.type === "text" || event.target.type === "color" ? 250 : 30);
  }

  controls?.addEventListener("input", changed);
  controls?.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(chosen(), true);
  });
  const first = controls?.querySelector(".pick :checked")?.closest("label");
  if (first) $("y").scrollTop = first.offsetTop - $("y").offsetTop - 40;
  dark.addEventListener("change", () => ask(asked));
  let resizing = 0;
  new ResizeObserver(() => {
    clearTimeout(resizing);
    resizing = setTimeout(() => {
      const width = place.parentElement.clientWidth - 2 * parseFloat(getComputedStyle(place.parentElement).paddingLeft);
      if (drawnWidth && Math.abs(width - drawnWidth) > 8) ask(asked);
    }, 200);
  }).observe(place.parentElement);
  if ("hasSpec" in place.dataset) ask(asked);
})();
