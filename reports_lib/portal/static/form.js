// The query form made quick: filters are picked and removed, what is looked up is searched on the server, periods say
// which days they mean. Without this file the form is plain fields, and asks for the same.
"use strict";
(() => {
  const form = document.getElementById("ask");
  if (!form) return;
  const words = JSON.parse(form.dataset.words);
  const say = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const made = (tag, attributes = {}, ...inside) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...inside);
    return element;
  };
  const said = made("p", { class: "unseen", role: "status" });
  form.append(said);
  const CROSS = '<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="M6 6l12 12M18 6L6 18"/></svg>';
  let count = 0;

  // A field with a list below it (WAI-ARIA APG: editable combobox, list autocomplete). `find(text)` promises
  // {groups: [{title, options: [{value, label, ticked}]}], note}; `pick(option)` is told what was picked.
  class Combobox {
    constructor(input, { find, pick, stays = false }) {
      Object.assign(this, { input, find, pick, stays, options: [], at: -1, asked: 0 });
      this.list = made("ul", { class: "list-of", role: "listbox", id: `list-${++count}`, hidden: true });
      this.list.setAttribute("aria-label", input.getAttribute("aria-label") || this.#label());
      input.closest(".picker").append(this.list);
      for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id })) input.setAttribute(name, value);
      input.addEventListener("input", () => this.open());
      input.addEventListener("click", () => this.list.hidden && this.open());
      input.addEventListener("keydown", (event) => this.#key(event));
      input.addEventListener("blur", () => this.close());
      this.list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
      this.list.addEventListener("click", (event) => {
        const place = event.target.closest("[role=option]");
        if (place) this.#picked(Number(place.dataset.at));
      });
    }
    #label() {
      const label = this.input.labels?.[0] || document.getElementById(`l-${this.input.closest(".picker").dataset.name}`);
      return label ? label.textContent.trim() : "";
    }
    async open(keeps = -1) {
      const asked = ++this.asked;
      const slow = setTimeout(() => asked === this.asked && this.list.hidden && this.#draw({ groups: [], note: say("looking") }), 250);
      let found;
      try {
        found = await this.find(this.input.value.trim());
      } catch {
        found = { groups: [], note: say("failed") };
      }
      clearTimeout(slow);
      if (asked !== this.asked || document.activeElement !== this.input) return;
      this.#draw(found);
      if (keeps >= 0) this.#move(Math.min(keeps, this.options.length - 1));
    }
    close() {
      this.asked++;
      this.list.hidden = true;
      this.#move(-1);
      this.input.setAttribute("aria-expanded", "false");
    }
    #draw({ groups, note }) {
      this.options = groups.flatMap((group) => group.options);
      this.at = -1;
      let at = 0;
      const sought = this.input.value.trim().toLowerCase();
      const rows = groups.map((group) => {
        const inside = group.options.map((option) => this.#row(option, at++, sought));
        if (!group.title) return inside;
        const id = `${this.list.id}-${at}`;
        return [made("li", { role: "presentation" }, made("div", { class: "of", id }, group.title), made("ul", { role: "group", "aria-labelledby": id }, ...inside))];
      });
      this.list.replaceChildren(...rows.flat());
      if (note) this.list.append(made("li", { class: "note", role: "presentation" }, note));
      this.list.hidden = false;
      const { top, bottom } = this.input.getBoundingClientRect(), below = innerHeight - bottom;
      const isAbove = below < 240 && top > below + 80;
      this.list.classList.toggle("above", isAbove);
      this.list.style.maxHeight = `${Math.max(140, Math.min(352, (isAbove ? top : below) - 16))}px`;
      this.input.setAttribute("aria-expanded", "true");
      this.input.removeAttribute("aria-activedescendant");
      said.textContent = this.options.length ? say("found", { count: this.options.length }) : note || "";
    }
    #row(option, at, sought) {
      const text = made("span");
      const from = sought ? option.label.toLowerCase().indexOf(sought) : -1;
      if (from < 0 || option.label.toLowerCase().length !== option.label.length) text.textContent = option.label;
      else text.append(option.label.slice(0, from), made("mark", {}, option.label.slice(from, from + sought.length)), option.label.slice(from + sought.length));
      const row = made("li", { role: "option", id: `${this.list.id}-o${at}`, "data-at": at, "aria-selected": String(Boolean(option.ticked)), "data-ticked": option.ticked }, text);
      if (option.lack) row.setAttribute("aria-disabled", "true"), row.append(made("small", {}, option.lack));
      if (option.value !== option.label && option.tells) row.append(made("small", {}, option.value));
      return row;
    }
    #move(at) {
      this.list.querySelector(".at")?.classList.remove("at");
      this.at = at;
      const row = at < 0 ? null : document.getElementById(`${this.list.id}-o${at}`);
      if (!row) return this.input.removeAttribute("aria-activedescendant");
      row.classList.add("at");
      row.scrollIntoView({ block: "nearest" });
      this.input.setAttribute("aria-activedescendant", row.id);
    }
    #key(event) {
      const isOpen = !this.list.hidden, last = this.options.length - 1;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (!isOpen) return void this.open(0);
        const step = event.key === "ArrowDown" ? 1 : -1;
        this.#move(this.at + step > last ? 0 : this.at + step < 0 ? last : this.at + step);
      } else if (event.key === "Enter") {
        event.preventDefault(); // what is being looked for is not sent
        if (!isOpen) return void (this.input.value.trim() && this.open());
        const only = this.options.length === 1 && this.input.value.trim() ? 0 : -1;
        if (this.at >= 0 || only >= 0) this.#picked(this.at >= 0 ? this.at : only);
      } else if (event.key === "Escape" && isOpen) {
        event.preventDefault();
        event.stopPropagation();
        this.close();
      }
    }
    #picked(at) {
      const option = this.options[at];
      if (!option || option.lack) return; // why it cannot be picked stands beside it
      this.pick(option);
      if (this.stays) this.open(at);
      else this.close();
    }
  }

  const searching = (url, ticked) => {
    let running, waiting;
    return (text) => {
      running?.abort();
      clearTimeout(waiting);
      const mine = (running = new AbortController());
      return new Promise((resolve, reject) => {
        waiting = setTimeout(async () => {
          try {
            const answer = await fetch(`${url}?${new URLSearchParams({ q: text })}`, { signal: mine.signal, headers: { Accept: "application/json" } });
            if (!answer.ok) throw new Error(String(answer.status));
            const { options, more } = await answer.json();
            const twice = new Set(options.map((option) => option.label)).size < options.length;
            resolve({
              groups: [{ options: options.map((option) => ({ ...option, tells: twice, ticked: ticked().includes(option.value) })) }],
              note: !options.length ? say("none") : more ? say("more") : "",
            });
          } catch (error) {
            if (error.name !== "AbortError") reject(error);
          }
        }, text ? 100 : 0);
      });
    };
  };

  // Several values as chips, in a box with the field in which they are sought or written
  class Chips {
    constructor(picker) {
      this.picker = picker;
      this.name = picker.dataset.name;
      this.values = [];
      const plain = picker.querySelector(".input");
      this.box = made("div", { class: "input box", "aria-invalid": plain.getAttribute("aria-invalid") });
      this.input = made("input", { type: "text", id: plain.id, autocomplete: "off", spellcheck: "false", inputmode: picker.dataset.free === undefined ? null : "email" });
      for (const name of ["aria-describedby", "aria-invalid", "aria-required", "maxlength"]) if (plain.hasAttribute(name)) this.input.setAttribute(name, plain.getAttribute(name));
      this.hint = plain.placeholder;
      this.none = made("input", { type: "hidden", name: this.name, value: "" }); // says that the field was there
      plain.replaceWith(this.box);
      this.box.append(this.none, this.input);
      this.box.addEventListener("pointerdown", (event) => {
        if (event.target === this.box) event.preventDefault(), this.input.focus();
      });
      this.input.addEventListener("keydown", (event) => {
        if (event.key === "Backspace" && !this.input.value && this.values.length) this.remove(this.values.length - 1);
      });
      for (const each of JSON.parse(picker.dataset.picked)) this.add(each);
      this.#hinted();
    }
    add({ value, label }) {
      if (this.values.includes(value)) return;
      this.values.push(value);
      const close = made("button", { type: "button", class: "icon", "aria-label": say("remove", { name: label }) });
      close.innerHTML = CROSS;
      const chip = made("span", { class: "chip" }, made("bdi", {}, label), made("input", { type: "hidden", name: this.name, value }), close);
      close.addEventListener("click", () => {
        this.remove(this.values.indexOf(value));
        this.input.focus();
      });
      this.input.before(chip);
      this.#hinted();
    }
    remove(at) {
      const chip = this.box.querySelectorAll(".chip")[at];
      said.textContent = say("removed", { name: chip.textContent });
      chip.remove();
      this.values.splice(at, 1);
      this.#hinted();
    }
    clear() {
      while (this.values.length) this.remove(0);
      this.input.value = "";
    }
    #hinted() {
      this.input.placeholder = this.values.length ? "" : this.hint;
    }
  }

  const pickers = new Map();
  for (const picker of form.querySelectorAll("[data-picker][data-many]")) {
    const chips = new Chips(picker);
    const find = searching(picker.dataset.picker, () => chips.values);
    new Combobox(chips.input, {
      find,
      stays: true,
      pick: (option) => {
        if (option.ticked) chips.remove(chips.values.indexOf(option.value));
        else chips.add(option);
        chips.input.value = "";
      },
    });
    pickers.set(picker, chips);
  }

  // One value: what is written is sent, or what is picked behind its words
  for (const picker of form.querySelectorAll("[data-picker]:not([data-many])")) {
    const input = picker.querySelector(".input");
    const [first] = JSON.parse(picker.dataset.picked);
    const sent = made("input", { type: "hidden", name: input.name, value: first ? first.value : input.value });
    input.removeAttribute("name");
    if (first) input.value = first.label;
    input.after(sent);
    let chosen = input.value;
    const changed = () => sent.dispatchEvent(new Event("change", { bubbles: true }));
    input.addEventListener("input", () => (sent.value = input.value));
    input.addEventListener("change", changed);
    input.addEventListener("focus", () => ((chosen = input.value), input.select()));
    const search = searching(picker.dataset.picker, () => [sent.value]);
    new Combobox(input, {
      find: (text) => search(text === chosen ? "" : text), // opened on what is there already it shows what else there is
      pick: (option) => {
        input.value = chosen = option.label;
        sent.value = option.value;
        changed();
      },
    });
    pickers.set(picker, { clear: () => (input.value = sent.value = "") });
  }

  // Addresses: each becomes a chip when it is ended by Enter, a comma, a space or leaving the field
  for (const picker of form.querySelectorAll("[data-free]")) {
    const chips = new Chips(picker);
    const take = () => {
      for (const text of chips.input.value.split(/[\s,;]+/).filter(Boolean)) chips.add({ value: text, label: text });
      chips.input.value = "";
    };
    chips.input.addEventListener("keydown", (event) => {
      const ends = ["Enter", ",", ";", " "].includes(event.key);
      if (!ends || (event.key === "Enter" && !chips.input.value.trim())) return;
      event.preventDefault();
      take();
    });
    chips.input.addEventListener("blur", take);
    chips.input.addEventListener("paste", () => setTimeout(take));
    form.addEventListener("submit", take);
  }

  // Filters: those that are not picked send nothing (JD-04), wait in the menu (JD-06) and come back empty (JD-05)
  const filters = [...form.querySelectorAll("[data-filter]")];
  const active = (filter, is) => {
    filter.toggleAttribute("data-idle", !is);
    for (const each of filter.querySelectorAll("input, select, textarea")) each.disabled = !is;
  };
  const emptied = (filter) => {
    for (const picker of filter.querySelectorAll(".picker")) pickers.get(picker)?.clear();
    for (const each of filter.querySelectorAll("[type=checkbox]")) each.checked = false;
    for (const each of filter.querySelectorAll("select, input.input:not([role])")) each.value = filter.dataset.default;
    for (const each of filter.querySelectorAll(".fault")) each.remove();
    for (const each of filter.querySelectorAll("[aria-invalid]")) each.removeAttribute("aria-invalid");
  };
  for (const filter of filters) active(filter, !filter.hasAttribute("data-idle"));
  const adder = form.querySelector("[data-adder]");
  const all = () => adder.toggleAttribute("data-all", !filters.some((filter) => filter.hasAttribute("data-idle")));
  if (adder) {
    const input = adder.querySelector("input");
    const holds = (label, text) => label.toLocaleLowerCase().includes(text.toLocaleLowerCase());
    new Combobox(input, {
      find: async (text) => {
        const groups = [...form.querySelectorAll("[data-group]")].map((group) => ({
          title: group.dataset.group,
          options: [...group.querySelectorAll("[data-filter][data-idle]")]
            .map((filter) => ({ value: filter.dataset.filter, label: filter.dataset.label, lack: filter.dataset.lack, filter }))
            .filter((option) => holds(option.label, text)),
        })).filter((group) => group.options.length);
        return { groups, note: groups.length ? "" : say("none") };
      },
      pick: ({ filter, label }) => {
        input.value = "";
        active(filter, true);
        filter.classList.add("fresh");
        const tick = filter.querySelector(".check [type=checkbox]");
        if (tick) tick.checked = true; // it was picked to be so
        all();
        filter.querySelector(".entry :is([role=combobox], select, input:not([type=hidden]))")?.focus();
        said.textContent = say("added", { name: label });
      },
    });
    input.addEventListener("blur", () => (input.value = ""));
    form.addEventListener("click", (event) => {
      const button = event.target.closest("[data-remove]");
      if (!button) return;
      const filter = button.closest("[data-filter]");
      emptied(filter);
      active(filter, false);
      all();
      input.focus();
      said.textContent = say("removed", { name: filter.dataset.label });
    });
    all();
  }

  // Which days a period means, in the zone that is chosen
  const span = form.querySelector("[data-span]");
  if (span) {
    const means = span.querySelector("[data-means]");
    let asked = 0, waiting;
    const tell = async () => {
      const mine = ++asked;
      const sent = new URLSearchParams();
      for (const [name, value] of new FormData(form)) {
        if (name === span.dataset.span || name.startsWith(`${span.dataset.span}-`) || form.querySelector(`.picker[data-name="${CSS.escape(name)}"]:not([data-many]):not([data-free])`)) sent.append(name, value);
      }
      let found = { days: "", fault: "" };
      try {
        const answer = await fetch(`${form.dataset.days}?${sent}`);
        if (answer.ok) found = await answer.json();
      } catch {}
      if (mine !== asked) return;
      means.querySelector("span").textContent = found.days || found.fault;
      means.classList.toggle("wrong", Boolean(found.fault));
      means.hidden = !found.days && !found.fault;
    };
    const soon = () => (clearTimeout(waiting), (waiting = setTimeout(tell, 150)));
    span.addEventListener("input", soon);
    form.addEventListener("change", (event) => event.target.matches(".picker > input[type=hidden]") && soon());
  }

  // A fault leads to its field, also where that is a group; coming back to a sent form asks anew
  for (const link of document.querySelectorAll("#faults a")) {
    link.addEventListener("click", (event) => {
      const field = document.getElementById(link.hash.slice(1));
      if (!field) return;
      event.preventDefault();
      field.closest("details")?.setAttribute("open", "");
      (field.matches("[role=group], [role=radiogroup]") ? field.querySelector("input:not([type=hidden])") : field).focus();
    });
  }
  requestAnimationFrame(() => { // of browsers that do not by themselves
    if (document.activeElement === document.body) document.getElementById("faults")?.focus();
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    form.elements["run-key"].value = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  });
})();
