"use strict";
// The scene: a body and its fields over time, drawn with WebGL 2 and read by clicks. No library, no request.
// The whole mesh is in the page, so that it can be cut anywhere and its value read anywhere.
// The files mesh.js, drawing.js, view.js, words.js and this one stand in one function on the page. The parts of a scene (`viewOf` and so on)
// take the object `scene` and give functions that are added to it.

/** Mouse, pen, fingers and keys on the canvas. */
function hands(scene) {
  const {find, canvas, state, redraw, pick, valueAt, valueText, placeText, listed} = scene;
  function clicked(x, y) {
    const pin = pick(x, y);
    if (!pin) return;
    if (state.pins.length === COURSES.length) state.pins.shift();
    state.pins.push(pin);
    listed();
    redraw();
  }

  const down = new Map();
  let travelled = 0,
    gap = 0,
    hovering = false;
  const zoomed = factor => {
    state.zoom = Math.min(60, Math.max(0.3, state.zoom * factor));
    redraw();
  };
  const turnedBy = (a, e) => {
    state.azimuth += a;
    state.elevation = Math.max(-90, Math.min(90, state.elevation + e));
    redraw();
  };
  const shifted = (dx, dy) => {
    state.pan[0] += (2 * dx) / canvas.clientWidth;
    state.pan[1] -= (2 * dy) / canvas.clientHeight;
    redraw();
  };
  canvas.addEventListener("pointerdown", e => {
    canvas.setPointerCapture(e.pointerId);
    down.set(e.pointerId, [e.clientX, e.clientY]);
    if (down.size === 1) travelled = 0;
    gap = 0;
  });
  canvas.addEventListener("pointermove", e => {
    const last = down.get(e.pointerId);
    if (!last) return void (e.pointerType === "mouse" && hover(e));
    const dx = e.clientX - last[0],
      dy = e.clientY - last[1];
    down.set(e.pointerId, [e.clientX, e.clientY]);
    travelled += Math.abs(dx) + Math.abs(dy);
    if (down.size === 2) {
      // two fingers: their gap zooms, their middle shifts
      const [p, q] = [...down.values()],
        now = Math.hypot(p[0] - q[0], p[1] - q[1]);
      if (gap) zoomed(now / gap);
      gap = now;
      travelled += 10;
      shifted(dx / 2, dy / 2);
    } else if (e.buttons & 6 || e.shiftKey) shifted(dx, dy);
    else if (travelled > 4) turnedBy(-0.5 * dx, 0.5 * dy);
  });
  const up = e => {
    if (down.delete(e.pointerId) && !down.size && travelled <= 4 && e.type === "pointerup" && e.button === 0) {
      const frame = canvas.getBoundingClientRect();
      clicked(e.clientX - frame.left, e.clientY - frame.top);
    }
    gap = 0;
  };
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("contextmenu", e => e.preventDefault());
  canvas.addEventListener(
    "wheel",
    e => {
      // until it is clicked the page scrolls
      if (document.activeElement === canvas || e.ctrlKey) {
        e.preventDefault();
        zoomed(Math.exp(-0.0012 * e.deltaY));
      }
    },
    {passive: false},
  );
  canvas.addEventListener("keydown", e => {
    const step = {ArrowLeft: [5, 0], ArrowRight: [-5, 0], ArrowUp: [0, 5], ArrowDown: [0, -5]}[e.key],
      middleX = (canvas.clientWidth - BAR) / 2;
    if (step) turnedBy(...step);
    else if (e.key === "+") zoomed(1.15);
    else if (e.key === "-") zoomed(1 / 1.15);
    else if (e.key === "Enter") clicked(middleX, canvas.clientHeight / 2);
    else return;
    e.preventDefault();
  });
  function hover(e) {
    if (hovering) return;
    hovering = true;
    setTimeout(() => {
      hovering = false;
      const frame = canvas.getBoundingClientRect(),
        pin = pick(e.clientX - frame.left, e.clientY - frame.top);
      find(".under").textContent = pin ? `${valueText(valueAt(pin))}, ${placeText(pin)}` : "";
    }, 50);
  }
  canvas.addEventListener("pointerleave", () => {
    find(".under").textContent = "";
  });
  canvas.addEventListener("webglcontextlost", e => {
    e.preventDefault();
    scene.stop("The graphics of this computer gave up; load the page again.");
  });
}

