"use strict";
// Numbers and words of the scene, over the picture and below it.

function timeText(seconds) {
  if (!seconds) return "0 s";
  for (const [unit, size] of [
    ["h", 3600],
    ["min", 60],
    ["s", 1],
    ["ms", 1e-3],
    ["µs", 1e-6],
  ])
    if (Math.abs(seconds) >= size * (size > 1 ? 2 : 1) * (1 - 1e-9)) return `${+(seconds / size).toPrecision(4)} ${unit}`;
  return `${+(seconds / 1e-9).toPrecision(4)} ns`;
}

/** A number with as many digits as its step has: 348.2 for steps of 0.2. */
function withStep(value, step) {
  if (Math.abs(value) >= 1e5 || (step < 1e-5 && step > 0)) return value.toExponential(3);
  return value.toFixed(Math.max(0, Math.min(6, -Math.floor(Math.log10(step) + 1e-9))));
}

/** Round numbers between two, about so many. */
function ticks(low, high, about) {
  const span = high - low,
    power = 10 ** Math.floor(Math.log10(span / about));
  const step = [1, 2, 2.5, 5, 10].map(k => k * power).find(k => k >= (span / about) * (1 - 1e-9)),
    found = [];
  for (let i = Math.ceil(low / step - 1e-6); i * step <= high + 1e-6 * span; i++) found.push(+(i * step).toPrecision(10));
  return found;
}

/** An element of a drawing with attributes; text is set as text, so that no name can become markup. */
function draw(parent, name, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  if (text !== undefined) made.textContent = text;
  return parent.appendChild(made);
}

