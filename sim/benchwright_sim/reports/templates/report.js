"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const metricOf = (kind) => (kind.startsWith("fsm") ? "fsm" : kind);
  const files = [...document.querySelectorAll(".file")];
  const links = [...document.querySelectorAll(".files a[data-file]")];
  const only = document.getElementById("only-open");
  const where = document.getElementById("where");
  const boxes = [...document.querySelectorAll("[data-metric]")];
  const NEAR = 2;
  let shown = new Set(boxes.map((box) => box.dataset.metric));
  let current = 0;
  let stops = [];
  let at = -1;

  const statusOf = (bin) => data.verdicts[bin[3]][0];
  const visible = (bin) => shown.has(metricOf(data.kinds[bin[0]]));
  const binsOf = (file, line) => (data.files[file][line] || []).filter(visible);

  function element(tag, className, text) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  }

  // Marks the rows that hold open bins of the kinds shown, and their neighbours.
  function mark() {
    stops = [];
    files.forEach((section, file) => {
      const rows = [...section.querySelector("tbody").rows].filter((row) => row.dataset.l);
      rows.forEach((row) => row.classList.remove("o", "near", "cut", "here"));
      rows.forEach((row, index) => {
        const open = binsOf(file, row.dataset.l).some((bin) => statusOf(bin) === "unknown");
        if (!open) return;
        row.classList.add("o");
        stops.push({ file, row });
        for (let n = Math.max(0, index - NEAR); n <= Math.min(rows.length - 1, index + NEAR); n += 1) {
          rows[n].classList.add("near");
        }
      });
      let last = -1;
      rows.forEach((row, index) => {
        if (!row.classList.contains("near")) return;
        if (last >= 0 && index > last + 1) row.classList.add("cut");
        last = index;
      });
    });
    at = -1;
    tell();
  }

  function tell() {
    const lines = stops.length === 1 ? "open line" : "open lines";
    where.textContent = stops.length === 0 ? "nothing open" : at < 0 ? `${stops.length} ${lines}` : `${at + 1} of ${stops.length} ${lines}`;
    document.getElementById("next").disabled = stops.length === 0;
    document.getElementById("previous").disabled = stops.length === 0;
  }

  function show(file) {
    current = file;
    files.forEach((section, index) => section.classList.toggle("shown", index === file));
    links.forEach((link, index) => {
      if (index === file) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
  }

  function go(file, row) {
    show(file);
    document.querySelectorAll(".here").forEach((node) => node.classList.remove("here"));
    row.classList.add("here");
    toggle(row, true);
    row.scrollIntoView({ block: "center", behavior: "instant" });
    row.querySelector("button")?.focus({ preventScroll: true });
  }

  function step(by) {
    if (stops.length === 0) return;
    if (at < 0) {
      const first = stops.findIndex((stop) => stop.file >= current);
      at = by > 0 ? Math.max(first, 0) : (first <= 0 ? stops.length : first) - 1;
    } else {
      at = (at + by + stops.length) % stops.length;
    }
    go(stops[at].file, stops[at].row);
    tell();
  }

  // Toggles of one vector become one row of bits; everything else is a row of its own.
  function grouped(bins) {
    const rows = [];
    const vectors = new Map();
    for (const bin of bins) {
      const match = data.kinds[bin[0]] === "toggle" && /^(.*)\[(\d+)\]:(0->1|1->0)$/s.exec(bin[1]);
      if (!match) {
        rows.push({ bin });
        continue;
      }
      const key = `${match[1]}\n${bin[4] || ""}`;
      if (!vectors.has(key)) {
        vectors.set(key, { name: match[1], instance: bin[4], bits: new Map() });
        rows.push(vectors.get(key));
      }
      const bits = vectors.get(key).bits;
      const bit = Number(match[2]);
      if (!bits.has(bit)) bits.set(bit, []);
      bits.get(bit).push([match[3], bin]);
    }
    return rows;
  }

  function evidence(cell, bin) {
    const [status, by, note] = data.verdicts[bin[3]];
    cell.append(element("b", "", status === "unknown" ? "open" : status));
    const text = [by, note].filter(Boolean).join(": ");
    if (text) cell.append(` ${text}`);
  }

  function plainRow(bin) {
    const row = element("tr", statusOf(bin));
    row.append(element("td", "", data.kinds[bin[0]]));
    const name = row.appendChild(element("td"));
    name.append(element("code", "", bin[1]));
    if (bin[4]) name.append(` in ${bin[4]}`);
    row.append(element("td", "", `${bin[2].toLocaleString("en")}×`));
    evidence(row.appendChild(element("td")), bin);
    return row;
  }

  function vectorRow(vector) {
    const row = element("tr");
    row.append(element("td", "", "toggle"));
    const cell = row.appendChild(element("td"));
    cell.colSpan = 3;
    cell.append(element("code", "", vector.name), vector.instance ? ` in ${vector.instance}` : "");
    const bits = cell.appendChild(element("div", "bits"));
    for (const number of [...vector.bits.keys()].sort((a, b) => b - a)) {
      const ways = vector.bits.get(number);
      const open = ways.filter(([, bin]) => statusOf(bin) === "unknown").length;
      const hit = ways.filter(([, bin]) => statusOf(bin) === "covered").length;
      const state = open === 0 ? (hit === ways.length ? "" : "shut") : hit ? "half" : "miss";
      const arrows = ways
        .filter(([, bin]) => statusOf(bin) === "unknown")
        .map(([way]) => (way === "0->1" ? "↑" : "↓"))
        .join("");
      const chip = bits.appendChild(element("span", state, `${number}${arrows}`));
      chip.title = ways
        .map(([way, bin]) => `${vector.name}[${number}] ${way}: ${bin[2].toLocaleString("en")}×, ${data.verdicts[bin[3]].filter(Boolean).join(", ")}`)
        .join("\n");
    }
    return row;
  }

  function toggle(row, open) {
    const button = row.querySelector("button");
    if (!button) return;
    const expanded = button.getAttribute("aria-expanded") === "true";
    if (open === expanded) return;
    button.setAttribute("aria-expanded", String(!expanded));
    if (expanded) {
      row.nextElementSibling.remove();
      return;
    }
    const detail = element("tr", "detail");
    const cell = detail.appendChild(element("td"));
    cell.colSpan = 5;
    const body = cell.appendChild(element("table")).appendChild(element("tbody"));
    const file = files.indexOf(row.closest(".file"));
    for (const item of grouped(binsOf(file, row.dataset.l))) {
      body.append(item.bin ? plainRow(item.bin) : vectorRow(item));
    }
    row.after(detail);
  }

  function closeAll() {
    document.querySelectorAll(".detail").forEach((node) => node.remove());
    document.querySelectorAll("[aria-expanded=true]").forEach((node) => node.setAttribute("aria-expanded", "false"));
  }

  // #file:line, where the file's name may itself hold colons.
  function fromHash() {
    const hash = decodeURIComponent(location.hash.slice(1));
    const cut = hash.lastIndexOf(":");
    const file = files.findIndex((section) => section.dataset.name === hash.slice(0, cut));
    if (cut < 0 || file < 0) return false;
    const row = files[file].querySelector(`tr[data-l="${Number(hash.slice(cut + 1)) || 0}"]`);
    if (row) go(file, row);
    else show(file);
    return true;
  }

  document.documentElement.classList.add("js");
  document.addEventListener("click", (event) => {
    const button = event.target.closest(".b button");
    if (button) toggle(button.closest("tr"));
  });
  document.getElementById("next").addEventListener("click", () => step(1));
  document.getElementById("previous").addEventListener("click", () => step(-1));
  only.addEventListener("change", () => document.body.classList.toggle("only-open", only.checked));
  boxes.forEach((box) =>
    box.addEventListener("change", () => {
      shown = new Set(boxes.filter((other) => other.checked).map((other) => other.dataset.metric));
      closeAll();
      mark();
    }),
  );
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input[type=text], textarea, select")) return;
    if (event.key === "n") step(1);
    else if (event.key === "p") step(-1);
    else if (event.key === "o") only.click();
    else return;
    event.preventDefault();
  });
  window.addEventListener("hashchange", fromHash);
  window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((node) => { node.open = true; }));
  mark();
  if (!fromHash()) {
    const worst = stops.length ? stops[0].file : 0;
    if (files.length) show(worst);
  }
})();