/** The controls below the picture. */
function controls(scene) {
  const {figure, find, head, mesh, state, courses, field, frames, around, axes, fit, rebuild, move, redraw, listed, said, timed} = scene;
  const on = (name, event, act) => {
    const element = find(name);
    if (element) element.addEventListener(event, () => act(element));
  };
  const slider = find(".slider"),
    fine = 10; // steps of the slider between frames
  slider.max = (head.times.length - 1) * fine;
  slider.value = state.moment * fine;
  slider.disabled = find(".play").disabled = head.times.length < 2;
  const momentIs = moment => {
    state.moment = moment;
    timed();
    listed();
    redraw();
  };
  on(".slider", "input", x => momentIs(x.value / fine));
  on(".play", "click", button => {
    if (state.playing) {
      state.playing = 0;
      button.textContent = "Play";
      return;
    }
    const mine = (state.playing = Math.random()),
      last = head.times.length - 1,
      speed = Math.max(2, last / 8); // frames a second
    if (state.moment >= last) state.moment = 0;
    button.textContent = "Stop";
    let before = performance.now();
    const go = now => {
      if (state.playing !== mine) return;
      momentIs(Math.min(last, state.moment + (Math.max(0, now - before) / 1000) * speed));
      before = now;
      slider.value = state.moment * fine;
      if (state.moment < last) requestAnimationFrame(go);
      else {
        state.playing = 0;
        button.textContent = "Play";
      }
    };
    requestAnimationFrame(go);
  });
  const cutChanged = () => {
    rebuild();
    said();
  };
  on(".cut", "input", x => {
    state.cut = +x.value;
    if (state.cut) {
      state.side = axes()[2][state.cut - 1] > 0 ? 1 : -1;
      find(".other").checked = false;
    } // what is nearer to the viewer goes
    find(".level").disabled = !state.cut || !!head.cuts;
    find(".other").disabled = !state.cut;
    cutChanged();
  });
  on(".level", "input", x => {
    state.level = x.value / 1000;
    cutChanged();
  });
  on(".other", "input", () => {
    state.side = -state.side;
    cutChanged();
  });
  on(".apart", "input", x => {
    const was = state.apart > 0;
    state.apart = x.value / 100;
    move();
    if (was !== state.apart > 0) rebuild();
    said();
  });
  const stretch = () => {
    const times = +find(".times").value;
    if (times >= 0.01 && times <= 10000) {
      state.stretched = +find(".stretched").value;
      state.stretch = times;
      move();
      said();
    }
  };
  on(".stretched", "input", stretch);
  on(".times", "input", stretch);
  const asLines = new Map(), // what is typed for the line, by field
    lineIs = () => {
      const typed = find(".line").value;
      return typed === "" || !isFinite(typed) ? null : +typed;
    };
  on(".line", "input", () => {
    state.line = lineIs();
    said();
    redraw();
  });
  const ranged = range => {
    // of colours
    [state.range[0], state.range[1]] = range;
    find(".low").value = +range[0].toPrecision(6);
    find(".high").value = +range[1].toPrecision(6);
    said();
    redraw();
  };
  const typed = () => {
    const a = +find(".low").value,
      b = +find(".high").value;
    if (b > a) {
      state.range = [a, b];
      said();
      redraw();
    }
  };
  on(".low", "input", typed);
  on(".high", "input", typed);
  on(".all", "click", () => ranged(field().range.slice()));
  on(".now", "click", () => {
    // of what is shown at this moment
    let low = Infinity,
      high = -Infinity;
    const [k, next, share] = around(),
      f = frames(),
      n = mesh.corners;
    for (let c = 0; c < mesh.region.length; c++)
      if (state.shown[mesh.region[c]])
        for (let j = 0; j < n; j++) {
          const v = mesh.cells[c * n + j] % mesh.values,
            x = f[k][v] * (1 - share) + f[next][v] * share;
          if (x < low && x > -1e20) low = x;
          if (x > high) high = x;
        }
    if (low <= high) ranged([low, Math.max(high, low + (field().step || 1))]);
  });
  on(".quantity", "input", async x => {
    const asked = +x.value,
      f = head.fields[asked];
    if (!courses.has(asked)) courses.set(asked, await readField(f, mesh.values));
    asLines.set(state.field, find(".line").value);
    state.field = asked;
    find(".line").value = asLines.get(asked) ?? ""; // each field keeps its own
    find(".line-unit").textContent = f.unit;
    state.line = lineIs();
    ranged(f.range.slice());
    find(".exact").textContent = f.exact;
    listed();
  });
  const boxes = [...figure.querySelectorAll(".regions input")];
  const shownIs = () => {
    boxes.forEach((box, i) => {
      state.shown[i] = box.checked;
    });
    rebuild();
    said();
  };
  boxes.forEach(box => box.addEventListener("input", shownIs));
  for (const [name, value] of [
    [".every", true],
    [".none", false],
  ])
    on(name, "click", () => {
      boxes.forEach(box => {
        box.checked = value;
      });
      shownIs();
    });
  on(".again", "click", () => {
    Object.assign(state, scene.home, {zoom: 1, pan: [0, 0]});
    fit();
  });
  on(".whole", "click", () => {
    Object.assign(state, {zoom: 1, pan: [0, 0]});
    fit();
  });

  state.line = lineIs();
  find(".stretched").value = state.stretched;
  find(".times").value = state.stretch;
  find(".exact").textContent = field().exact;
  ranged(state.range.slice());
}

