// Makes the page of a report interactive: details of cores, the lanes of the timeline, sorting of tables. The figures are in the page as HTML already; what is drawn
// here comes from the JSON beside them. Text is only ever set as text, never as HTML.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const find = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  const make = (tag, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };
  const makeSvg = (tag, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };

  const inUnits = (value, names) => {
    let unit = 0;
    while (unit + 1 < names.length && Math.abs(value) >= 999.95) {
      value /= 1000;
      ++unit;
    }
    const digits = value === 0 ? 0 : Math.abs(value) >= 100 ? 1 : Math.abs(value) >= 10 ? 2 : 3;
    return `${value.toFixed(digits)} ${names[unit]}`;
  };
  const time = (ns) => inUnits(ns, ["ns", "µs", "ms", "s"]);
  const energy = (pj) => inUnits(pj, ["pJ", "nJ", "µJ", "mJ", "J"]);
  const placeOf = (chip, core) => (data.chips > 1 ? `chip ${chip}, core ${core}` : `core ${core}`);
  const bytes = (count) => (count < 1e5 ? `${count} B` : inUnits(count / 1000, ["kB", "MB", "GB"]));
  const percent = (share) => (share > 0 && share < 0.0005 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`);

  // Colours of layers: a walk around the hues in the order in which they begin, so that neighbours in time look alike and what runs early and late does not.
  const labels = data.timeline.labels;
  const isDark = () => matchMedia("(prefers-color-scheme: dark)").matches;
  const hueOf = (label) => 205 + (300 * label) / Math.max(1, labels.length);
  const colourOf = (label) => (label < 0 ? (isDark() ? "#8a919b" : "#848b95") : `hsl(${hueOf(label)} 52% ${isDark() ? 56 : label % 2 ? 58 : 50}%)`);
  // Black or white, whichever can be read on it.
  const inkOn = (label) => (label >= 0 && hueOf(label) % 360 > 28 && hueOf(label) % 360 < 195 ? "#111" : "#fff");
  const numberOf = new Map(labels.map((name, index) => [name, index]));

  // ---- Cores -------------------------------------------------------------------------------

  const details = find("#core-details");
  const timingOf = (index) => data.timing.cores.find((core) => core.core === data.cores[index].core);

  const crossbar = (tiles) => {
    const shape = data.array, column = shape.cols === 1; // an engine's weight memory: tiles one behind the other
    const heightOf = (tile) => (column ? tile.rows * tile.cols : tile.rows), widthOf = (tile) => (column ? 1 : tile.cols);
    const rows = Math.max(...tiles.map((tile) => tile.row + heightOf(tile))), cols = Math.max(...tiles.map((tile) => tile.col + widthOf(tile)));
    const picture = makeSvg("svg", {class: "crossbar", viewBox: `0 0 ${Math.max(cols, shape.cols)} ${Math.max(rows, shape.rows)}`, preserveAspectRatio: "none", role: "img"});
    picture.append(makeSvg("title", {}));
    picture.firstChild.textContent = "cells of the array that hold weights";
    for (const tile of tiles) {
      const cells = makeSvg("rect", {x: tile.col, y: tile.row, width: widthOf(tile), height: heightOf(tile), fill: colourOf(numberOf.get(tile.layer) ?? -1)});
      cells.append(makeSvg("title", {}));
      cells.firstChild.textContent = `${tile.layer}: ${tile.rows} rows, ${tile.cols} columns`;
      picture.append(cells);
    }
    return picture;
  };

  const showCore = (index) => {
    const core = data.cores[index], timing = timingOf(index);
    const list = make("dl");
    const add = (term, text) => list.append(make("dt", {textContent: term}), make("dd", {textContent: text}));
    const layers = [...new Set(core.tiles.map((tile) => tile.layer))];
    add("weights", core.cells ? `${percent(core.cells_used / core.cells)} of ${core.cells} cells` : "none");
    add("memory", `${bytes(core.memory_bytes)} of ${bytes(core.memory_available_bytes)}`);
    add("arrays busy", `${percent(timing.steady_array_utilisation)} (alone ${percent(timing.array_utilisation)})`);
    add("digital busy", `${percent(timing.steady_digital_utilisation)} (alone ${percent(timing.digital_utilisation)})`);
    if (layers.length) add("holds", layers.join(", "));
    const others = [...new Set(core.blocks)].filter((name) => !layers.includes(name));
    if (others.length) add("also runs", others.join(", "));
    const end = (channel, side) => (channel[side] === null ? "host" : placeOf(channel[`${side}_chip`], channel[side]));
    const isHere = (channel, side) => channel[side] === core.core && channel[`${side}_chip`] === core.chip;
    const ends = (mine, other) => [...new Set(data.channels.filter((channel) => isHere(channel, mine)).map((channel) => end(channel, other)))].join(", ");
    if (ends("to", "from")) add("receives from", ends("to", "from"));
    if (ends("from", "to")) add("sends to", ends("from", "to"));
    details.replaceChildren(make("h3", {textContent: data.chips > 1 ? `Chip ${core.chip}, core ${core.core}` : `Core ${core.core}`}), list);
    for (const array of new Set(core.tiles.map((tile) => tile.array)))
      details.append(make("div", {className: "hint", textContent: `array ${array}, rows down, columns across`}), crossbar(core.tiles.filter((tile) => tile.array === array)));
    for (const node of all(".floorplan .chosen")) node.classList.remove("chosen");
    find(`.floorplan [data-index="${index}"]`)?.classList.add("chosen");
  };

  const startFloorplans = () => {
    const squares = all(".floorplan .used");
    squares.forEach((square, position) => {
      const index = Number(square.dataset.index);
      square.setAttribute("role", "button");
      square.setAttribute("tabindex", position === 0 ? "0" : "-1");
      square.addEventListener("mouseenter", () => showCore(index));
      square.addEventListener("focus", () => showCore(index));
      square.addEventListener("click", () => square.focus());
      square.addEventListener("keydown", (event) => {
        const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key];
        const next = step && squares[position + step];
        if (!next) return;
        event.preventDefault();
        square.setAttribute("tabindex", "-1");
        next.setAttribute("tabindex", "0");
        next.focus();
      });
    });
    if (squares.length) showCore(Number(squares[0].dataset.index));
  };

  // ---- Tables ------------------------------------------------------------------------------

  const startSorting = (table) => {
    const body = find("tbody", table), heads = all("thead th", table);
    const original = all("tr", body);
    const valueOf = (row, column) => {
      const cell = row.children[column];
      return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
    };
    heads.forEach((head, column) => {
      const button = make("button", {type: "button", textContent: head.textContent});
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        // Numbers begin with the largest, as that is what one looks for; names with the first.
        const first = head.classList.contains("num") ? "descending" : "ascending";
        const second = first === "ascending" ? "descending" : "ascending";
        const next = {[first]: second, [second]: null}[head.getAttribute("aria-sort")] ?? (head.getAttribute("aria-sort") === second ? null : first);
        for (const other of heads) other.removeAttribute("aria-sort");
        if (!next) return body.append(...original);
        head.setAttribute("aria-sort", next);
        const sign = next === "ascending" ? 1 : -1;
        const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, {numeric: true}));
        body.append(...[...original].sort((a, b) => sign * compare(valueOf(a, column), valueOf(b, column))));
      });
    });
  };

  // ---- Timeline ----------------------------------------------------------------------------

  const kGutter = 118, kAxis = 24, kLane = 17, kGroup = 7;
  const kKinds = {power: "chips", array: "arrays", digital: "digital units", send: "ports", receive: "ports", link: "links", chip_link: "links", host_in: "host", host_out: "host"};

  // The slices of a lane as flat arrays of numbers, times in nanoseconds.
  const unpack = (lane) => {
    const count = lane.slices.length / 5;
    const start = new Float64Array(count), end = new Float64Array(count);
    let at = 0;
    for (let i = 0; i < count; ++i) {
      start[i] = (at += lane.slices[5 * i]) / 1000;
      end[i] = (at += lane.slices[5 * i + 1]) / 1000;
    }
    const field = (i, k) => lane.slices[5 * i + k];
    return {...lane, count, start, end, busy: (i) => (field(i, 2) || field(i, 1)) / 1000, label: (i) => field(i, 3), pieces: (i) => field(i, 4)};
  };

  class Timeline {
    constructor(root) {
      this.root = root;
      this.end = data.timeline.end_ns || 1;
      this.from = 0;
      this.to = this.end;
      this.lanes = data.timeline.lanes.map(unpack);
      this.kinds = new Map([...new Set(Object.values(kKinds))].filter((kind) => this.lanes.some((lane) => kKinds[lane.kind] === kind)).map((kind) => [kind, kind !== "ports" && kind !== "links"]));
      this.build();
      this.layOut();
      new ResizeObserver(() => this.draw()).observe(this.box);
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.layOut());
    }

    build() {
      const button = (text, label, action) => make("button", {type: "button", textContent: text, ariaLabel: label, title: label, onclick: action});
      const controls = make("div", {className: "controls"},
        button("+", "zoom in", () => this.zoom(0.5)), button("−", "zoom out", () => this.zoom(2)), button("all", "show the whole inference", () => this.show(0, this.end)));
      for (const kind of this.kinds.keys()) {
        const input = make("input", {type: "checkbox", checked: this.kinds.get(kind), onchange: () => { this.kinds.set(kind, input.checked); this.layOut(); }});
        controls.append(make("label", {}, input, ` ${kind}`));
      }
      this.byStart = make("input", {type: "checkbox", checked: true, onchange: () => this.layOut()});
      controls.append(make("label", {}, this.byStart, " cores in order of start"));
      controls.append(make("span", {textContent: "drag to move, Ctrl + wheel to zoom"}));
      this.canvas = make("canvas");
      this.spacer = make("div");
      this.box = make("div", {className: "lanes", tabIndex: 0, ariaLabel: "lanes over time; arrow keys move, plus and minus zoom"}, this.canvas, this.spacer);
      this.box.setAttribute("role", "group");
      this.tip = make("div", {className: "tip", hidden: true});
      this.keys = make("ul", {className: "keys"});
      const merged = data.timeline.merged_below_ns;
      this.root.append(controls, this.box, this.keys, this.tip);
      if (merged > 0) this.root.append(make("p", {className: "hint", textContent: `Slices less than ${time(merged)} apart are drawn as one; how full it is shows how much of it is busy.`}));
      this.root.hidden = false;
      this.listen();
    }

    listen() {
      this.box.addEventListener("scroll", () => this.draw());
      this.box.addEventListener("wheel", (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        this.zoom(Math.exp(event.deltaY * 0.002), this.timeAt(event));
      }, {passive: false});
      this.canvas.addEventListener("pointerdown", (event) => {
        if (event.pointerType === "mouse") this.canvas.setPointerCapture(event.pointerId);
        this.drag = {x: event.clientX, from: this.from, to: this.to};
        this.box.classList.add("dragging");
      });
      const stop = () => {
        this.drag = null;
        this.box.classList.remove("dragging");
      };
      this.canvas.addEventListener("pointerup", stop);
      this.canvas.addEventListener("pointercancel", stop);
      this.canvas.addEventListener("pointermove", (event) => this.move(event));
      this.canvas.addEventListener("pointerleave", () => (this.tip.hidden = true));
      this.box.addEventListener("keydown", (event) => {
        const step = (this.to - this.from) / 8;
        const actions = {ArrowLeft: () => this.show(this.from - step, this.to - step), ArrowRight: () => this.show(this.from + step, this.to + step), "+": () => this.zoom(0.5), "-": () => this.zoom(2), 0: () => this.show(0, this.end)};
        if (!actions[event.key]) return;
        event.preventDefault();
        actions[event.key]();
      });
    }

    // Lanes in groups under a heading; each core is one.
    groups() {
      const groups = new Map();
      for (const lane of this.lanes) {
        if (!this.kinds.get(kKinds[lane.kind])) continue;
        const isCore = ["array", "digital", "send", "receive"].includes(lane.kind);
        const chip = data.chips > 1 ? `chip ${lane.chip} ` : "";
        const name = isCore ? `${chip}core ${lane.core}` : lane.kind === "link" ? `${chip}links` : lane.kind === "chip_link" ? "links between chips" : lane.kind === "power" ? `chip ${lane.chip}` : "host";
        if (!groups.has(name)) groups.set(name, {name, lanes: [], rank: isCore ? 1 : lane.kind.endsWith("link") ? 2 : 0, start: Infinity});
        const group = groups.get(name);
        group.lanes.push(lane);
        if (isCore && lane.count) group.start = Math.min(group.start, lane.start[0]);
      }
      const list = [...groups.values()];
      return this.byStart.checked ? list.sort((a, b) => a.rank - b.rank || (a.rank === 1 ? a.start - b.start : 0)) : list;
    }

    layOut() {
      this.rows = [];
      let y = kAxis + 4;
      for (const group of this.groups()) {
        y += kGroup;
        for (const lane of group.lanes) {
          this.rows.push({lane, y, heading: lane === group.lanes[0] ? group.name : ""});
          y += kLane;
        }
      }
      this.showKeys();
      this.height = y + 6;
      this.box.style.height = `${Math.min(560, this.height + 2)}px`;
      this.draw();
    }

    // The colours that can be seen.
    showKeys() {
      const seen = new Set();
      for (const {lane} of this.rows)
        if (lane.kind !== "power") for (let i = 0; i < lane.count; ++i) seen.add(lane.label(i));
      this.keys.replaceChildren();
      labels.forEach((name, index) => {
        if (!seen.has(index)) return;
        const mark = make("i");
        mark.style.background = colourOf(index);
        this.keys.append(make("li", {}, mark, name));
      });
    }

    get width() { return this.box.clientWidth; }
    xOf(ns) { return kGutter + ((ns - this.from) / (this.to - this.from)) * (this.width - kGutter); }
    timeAt(event) {
      const x = event.clientX - this.canvas.getBoundingClientRect().left;
      return this.from + ((x - kGutter) / (this.width - kGutter)) * (this.to - this.from);
    }

    show(from, to) {
      const span = Math.min(this.end, Math.max(to - from, this.end / 1e6, 1));
      this.from = Math.min(Math.max(0, from), this.end - span);
      this.to = this.from + span;
      this.tip.hidden = true;
      this.draw();
    }

    zoom(factor, centre = (this.from + this.to) / 2) {
      this.show(centre - (centre - this.from) * factor, centre + (this.to - centre) * factor);
    }

    draw() {
      if (!this.waiting) this.waiting = requestAnimationFrame(() => { this.waiting = 0; this.paint(); });
    }

    paint() {
      const style = getComputedStyle(document.documentElement), colour = (name) => style.getPropertyValue(`--${name}`).trim();
      const ratio = devicePixelRatio || 1, width = this.width, height = this.box.clientHeight, top = this.box.scrollTop;
      this.canvas.width = width * ratio;
      this.canvas.height = height * ratio;
      this.canvas.style.width = `${width}px`;
      this.canvas.style.height = `${height}px`;
      this.spacer.style.height = `${Math.max(0, this.height - height)}px`;
      const pen = this.pen = this.canvas.getContext("2d");
      pen.scale(ratio, ratio);
      pen.font = "12px system-ui, sans-serif";
      pen.textBaseline = "middle";
      const ink = colour("ink"), soft = colour("soft"), line = colour("line"), card = colour("card");
      for (const row of this.rows) {
        const y = row.y - top;
        if (y + kLane < kAxis || y > height) continue;
        this.paintLane(row.lane, y, width, line, card);
        pen.fillStyle = card;
        pen.fillRect(0, y - 1, kGutter - 2, kLane + 1);
        pen.fillStyle = row.heading ? ink : soft;
        const name = this.shortName(row.lane);
        if (row.heading) pen.fillText(row.heading, 6, y + kLane / 2);
        pen.fillStyle = soft;
        pen.textAlign = "right";
        pen.fillText(name, kGutter - 8, y + kLane / 2);
        pen.textAlign = "left";
      }
      this.paintAxis(width, height, soft, line, card);
    }

    shortName(lane) {
      if (lane.kind === "chip_link") return lane.name.replaceAll("chip ", "").replace(" to ", "→");
      if (lane.kind === "link") return lane.name.replace("link ", "").replace(" to ", "→");
      return {array: lane.name, digital: "digital", send: "send", receive: "receive", host_in: "in", host_out: "out", power: "power"}[lane.kind];
    }

    paintLane(lane, y, width, line, card) {
      const pen = this.pen;
      pen.fillStyle = line;
      pen.fillRect(kGutter, y + kLane - 2, width - kGutter, 0.5);
      // The first slice that is not over before the view begins.
      let low = 0, high = lane.count;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (lane.end[middle] < this.from) low = middle + 1;
        else high = middle;
      }
      for (let i = low; i < lane.count && lane.start[i] <= this.to; ++i) {
        const x = Math.max(kGutter, this.xOf(lane.start[i])), right = Math.min(width, this.xOf(lane.end[i]));
        const size = Math.max(0.6, right - x), length = lane.end[i] - lane.start[i];
        const fullness = lane.pieces(i) > 1 && length > 0 ? Math.min(1, lane.busy(i) / length) : 1;
        pen.fillStyle = lane.kind === "power" ? "#7d9c7a" : colourOf(lane.label(i));
        const tall = (kLane - 4) * Math.max(0.15, fullness);
        pen.fillRect(x, y + kLane - 3 - tall, size > 3 ? size - 0.6 : size, tall);
        if (size > 46 && fullness > 0.8) this.paintText(labels[lane.label(i)] ?? "several", x + 4, y + kLane / 2 - 0.5, size - 8, lane.kind === "power" ? "#111" : inkOn(lane.label(i)));
      }
    }

    paintText(text, x, y, room, colour) {
      const pen = this.pen;
      while (text.length > 2 && pen.measureText(text).width > room) text = `${text.slice(0, Math.max(1, Math.floor(text.length * 0.8) - 1))}…`;
      if (pen.measureText(text).width > room) return;
      pen.fillStyle = colour;
      pen.fillText(text, x, y);
    }

    paintAxis(width, height, soft, line, card) {
      const pen = this.pen, span = this.to - this.from;
      pen.fillStyle = card;
      pen.fillRect(0, 0, width, kAxis);
      const rough = span / Math.max(2, (width - kGutter) / 110), power = 10 ** Math.floor(Math.log10(rough));
      const step = [1, 2, 5, 10].map((k) => k * power).find((value) => value >= rough);
      pen.fillStyle = soft;
      for (let tick = Math.ceil(this.from / step) * step; tick <= this.to; tick += step) {
        const x = this.xOf(tick);
        pen.globalAlpha = 0.25;
        pen.fillRect(x, kAxis - 4, 0.7, height);
        pen.globalAlpha = 1;
        pen.textAlign = x > width - 50 ? "right" : x < kGutter + 20 ? "left" : "center";
        pen.fillText(this.tickText(tick, step), x, kAxis / 2 - 1);
      }
      pen.textAlign = "left";
      pen.fillStyle = line;
      pen.fillRect(0, kAxis - 0.5, width, 0.8);
    }

    // With as many decimals as the step needs.
    tickText(tick, step) {
      const [factor, unit] = this.to >= 1e9 ? [1e9, "s"] : this.to >= 1e6 ? [1e6, "ms"] : this.to >= 1e3 ? [1e3, "µs"] : [1, "ns"];
      return `${(tick / factor).toFixed(Math.max(0, -Math.floor(Math.log10(step / factor) + 1e-9)))} ${unit}`;
    }

    move(event) {
      if (this.drag) {
        const shift = ((this.drag.x - event.clientX) / (this.width - kGutter)) * (this.drag.to - this.drag.from);
        this.show(this.drag.from + shift, this.drag.to + shift);
        return;
      }
      const box = this.canvas.getBoundingClientRect(), y = event.clientY - box.top + this.box.scrollTop, at = this.timeAt(event);
      const row = event.clientY - box.top > kAxis && this.rows.find((candidate) => y >= candidate.y && y < candidate.y + kLane);
      const near = ((this.to - this.from) / this.width) * 2;
      let found = -1;
      if (row) for (let i = 0; i < row.lane.count && found < 0; ++i) if (row.lane.start[i] - near <= at && at <= row.lane.end[i] + near) found = i;
      this.tip.hidden = found < 0;
      if (found >= 0) this.describe(row.lane, found, event);
    }

    describe(lane, i, event) {
      const place = ["array", "digital", "send", "receive"].includes(lane.kind) ? `${placeOf(lane.chip, lane.core)}, ` : "";
      const lines = [`${place}${lane.name}`, `${time(lane.start[i])} to ${time(lane.end[i])}, for ${time(lane.end[i] - lane.start[i])}`];
      if (lane.pieces(i) > 1) lines.push(`${lane.pieces(i)} together, busy ${time(lane.busy(i))}`);
      this.tip.replaceChildren(make("b", {textContent: labels[lane.label(i)] ?? "several layers"}), ...lines.map((text) => make("div", {textContent: text})));
      const size = this.tip.getBoundingClientRect();
      this.tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - size.width - 8))}px`;
      this.tip.style.top = `${Math.max(4, event.clientY + 18 + size.height > innerHeight ? event.clientY - size.height - 10 : event.clientY + 18)}px`;
    }
  }

  startFloorplans();
  all(".sortable").forEach(startSorting);
  if (data.timeline.lanes.length) new Timeline(find("#timeline"));
  document.documentElement.dataset.ready = "true";
})();
