"use strict";
// How the scene is seen, drawn and read.

const COURSES = ["#0072b2", "#d55e00", "#009e73", "#aa4499", "#e69f00", "#000000"];
const BAR = 92,
  GAP = {left: 16, right: 8, top: 34, bottom: 46}; // pixels beside the body: colour bar, words, scale

/** How the body is seen: cut, moved apart, stretched, and turned before the camera. */
function viewOf(scene) {
  const {head, mesh, state, body, canvas} = scene;
  const reaches = new Map(); // least and largest coordinate of each cell along an axis
  function reach(axis) {
    if (!reaches.has(axis)) {
      const low = new Float32Array(mesh.region.length),
        high = new Float32Array(mesh.region.length);
      for (let c = 0; c < low.length; c++) {
        let a = Infinity,
          b = -Infinity;
        for (let j = 0; j < mesh.corners; j++) {
          const x = mesh.points[3 * mesh.cells[c * mesh.corners + j] + axis];
          if (x < a) a = x;
          if (x > b) b = x;
        }
        low[c] = a;
        high[c] = b;
      }
      reaches.set(axis, {low, high});
    }
    return reaches.get(axis);
  }
  function cutAt() {
    if (!state.cut) return null;
    const axis = state.cut - 1; // a little off round places, where faces of cells lie
    const level = head.cuts ? head.cuts.levels[axis] : body.low[axis] + body.extent[axis] * (0.0002 + 0.9996 * state.level + 1.7e-6);
    return [axis, level, state.side];
  }
  function slack(axis) {
    return 4e-6 * body.extent[axis] + 5e-7 * Math.max(Math.abs(body.low[axis]), Math.abs(body.high[axis]));
  }
  const beside = axis => [0, 1, 2].map(a => (a === axis ? 1 : 0));
  const cutPlane = () => {
    const c = cutAt();
    return c ? [...beside(c[0]).map(x => x * c[2]), c[2] * c[1] + slack(c[0])] : [0, 0, 0, 1e30];
  };
  const stretches = () => beside(state.stretched).map(x => (x ? state.stretch : 1));
  let apart = movedApart(body, 0, body.opens);
  const nRegions = body.centre.length;
  /** Take the share by which regions are apart from the state. */
  function spread() {
    apart = movedApart(body, state.apart, body.opens);
  }
  const shiftOf = part => {
    const s = stretches();
    return apart.shifts[part].map((x, a) => x * s[a]);
  };
  /** What a part is of its region: [axis, place, side], of which all beyond is the other half's; a side of 0 where it is the whole. */
  const halfOf = part => {
    const plane = state.apart > 0 ? body.opens[part % nRegions] : null,
      side = part < nRegions ? 1 : -1;
    return plane ? [plane[0], plane[1] + side * slack(plane[0]), side] : [0, 0, 0];
  };

  // the camera: parallel light, z upwards; rows of `turn` point right, up and to the viewer
  function axes() {
    const a = (state.azimuth * Math.PI) / 180,
      e = (state.elevation * Math.PI) / 180;
    return [
      [-Math.sin(a), Math.cos(a), 0],
      [-Math.sin(e) * Math.cos(a), -Math.sin(e) * Math.sin(a), Math.cos(e)],
      [Math.cos(e) * Math.cos(a), Math.cos(e) * Math.sin(a), Math.sin(e)],
    ];
  }
  function room() {
    return {
      wide: Math.max(40, canvas.clientWidth - BAR - GAP.left - GAP.right),
      high: Math.max(40, canvas.clientHeight - GAP.top - GAP.bottom),
    };
  }
  let offCentre = [0, 0];
  function fit() {
    // the present view of the whole body fills the room; while it turns the scale stays
    const t = axes(),
      s = stretches(),
      moved = apart.shifts.map((_, k) => shiftOf(k)),
      low = [Infinity, Infinity],
      high = [-Infinity, -Infinity];
    for (let i = 0; i < body.outerPart.length; i++) {
      const p = [0, 1, 2].map(a => (body.outer[3 * i + a] - body.middle[a]) * s[a] + moved[body.outerPart[i]][a]);
      for (let k = 0; k < 2; k++) {
        const x = dot(t[k], p);
        if (x < low[k]) low[k] = x;
        if (x > high[k]) high[k] = x;
      }
    }
    const {wide, high: tall} = room();
    state.fit = Math.max((high[0] - low[0]) / wide, (high[1] - low[1]) / tall) || body.size / wide; // length of a pixel at zoom 1
    offCentre = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
    scene.redraw();
  }
  function camera() {
    const pixel = state.fit / state.zoom,
      W = canvas.clientWidth,
      H = canvas.clientHeight,
      t = axes();
    const scale = [2 / (pixel * W), 2 / (pixel * H), -0.45 / (apart.radius * Math.max(1, state.stretch))];
    const shift = [(GAP.left - BAR - GAP.right) / W - offCentre[0] * scale[0], (GAP.bottom - GAP.top) / H - offCentre[1] * scale[1]];
    return {
      turn: t,
      scale,
      shift: [shift[0] + state.pan[0], shift[1] + state.pan[1]],
      pixel,
      middle: body.middle.map((x, a) => x * stretches()[a]),
    };
  }
  function onScreen(camera, place, part) {
    // pixels from the upper left corner, and depth
    const s = stretches(),
      shift = shiftOf(part),
      p = place.map((x, a) => x * s[a] + shift[a] - camera.middle[a]);
    const q = camera.turn.map((row, k) => dot(row, p) * camera.scale[k] + (camera.shift[k] || 0));
    return [((q[0] + 1) / 2) * canvas.clientWidth, ((1 - q[1]) / 2) * canvas.clientHeight, q[2]];
  }

  /** The two frames around the moment and the share of the later one. */
  function around(moment = state.moment) {
    const last = head.times.length - 1,
      k = Math.min(Math.floor(moment), last),
      next = Math.min(k + 1, last);
    return [k, next, moment - k];
  }
  return {reach, cutAt, cutPlane, stretches, spread, shiftOf, halfOf, axes, fit, camera, onScreen, around};
}