/** What is written: over the picture and below it. */
function writerOf(scene) {
  const {
    figure,
    find,
    head,
    state,
    body,
    canvas,
    letters,
    colours,
    field,
    frames,
    around,
    cutAt,
    cutPlane,
    onScreen,
    redraw,
    valueAt,
    placeOf,
    lengthText,
    unitOf,
    valueText,
    placeText,
  } = scene;
  const over = find(".over");

  /** Over the picture: colour bar, scale, directions, clicked places. */
  function written(c) {
    const W = canvas.clientWidth,
      H = canvas.clientHeight,
      dark = "#1a1a1a";
    over.replaceChildren();
    over.setAttribute("viewBox", `0 0 ${W} ${H}`);
    const ramp = draw(draw(over, "defs", {}), "linearGradient", {id: figure.id + "-ramp", x1: 0, x2: 0, y1: 1, y2: 0});
    for (let i = 0; i <= 16; i++) {
      const k = 3 * Math.round((255 * i) / 16);
      draw(ramp, "stop", {offset: i / 16, "stop-color": `rgb(${colours[k]},${colours[k + 1]},${colours[k + 2]})`});
    }
    const x = W - BAR + 22,
      top = 44,
      high = H - top - 34,
      [low, most] = state.range,
      at = v => top + high * (1 - (v - low) / (most - low));
    draw(over, "text", {x: W - 10, y: 20, "text-anchor": "end", class: "halo"}, field().unit || "share");
    draw(over, "rect", {x, y: top, width: 14, height: high, fill: `url(#${figure.id}-ramp)`, stroke: "#555"});
    for (const v of ticks(low, most, high / 48)) {
      draw(over, "line", {x1: x + 14, x2: x + 18, y1: at(v), y2: at(v), stroke: "#555"});
      draw(over, "text", {x: x + 21, y: at(v) + 4}, Math.abs(v) >= 1e5 ? v.toExponential(1) : String(v));
    }
    if (field().least < low - 1e-4 * (most - low))
      draw(over, "rect", {x, y: top + high + 3, width: 14, height: 9, fill: "#b8b8b8", stroke: "#555"});
    if (field().most > most + 1e-4 * (most - low))
      draw(over, "rect", {x, y: top - 12, width: 14, height: 9, fill: "#a8d9f5", stroke: "#555"});
    if (state.line !== null && state.line >= low && state.line <= most)
      (draw(over, "path", {d: `M${x - 3} ${at(state.line)}h20`, stroke: "#fff", "stroke-width": 3}),
        draw(over, "path", {d: `M${x - 7} ${at(state.line) - 4}l6 4l-6 4z`, fill: dark}));
    // a length that is a round number; it holds along directions that are not stretched
    const most_long = Math.min(130, 0.3 * W) * c.pixel,
      power = 10 ** Math.floor(Math.log10(most_long));
    const length = [5, 2, 1].find(k => k * power <= most_long) * power;
    draw(over, "path", {d: `M14 ${H - 20}v6h${length / c.pixel}v-6`, fill: "none", stroke: dark, "stroke-width": 1.5});
    draw(over, "text", {x: 20, y: H - 19, class: "halo"}, `${+length.toPrecision(3)} ${head.unit}`);
    const names = head.axisymmetric ? ["", "", "z"] : letters,
      mid = [14 + length / c.pixel + 52, H - 19];
    names.forEach((name, i) => {
      const [dx, dy] = [18 * c.turn[0][i], -18 * c.turn[1][i]],
        colour = ["#b00020", "#00701a", "#0047ab"][i];
      if (!name || Math.hypot(dx, dy) < 3) return;
      draw(over, "line", {x1: mid[0], y1: mid[1], x2: mid[0] + dx, y2: mid[1] + dy, stroke: colour, "stroke-width": 2});
      draw(over, "text", {x: mid[0] + 1.5 * dx, y: mid[1] + 1.5 * dy + 4, fill: colour, "text-anchor": "middle", class: "halo"}, name);
    });
    const cut = cutPlane(),
      taken = []; // boxes of the labels so far
    state.pins.forEach((pin, i) => {
      if (!state.shown[pin.region] || dot(pin.place, cut) > cut[3] + 1e-4 * body.size) return;
      const [px, py] = onScreen(c, pin.place, pin.part),
        text = `${i + 1}: ${valueText(valueAt(pin))}`,
        wide = 8 * text.length;
      const places = [
        [9, -7],
        [-9 - wide, -7],
        [9, 19],
        [-9 - wide, 19],
      ].map(([dx, dy]) => [px + dx, py + dy]);
      const free = ([x, y]) =>
        x > 0 && x + wide < W - BAR + 20 && taken.every(([p, q, w]) => x + wide < p || x > p + w || Math.abs(y - q) > 15);
      const [x, y] = places.find(free) || places[0];
      taken.push([x, y, wide]);
      draw(over, "circle", {cx: px, cy: py, r: 5, fill: "#fff", stroke: COURSES[i % COURSES.length], "stroke-width": 2.5});
      draw(over, "text", {x: x < px ? x + wide : x, y, class: "halo strong", "text-anchor": x < px ? "end" : "start"}, text);
    });
  }

  /** The clicked places as a list with values. */
  function listed() {
    const list = find(".pins"),
      f = frames();
    list.replaceChildren(
      ...state.pins.map((pin, i) => {
        const row = document.createElement("li"),
          all = f.map((_, k) => valueAt(pin, k)),
          now = valueAt(pin),
          mark = document.createElement("b");
        mark.textContent = valueText(now);
        mark.style.color = COURSES[i % COURSES.length];
        const ends =
          f.length > 1 && !isNaN(now) ? `, from ${valueText(Math.min(...all))} to ${valueText(Math.max(...all))} over all times ` : " ";
        row.append(`${placeText(pin)}: `, mark, ends);
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = "remove";
        button.setAttribute("aria-label", `remove place ${i + 1}`);
        button.addEventListener("click", () => {
          state.pins.splice(i, 1);
          listed();
          redraw();
        });
        row.append(button);
        row.dataset.value = now;
        row.dataset.place = placeOf(pin).join(" ");
        row.dataset.region = pin.region;
        return row;
      }),
    );
    charted();
  }

  /** Their courses over the frames. */
  function charted() {
    const course = find(".course"),
      f = frames();
    course.replaceChildren();
    course.toggleAttribute("hidden", !state.pins.length || f.length < 2);
    if (course.hasAttribute("hidden")) return;
    const W = course.clientWidth || 600,
      H = 150,
      left = 52,
      right = W - 12,
      bottom = H - 24,
      top = 10,
      last = f.length - 1;
    course.setAttribute("viewBox", `0 0 ${W} ${H}`);
    const all = state.pins.map(pin => f.map((_, k) => valueAt(pin, k))),
      values = all.flat().filter(isFinite);
    if (!values.length) return;
    let low = Math.min(...values),
      high = Math.max(...values);
    if (high - low < 2 * field().step) [low, high] = [low - 2 * (field().step || 1), high + 2 * (field().step || 1)];
    const x = k => left + ((right - left) * k) / last,
      y = v => bottom - ((bottom - top) * (v - low)) / (high - low);
    for (const v of ticks(low, high, 4)) {
      draw(course, "line", {x1: left, x2: right, y1: y(v), y2: y(v), stroke: "#ddd"});
      draw(course, "text", {x: left - 6, y: y(v) + 4, "text-anchor": "end"}, String(v));
    }
    const every = Math.max(1, Math.ceil(last / ((right - left) / 90)));
    for (let k = 0; k <= last - every; k += every)
      draw(course, "text", {x: x(k), y: H - 7, "text-anchor": k === 0 ? "start" : "middle"}, timeText(head.times[k]));
    draw(course, "text", {x: right, y: H - 7, "text-anchor": "end"}, timeText(head.times[last]));
    draw(course, "line", {x1: x(state.moment), x2: x(state.moment), y1: top, y2: bottom, stroke: "#888"});
    all.forEach(
      (row, i) =>
        isFinite(row[0]) &&
        draw(course, "polyline", {
          points: row.map((v, k) => `${x(k).toFixed(1)},${y(v).toFixed(1)}`).join(" "),
          fill: "none",
          stroke: COURSES[i % COURSES.length],
          "stroke-width": 2,
        }),
    );
  }

  /** What has been done to the picture, in words. */
  function said() {
    const words = [],
      cut = cutAt(),
      round = x => +x.toPrecision(3);
    if (cut)
      words.push(
        `Cut at ${"xyz"[cut[0]]} = ${lengthText(cut[1])} ${head.unit}; what lies at ${cut[2] > 0 ? "larger" : "smaller"} ${"xyz"[cut[0]]} is taken away.`,
      );
    if (state.apart > 0)
      words.push(`The regions are moved apart by ${round(state.apart)} times the distance of their centres from the middle.`);
    if (state.apart > 0 && body.opens.some((plane, r) => plane && state.shown[r]))
      words.push("A region around others opens in two halves.");
    if (state.stretch !== 1) words.push(`${"xyz"[state.stretched]} is drawn ${round(state.stretch)} times as long as it is.`);
    if (state.shown.includes(false)) {
      const n = state.shown.filter(x => !x).length;
      words.push(`${n} of ${head.regions.length} regions ${n === 1 ? "is" : "are"} hidden.`);
    }
    const [low, high] = state.range,
      slack = 1e-4 * (high - low);
    if (field().most > high + slack) words.push(`Values above ${round(high)}${unitOf(field())} are pale blue.`);
    if (field().least < low - slack) words.push(`Values below ${round(low)}${unitOf(field())} are grey.`);
    if (field().partly) words.push(`${field().name[0].toUpperCase()}${field().name.slice(1)} has no value in the pale grey parts.`);
    if (state.line !== null)
      words.push(
        state.line >= field().least && state.line <= field().most
          ? `The white line is where the ${field().name} is ${state.line}${unitOf(field())}.`
          : `The ${field().name} is nowhere ${state.line}${unitOf(field())}.`,
      );
    find(".said").textContent = words.join(" ");
  }

  /** The time below the picture. */
  function timed() {
    const [k, next, share] = around(),
      stored = share < 1e-6 || k === next;
    const moment = head.times[k] + (head.times[next] - head.times[k]) * share;
    find(".time").textContent = head.steady ? "steady state" : timeText(moment) + (stored ? "" : " (between frames)");
    find(".slider").setAttribute("aria-valuetext", timeText(moment));
  }
  return {written, listed, said, timed};
}