async function start(figure) {
  const find = name => figure.querySelector(name),
    canvas = find("canvas");
  const stop = why => {
    figure.classList.remove("on");
    find(".why").textContent = why;
  };
  const gl = window.DecompressionStream && canvas.getContext("webgl2", {antialias: true, preserveDrawingBuffer: true});
  if (!gl) return stop("This browser cannot draw the scene in 3-D, for which it needs WebGL 2. The picture stands in for it.");
  const head = JSON.parse(document.getElementById(figure.id + "-data").textContent),
    flat = await readMesh(head),
    mesh = head.axisymmetric ? turned(flat) : flat,
    plane = FACES[mesh.kind].length === 1 && !mesh.sheet; // seen from above
  const twin = neighbours(mesh),
    seen = skin(mesh, twin),
    nRegions = head.regions.length,
    edges = outlines(mesh, seen),
    body = sizes(mesh, seen, edges, nRegions);
  const letters = head.axisymmetric ? ["r", "z"] : plane ? ["x", "y"] : ["x", "y", "z"];
  const home = plane ? {azimuth: -90, elevation: 90} : {azimuth: head.axisymmetric ? -45 : -55, elevation: 22};
  const state = {
    ...home,
    zoom: 1,
    pan: [0, 0],
    fit: 1,
    moment: head.start,
    field: 0,
    shown: Array(nRegions).fill(true),
    cut: 0,
    level: 0.5,
    side: 1,
    apart: 0,
    stretched: head.stretch[0],
    stretch: head.stretch[1],
    line: null,
    range: head.fields[0].range.slice(),
    pins: [],
    playing: 0,
  };
  const courses = new Map([[0, await readField(head.fields[0], mesh.values)]]), // frames of the fields that have been looked at
    field = () => head.fields[state.field],
    frames = () => courses.get(state.field);
  figure.classList.add("on"); // from here on the canvas has a size
  const scene = {figure, find, canvas, stop, gl, head, mesh, twin, seen, edges, body, letters, home, state, courses, field, frames};
  for (const part of [viewOf, painterOf, readerOf, writerOf]) Object.assign(scene, part(scene));
  hands(scene);
  controls(scene);
  const {rebuild, move, timed, listed, fit, paint} = scene;
  rebuild();
  move();
  timed();
  listed();
  new ResizeObserver(() => {
    fit();
    listed();
  }).observe(canvas);
  paint();
  figure.dataset.ready = "yes";
}

for (const figure of document.querySelectorAll("figure.scene"))
  start(figure).catch(error => {
    figure.classList.remove("on");
    figure.querySelector(".why").textContent = `The scene cannot be drawn: ${error.message}. The picture stands in for it.`;
  });