/** What puts the scene on the canvas. `scene.drawn` holds the triangles and lines of what is shown. */
function painterOf(scene) {
  const {gl, head, mesh, twin, seen, edges, state, body, canvas, frames, reach, cutAt, cutPlane, stretches, spread, shiftOf, halfOf, fit} = scene,
    {camera, around} = scene,
    nParts = 2 * body.centre.length;
  const colours = Uint8Array.from(atob(head.colours), letter => letter.charCodeAt(0));
  const face = program(gl, FACE),
    outline = program(gl, OUTLINE),
    contours = program(gl, CONTOUR);
  texture(gl, 0, mesh.points, 3);
  gl.activeTexture(gl.TEXTURE4);
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB8, 256, 1, 0, gl.RGB, gl.UNSIGNED_BYTE, colours);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
  for (const way of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, way, gl.CLAMP_TO_EDGE);
  const buffers = [gl.createBuffer(), gl.createBuffer(), gl.createBuffer()];
  let held = "",
    values = [null, null],
    shifts = null,
    asked = false;

  function rebuild() {
    const drawn = geometry(mesh, twin, seen, edges, state.shown, state.apart > 0 ? body.opens : null, cutAt(), reach);
    [drawn.triangles, drawn.lines].forEach((records, i) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, buffers[i]);
      gl.bufferData(gl.ARRAY_BUFFER, records.data, gl.DYNAMIC_DRAW);
    });
    scene.drawn = drawn;
    redraw();
  }
  function move() {
    // regions have moved or been stretched
    spread();
    const all = [...Array(nParts).keys()];
    shifts = texture(gl, 3, Float32Array.from([...all.flatMap(shiftOf), ...all.flatMap(halfOf)]), 3, shifts);
    fit();
  }

  function redraw() {
    if (!asked) {
      asked = true;
      requestAnimationFrame(paint);
    }
  }
  function paint() {
    asked = false;
    const sharp = Math.min(window.devicePixelRatio || 1, 2),
      W = Math.round(canvas.clientWidth * sharp),
      H = Math.round(canvas.clientHeight * sharp);
    const drawn = scene.drawn;
    if (!W || !H || !drawn) return;
    if (canvas.width !== W || canvas.height !== H) {
      canvas.width = W;
      canvas.height = H;
    }
    const [k, next, share] = around(),
      key = `${state.field} ${k}`;
    if (key !== held) {
      values = [texture(gl, 1, frames()[k], 1, values[0]), texture(gl, 2, frames()[next], 1, values[1])];
      held = key;
    }
    gl.viewport(0, 0, W, H);
    gl.clearColor(1, 1, 1, 1);
    gl.enable(gl.DEPTH_TEST);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    const c = camera();
    for (const {made, places} of [face, outline, contours]) {
      gl.useProgram(made); // a place that a program lacks is null, which is let be
      ["nodes", "before", "after", "shifts", "colours"].forEach((name, i) => gl.uniform1i(places[name] ?? null, i));
      gl.uniform1i(places.values ?? null, mesh.values);
      gl.uniform1i(places.parts ?? null, nParts);
      gl.uniform1f(places.between ?? null, share);
      gl.uniformMatrix3fv(places.turn, true, c.turn.flat());
      gl.uniform3fv(places.stretch, stretches());
      gl.uniform3fv(places.middle, c.middle);
      gl.uniform3fv(places.scale, c.scale);
      gl.uniform2fv(places.shift, c.shift);
      gl.uniform4fv(places.plane, cutPlane());
      gl.uniform2f(places.pixels ?? null, W / 2, H / 2);
    }
    gl.useProgram(face.made);
    gl.uniform2fv(face.places.range, state.range);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[0]);
    attribute(0, 2, true, 16, 0, 0);
    attribute(1, 2, false, 16, 8, 0);
    gl.disableVertexAttribArray(2);
    gl.enable(gl.POLYGON_OFFSET_FILL);
    gl.polygonOffset(1, 1); // lines lie in the surface, and are drawn before it
    gl.drawArrays(gl.TRIANGLES, 0, drawn.triangles.length / 4);
    gl.disable(gl.POLYGON_OFFSET_FILL);
    const strokes = ({places}, number, width, ink, lift) => {
      gl.uniform1f(places.width, width * sharp);
      gl.uniform3fv(places.ink, ink);
      gl.uniform1f(places.lift, -lift * c.pixel * c.scale[2]);
      gl.drawArraysInstanced(gl.TRIANGLES, 0, 6, number);
    };
    gl.useProgram(outline.made);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[1]);
    attribute(0, 2, true, 28, 0, 1);
    attribute(1, 2, true, 28, 8, 1);
    attribute(2, 3, false, 28, 16, 1);
    strokes(outline, drawn.lines.length / 7, 0.8, [0.467, 0.467, 0.467], 2.5);
    const drawSegments = (segments, ...pens) => {
      // each a place, another one and the part with which they move
      gl.useProgram(contours.made);
      gl.bindBuffer(gl.ARRAY_BUFFER, buffers[2]);
      gl.bufferData(gl.ARRAY_BUFFER, segments, gl.DYNAMIC_DRAW);
      attribute(0, 3, false, 28, 0, 1);
      attribute(1, 3, false, 28, 12, 1);
      attribute(2, 1, false, 28, 24, 1);
      gl.depthMask(false); // only the body hides them: else the black ends of a segment hide the white of the next
      for (const [width, ink] of pens) strokes(contours, segments.length / 7, width, ink, 3);
      gl.depthMask(true);
    };
    if (state.line !== null) {
      const [f, g] = [frames()[k], frames()[next]];
      const segments = contour(mesh, drawn, state.line, v => {
        const i = v % mesh.values;
        return f[i] * (1 - share) + g[i] * share;
      });
      drawSegments(segments, [2.2, [0, 0, 0]], [1.1, [1, 1, 1]]);
    }
    const patches = head.patches.filter((_, i) => state.shown[head.patches[i - (i % 7) + 6]]);
    const both = patches.map((x, i) => (i % 7 === 6 ? x + body.centre.length : x)); // on the other halves, where there are any
    if (patches.length) drawSegments(Float32Array.from(state.apart > 0 ? [...patches, ...both] : patches), [1.5, [0, 0.784, 1]]);
    scene.written(c);
  }
  function attribute(place, size, whole, stride, offset, divisor) {
    gl.enableVertexAttribArray(place);
    gl.vertexAttribDivisor(place, divisor);
    if (whole) gl.vertexAttribIPointer(place, size, gl.UNSIGNED_INT, stride, offset);
    else gl.vertexAttribPointer(place, size, gl.FLOAT, false, stride, offset);
  }

  return {colours, rebuild, move, redraw, paint};
}

