"use strict";
// Reads every curve of a chart at the pointer. Numbers stand in the JSON of the figure, the box of the axes in data-box.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const add = (parent, name, attributes, text) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    parent.append(made);
  };
  // The value of a curve at x, in a straight line between its points; null beyond its ends.
  const at = (curve, x) => {
    const n = curve.x.length;
    if (!n || x < curve.x[0] || x > curve.x[n - 1]) return null;
    let low = 0, high = n - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (curve.x[middle] <= x) low = middle; else high = middle;
    }
    const span = curve.x[high] - curve.x[low];
    return curve.y[low] + (curve.y[high] - curve.y[low]) * (span > 0 ? (x - curve.x[low]) / span : 1);
  };
  const number = value => Math.abs(value) >= 1e4 || (value !== 0 && Math.abs(value) < 1e-2) ? value.toExponential(2) : value.toPrecision(4);

  function arm(figure) {
    const data = JSON.parse(figure.querySelector("script").textContent);
    if (data.dots) return;  // between dots there is nothing to be read
    for (const svg of figure.querySelectorAll("svg[data-box]")) {
      const tip = svg.querySelector(".tip");
      const [left, right, bottom, top] = svg.dataset.box.split(" ").map(Number);
      const read = event => {
        tip.replaceChildren();
        const frame = svg.getBoundingClientRect();
        const X = (event.clientX - frame.left) * svg.viewBox.baseVal.width / frame.width;
        if (X < left || X > right) return;
        const x = data.x[0] + (data.x[1] - data.x[0]) * (X - left) / (right - left);
        add(tip, "line", {x1: X, x2: X, y1: top, y2: bottom, stroke: "#999"});
        const back = X > (left + right) / 2;
        const words = {x: X + (back ? -8 : 8), "text-anchor": back ? "end" : "start", class: "halo"};
        if (data.plain) add(tip, "text", {...words, y: top + 12}, `${number(x)} ${data.xu}`);
        let line = 0;
        for (const curve of data.s) {
          const value = at(curve, x);
          if (value === null || line > 11) continue;
          if (value >= data.y[0] && value <= data.y[1]) {
            const Y = bottom + (top - bottom) * (value - data.y[0]) / (data.y[1] - data.y[0]);
            add(tip, "circle", {cx: X, cy: Y, r: 3.5, fill: curve.c});
          }
          line += 1;
          const shown = number(data.log ? 10 ** value : value);
          add(tip, "text", {...words, y: top + 12 + 15 * line, fill: curve.c}, `${curve.n}: ${shown} ${data.yu}`);
        }
      };
      svg.addEventListener("pointermove", read);
      svg.addEventListener("pointerdown", read);
      svg.addEventListener("pointerleave", () => tip.replaceChildren());
    }
  }
  document.querySelectorAll("figure.chart:not(.bare)").forEach(arm);
  // A printed page shows what is folded on the screen.
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(fold => { fold.open = true; }));
})();