/** What is at a place of the picture, in numbers and in words. */
function readerOf(scene) {
  const {head, mesh, state, body, canvas, letters, field, frames, cutPlane, stretches, shiftOf, halfOf, camera, around} = scene,
    parts = [...Array(2 * body.centre.length).keys()];
  function pick(x, y) {
    // the nearest triangle below a place of the canvas, in pixels
    const c = camera(),
      {drawn} = scene,
      {words, floats} = drawn.triangles,
      s = stretches(),
      shift = parts.map(shiftOf),
      half = parts.map(halfOf);
    const X = (2 * x) / canvas.clientWidth - 1,
      Y = 1 - (2 * y) / canvas.clientHeight,
      plane = cutPlane();
    const p = new Float64Array(9),
      q = new Float64Array(9),
      rows = c.turn.map((row, k) => row.map(r => r * c.scale[k]));
    let best = Infinity,
      found = null;
    for (let i = 0; i < drawn.owner.length; i++) {
      for (let k = 0; k < 3; k++) {
        const at = 4 * (3 * i + k),
          a = 3 * words[at],
          b = 3 * words[at + 1],
          w = floats[at + 2],
          move = shift[floats[at + 3]];
        for (let d = 0; d < 3; d++) p[3 * k + d] = mesh.points[a + d] * (1 - w) + mesh.points[b + d] * w;
        const u = p[3 * k] * s[0] + move[0] - c.middle[0],
          v = p[3 * k + 1] * s[1] + move[1] - c.middle[1],
          z = p[3 * k + 2] * s[2] + move[2] - c.middle[2];
        for (let d = 0; d < 3; d++) q[3 * k + d] = rows[d][0] * u + rows[d][1] * v + rows[d][2] * z;
        q[3 * k] += c.shift[0] - X;
        q[3 * k + 1] += c.shift[1] - Y;
      }
      const A = q[3] * q[7] - q[4] * q[6],
        B = q[6] * q[1] - q[7] * q[0],
        C = q[0] * q[4] - q[1] * q[3],
        sum = A + B + C;
      if (!sum || A * sum < 0 || B * sum < 0 || C * sum < 0) continue;
      const depth = (A * q[2] + B * q[5] + C * q[8]) / sum;
      if (depth >= best) continue;
      const place = [0, 1, 2].map(d => (A * p[d] + B * p[3 + d] + C * p[6 + d]) / sum);
      const part = floats[12 * i + 3],
        [axis, level, side] = half[part];
      if (dot(place, plane) > plane[3] || side * (place[axis] - level) > 0) continue;
      best = depth;
      found = {place, cell: drawn.owner[i], part};
    }
    if (found) {
      found.region = mesh.region[found.cell];
      found.shares = shares(mesh, found.cell, found.place);
      const plane = body.opens[found.region];
      if (plane && !state.apart && found.place[plane[0]] > plane[1]) found.part += body.centre.length; // its half, once it opens
    }
    return found;
  }
  function valueAt(pin, moment = state.moment) {
    const [k, next, share] = around(moment),
      f = frames();
    const sum = pin.shares.reduce(
      (sum, [v, w]) => (w < 1e-9 ? sum : sum + w * (f[k][v % mesh.values] * (1 - share) + f[next][v % mesh.values] * share)),
      0,
    );
    return sum < -1e20 ? NaN : sum;
  }
  function placeOf(pin) {
    // of a turned body in its own plane: chords of its facets lie within the circle
    if (!mesh.plane) return letters.map((_, a) => pin.place[a]);
    return [0, 1].map(a => pin.shares.reduce((sum, [v, w]) => sum + w * mesh.plane[3 * (v % mesh.values) + a], 0));
  }
  const lengthText = x => withStep(x, body.size / 1000).replace(/^-(0\.?0*)$/, "$1");
  const unitOf = f => (f.unit ? ` ${f.unit}` : "");
  const valueText = x => (isNaN(x) ? "no value" : withStep(x, Math.max(field().step, 1e-12)) + unitOf(field()));
  const placeText = pin =>
    `${head.regions[pin.region]}, ${placeOf(pin)
      .map((x, i) => `${letters[i]} ${lengthText(x)}`)
      .join(", ")} ${head.unit}`;

  return {pick, valueAt, placeOf, lengthText, unitOf, valueText, placeText};
}
