"use strict";
// The scene: a body and its fields over time, drawn with WebGL 2 and read by clicks. No library, no request.
// The whole mesh is in the page, so that it can be cut anywhere and its value read anywhere.
(() => {

// ---- 1. unpacking: the inverse of viz/page/pack.py ----------------------------------------------------------------

async function inflate(text) {
  const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Numbers whose first bytes come first, then all second bytes, and so on. */
async function numbers(text, Kind) {
  const bytes = await inflate(text), size = Kind.BYTES_PER_ELEMENT, n = bytes.length / size;
  const sorted = new Uint8Array(bytes.length);
  for (let k = 0; k < size; k++) for (let i = 0; i < n; i++) sorted[i * size + k] = bytes[k * n + i];
  return new Kind(sorted.buffer);
}

const signed = z => (z & 1) ? -((z + 1) / 2) : z / 2; // 0, 1, 2, 3, 4 stand for 0, -1, 1, -2, 2

async function readMesh(head) {
  const n = head.nodes, points = new Float32Array(3 * n);
  if (head.axes) { // each coordinate is a place in a short table
    const places = await numbers(head.points, Uint32Array);
    for (let axis = 0; axis < 3; axis++)
      for (let i = 0, sum = 0; i < n; i++) points[3 * i + axis] = head.axes[axis][sum += signed(places[axis * n + i])];
  } else points.set(await numbers(head.points, Float32Array));
  const steps = await numbers(head.connectivity, Uint32Array), corners = steps.length / head.cells;
  const cells = new Uint32Array(steps.length);
  for (let j = 0; j < corners; j++)
    for (let c = 0, sum = 0; c < head.cells; c++) cells[c * corners + j] = sum += signed(steps[c * corners + j]);
  const sheet = head.cuts ? await numbers(head.cuts.sheet, Uint16Array) : null;
  return {points, cells, corners, kind: head.kind, region: await numbers(head.region, Uint16Array), values: n, sheet};
}

const NONE = -1e30; // where a field has no value, as a conversion outside of its region

/** All frames of one field, each a difference from the one before, and along the nodes. */
async function readField(field, n) {
  const level = new Int32Array(n), frames = [];
  for (const text of field.frames) {
    const steps = await numbers(text, Uint16Array), values = new Float32Array(n);
    for (let i = 0, sum = 0; i < n; i++) {
      level[i] += sum += signed(steps[i]);
      values[i] = level[i] < 0 ? NONE : field.low + field.step * level[i];
    }
    frames.push(values);
  }
  return frames;
}

// ---- 2. the mesh: faces, neighbours, edges ------------------------------------------------------------------------

const FACES = {
  hexahedron: [[0, 3, 2, 1], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]],
  wedge: [[0, 2, 1], [3, 4, 5], [0, 1, 4, 3], [1, 2, 5, 4], [2, 0, 3, 5]],
  tetra: [[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]],
  quad: [[0, 1, 2, 3]], triangle: [[0, 1, 2]],
};
const SHAPES = { // shares of the corners at a place (u, v, w) of the reference cell
  hexahedron: ([u, v, w]) => [(1 - u) * (1 - v) * (1 - w), u * (1 - v) * (1 - w), u * v * (1 - w), (1 - u) * v * (1 - w),
    (1 - u) * (1 - v) * w, u * (1 - v) * w, u * v * w, (1 - u) * v * w],
  wedge: ([u, v, w]) => [(1 - u - v) * (1 - w), u * (1 - w), v * (1 - w), (1 - u - v) * w, u * w, v * w],
  tetra: ([u, v, w]) => [1 - u - v - w, u, v, w],
  quad: ([u, v]) => [(1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v],
  triangle: ([u, v]) => [1 - u - v, u, v],
};
const FOLD = Math.cos(40 * Math.PI / 180); // a sharper fold is an edge; a coarse round face folds by 30 degrees
const MOST_TURNED = 240000; // cells of a body of revolution

/** A mesh in (r, z) turned round the z axis, a quarter left open to show its inside. */
function turned(mesh) {
  const n = mesh.values, flat = mesh.cells.length / mesh.corners, corners = 2 * mesh.corners;
  const sectors = Math.max(12, Math.min(36, 3 * Math.floor(MOST_TURNED / flat / 3)));
  const points = new Float32Array(3 * n * (sectors + 1)), region = new Uint16Array(flat * sectors);
  const cells = new Uint32Array(flat * sectors * corners);
  for (let s = 0; s <= sectors; s++) {
    const angle = 1.5 * Math.PI * s / sectors, cos = Math.cos(angle), sin = Math.sin(angle);
    for (let i = 0; i < n; i++) points.set([mesh.points[3 * i] * cos, mesh.points[3 * i] * sin, mesh.points[3 * i + 1]], 3 * (s * n + i));
  }
  for (let s = 0, at = 0; s < sectors; s++) for (let c = 0; c < flat; c++) {
    region[s * flat + c] = mesh.region[c];
    for (const layer of [s, s + 1]) for (let j = 0; j < mesh.corners; j++) cells[at++] = mesh.cells[c * mesh.corners + j] + layer * n;
  }
  return {points, cells, corners, region, kind: mesh.corners === 4 ? "hexahedron" : "wedge", values: n, sheet: null, plane: mesh.points};
}

/** For each face of each cell the same face of its neighbour, or -1. */
function neighbours(mesh) {
  const faces = FACES[mesh.kind], nCells = mesh.cells.length / mesh.corners, n = nCells * faces.length;
  const twin = new Int32Array(n).fill(-1);
  if (faces.length === 1) return twin;
  const first = new Int32Array(mesh.points.length / 3).fill(-1), next = new Int32Array(n); // faces by their least node
  const largest = new Int32Array(n), squares = new Float64Array(n); // least, largest and sum of squares tell faces apart
  for (let c = 0, h = 0; c < nCells; c++) for (const face of faces) {
    let low = Infinity, high = 0, sum = 0;
    for (const j of face) { const v = mesh.cells[c * mesh.corners + j]; low = Math.min(low, v); high = Math.max(high, v); sum += v * v; }
    largest[h] = high; squares[h] = sum;
    let k = first[low];
    while (k >= 0 && !(largest[k] === high && squares[k] === sum && twin[k] < 0)) k = next[k];
    if (k >= 0) { twin[h] = k; twin[k] = h; } else { next[h] = first[low]; first[low] = h; }
    h++;
  }
  return twin;
}

/** What can ever be seen: faces (cell times faces of a cell, plus face) on the outside and between regions. */
function skin(mesh, twin) {
  const nFaces = FACES[mesh.kind].length, found = [];
  for (let h = 0; h < twin.length; h++)
    if (twin[h] < 0 || mesh.region[Math.floor(h / nFaces)] !== mesh.region[Math.floor(twin[h] / nFaces)]) found.push(h);
  return Uint32Array.from(found);
}

/** Edges of each region: triples (node, node, region), where its surface ends or folds. */
function outlines(mesh, seen) {
  const faces = FACES[mesh.kind], nRegions = 1 + mesh.region.reduce((a, b) => Math.max(a, b), 0), total = mesh.points.length / 3;
  const number = new Map(), edges = [], normals = [], uses = [];
  const at = (v, a) => mesh.points[3 * v + a];
  for (const h of seen) {
    const c = Math.floor(h / faces.length), region = mesh.region[c];
    if (mesh.sheet && mesh.sheet[c]) continue;
    const nodes = faces[h % faces.length].map(j => mesh.cells[c * mesh.corners + j]);
    const [p, q, r, t] = nodes, ends = nodes.length > 3 ? [p, r, q, t] : [p, q, p, r]; // diagonals of a quad span its mean plane
    const [one, two] = [0, 2].map(k => [0, 1, 2].map(a => at(ends[k + 1], a) - at(ends[k], a)));
    const normal = [one[1] * two[2] - one[2] * two[1], one[2] * two[0] - one[0] * two[2], one[0] * two[1] - one[1] * two[0]];
    const area = Math.hypot(...normal);
    if (!(area > 1e-9 * Math.hypot(...one) * Math.hypot(...two))) continue; // a face that has shrunk to the axis
    for (let j = 0; j < nodes.length; j++) {
      const a = Math.min(nodes[j], nodes[(j + 1) % nodes.length]), b = Math.max(nodes[j], nodes[(j + 1) % nodes.length]);
      if (a === b || [0, 1, 2].every(k => at(a, k) === at(b, k))) continue; // on the axis of a turned body
      const key = (a * total + b) * nRegions + region, known = number.get(key); // exact below 2^53: a billion edges
      if (known === undefined) { number.set(key, uses.length); edges.push(a, b, region); normals.push(normal.map(x => x / area)); uses.push(1); }
      else { // whether normals point in or out differs in shells, hence the absolute value there
        const dot = normals[known].reduce((sum, x, i) => sum + x * normal[i] / area, 0);
        uses[known] = uses[known] === 1 && (faces.length === 1 ? Math.abs(dot) : dot) > FOLD ? 2 : 9;
      }
    }
  }
  return Uint32Array.from(edges.filter((_, i) => uses[Math.floor(i / 3)] !== 2));
}

/** Shares of a cell's corners at a place, by Gauss and Newton: the same interpolation as in the solver and in VTK. */
function shares(mesh, cell, place) {
  const shape = SHAPES[mesh.kind], flat = FACES[mesh.kind].length === 1, n = flat ? 2 : 3;
  const nodes = Array.from(mesh.cells.subarray(cell * mesh.corners, (cell + 1) * mesh.corners));
  const sum = weights => [0, 1, 2].map(a => nodes.reduce((t, v, i) => t + weights[i] * mesh.points[3 * v + a], 0));
  const u = [0.4, 0.4, 0.4].slice(0, n);
  for (let round = 0; round < 12; round++) {
    const rest = sum(shape(u)).map((x, a) => place[a] - x);
    const slope = u.map((_, k) => { // shapes are linear in each of u, v, w, so that this difference is exact
      const more = shape(u.map((x, i) => i === k ? x + 0.5 : x)), less = shape(u.map((x, i) => i === k ? x - 0.5 : x));
      return sum(more.map((x, i) => x - less[i]));
    });
    const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2], length = slope.map(s => Math.hypot(...s) || 1);
    const rows = slope.map((s, k) => [...slope.map((t, l) => dot(s, t) / length[k] / length[l] + (k === l ? 1e-12 : 0)), dot(s, rest) / length[k]]);
    for (let k = 0; k < n; k++) for (let l = 0; l < n; l++) if (l !== k) {
      const factor = rows[l][k] / rows[k][k];
      for (let m = k; m <= n; m++) rows[l][m] -= factor * rows[k][m];
    }
    for (let k = 0; k < n; k++) u[k] = Math.min(1, Math.max(0, u[k] + rows[k][n] / rows[k][k] / length[k]));
  }
  return shape(u).map((weight, i) => [nodes[i], weight]);
}

// ---- 3. drawing ---------------------------------------------------------------------------------------------------

// A point is a place `w` on the way between two nodes, which serves nodes (a = b) and cuts alike. Nodes, values and shifts of regions lie in
// textures: a new moment exchanges the values and leaves the geometry alone.
const COMMON = `#version 300 es
precision highp float; precision highp int; precision highp sampler2D;
uniform sampler2D nodes, before, after, shifts; uniform float between; uniform int values;
uniform mat3 turn; uniform vec3 stretch, middle, scale; uniform vec2 shift;
ivec2 at(uint i) { return ivec2(int(i) & 2047, int(i) >> 11); }
float value(uint i) { uint k = i % uint(values); return mix(texelFetch(before, at(k), 0).r, texelFetch(after, at(k), 0).r, between); }
vec3 place(uvec2 ends, float w) { return mix(texelFetch(nodes, at(ends.x), 0).xyz, texelFetch(nodes, at(ends.y), 0).xyz, w); }
vec3 seen(vec3 p, float region) { return turn * (p * stretch + texelFetch(shifts, at(uint(region)), 0).xyz - middle); }
vec4 screen(vec3 p) { return vec4(p * scale + vec3(shift, 0.), 1.); }
`;
const FACE = [COMMON + `layout(location=0) in uvec2 ends; layout(location=1) in vec2 more;
centroid out float amount; centroid out vec3 inBody; out vec3 inView;
void main() {
  amount = mix(value(ends.x), value(ends.y), more.x); inBody = place(ends, more.x); inView = seen(inBody, more.y); gl_Position = screen(inView);
}`, `#version 300 es
precision highp float;
// centroid: at the rim of a face no value from beyond it
centroid in float amount; centroid in vec3 inBody; in vec3 inView; uniform sampler2D colours; uniform vec2 range; uniform vec4 plane; uniform float line; uniform bool lined;
out vec4 colour;
void main() {
  if (dot(inBody, plane.xyz) > plane.w) discard;
  vec3 normal = normalize(cross(dFdx(inView), dFdy(inView)));
  float share = (amount - range.x) / (range.y - range.x), slack = 1e-4;
  vec3 c = texture(colours, vec2((clamp(share, 0., 1.) * 255. + .5) / 256., .5)).rgb;
  if (share > 1. + slack) c = vec3(.66, .85, .96);
  if (share < -slack) c = vec3(.72);
  if (amount < -1e20) c = vec3(.93);
  c *= .74 + .26 * abs(dot(normal, vec3(-.26, .43, .865)));
  if (lined) { // white within black, a few pixels wide
    float away = abs(amount - line) / max(length(vec2(dFdx(amount), dFdy(amount))), 1e-9);
    c = mix(c, vec3(0.), 1. - smoothstep(2.2, 3.2, away)); c = mix(c, vec3(1.), 1. - smoothstep(.8, 1.8, away));
  }
  colour = vec4(c, 1.);
}`];
// Lines as thin quads: lines of one pixel break up at steep angles. Six corners each, from the number of the vertex.
const LINE = [COMMON + `layout(location=0) in uvec2 endsA; layout(location=1) in uvec2 endsB; layout(location=2) in vec3 more;
uniform vec2 pixels; uniform float width, lift; out vec3 inBody;
void main() {
  vec3 a = place(endsA, more.x), b = place(endsB, more.y);
  vec4 p = screen(seen(a, more.z)), q = screen(seen(b, more.z));
  vec2 along = (q.xy - p.xy) * pixels; float size = length(along); along = size > 1e-6 ? along / size : vec2(1., 0.);
  int corner = gl_VertexID % 6; bool far = corner == 1 || corner == 2 || corner == 4; float side = corner == 0 || corner == 1 || corner == 3 ? -1. : 1.;
  inBody = far ? b : a; gl_Position = far ? q : p;
  gl_Position.xy += width * (vec2(-along.y, along.x) * side + along * (far ? 1. : -1.)) / pixels;
  gl_Position.z -= lift;
}`, `#version 300 es
precision highp float;
in vec3 inBody; uniform vec4 plane; out vec4 colour;
void main() { if (dot(inBody, plane.xyz) > plane.w) discard; colour = vec4(.467, .467, .467, 1.); }`];

function program(gl, sources) {
  const made = gl.createProgram();
  [gl.VERTEX_SHADER, gl.FRAGMENT_SHADER].forEach((kind, i) => {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, sources[i]); gl.compileShader(shader); gl.attachShader(made, shader);
  });
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw Error(gl.getProgramInfoLog(made) || "the shaders cannot be built");
  const places = {};
  for (let i = gl.getProgramParameter(made, gl.ACTIVE_UNIFORMS) - 1; i >= 0; i--) {
    const {name} = gl.getActiveUniform(made, i);
    places[name] = gl.getUniformLocation(made, name);
  }
  return {made, places};
}

/** Rows of 2048 numbers (or triples) in a texture unit. */
function texture(gl, unit, data, size, old) {
  const wide = 2048, high = Math.max(1, Math.ceil(data.length / size / wide)), whole = new Float32Array(wide * high * size);
  whole.set(data);
  if (old) gl.deleteTexture(old);
  const made = gl.createTexture();
  gl.activeTexture(gl.TEXTURE0 + unit); gl.bindTexture(gl.TEXTURE_2D, made);
  gl.texImage2D(gl.TEXTURE_2D, 0, size === 3 ? gl.RGB32F : gl.R32F, wide, high, 0, size === 3 ? gl.RGB : gl.RED, gl.FLOAT, whole);
  for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
  return made;
}

/** Records of 32-bit words, some of them floats, that grow as they are written. */
class Records {
  constructor() { this.words = new Uint32Array(1 << 16); this.floats = new Float32Array(this.words.buffer); this.length = 0; }
  room(n) {
    if (this.length + n <= this.words.length) return;
    const words = new Uint32Array(2 * this.words.length);
    words.set(this.words); this.words = words; this.floats = new Float32Array(words.buffer);
  }
  point(a, b, w, region) {
    this.room(4);
    const k = this.length; this.words[k] = a; this.words[k + 1] = b; this.floats[k + 2] = w; this.floats[k + 3] = region; this.length += 4;
  }
  line([a, b, v], [c, d, w], region) {
    this.room(7);
    const k = this.length; this.words.set([a, b, c, d], k); this.floats.set([v, w, region], k + 4); this.length += 7;
  }
  get data() { return this.words.subarray(0, this.length); }
}

/** Triangles and lines of what is shown; for each triangle its cell. A cut is [axis, level, side], or null. */
function geometry(mesh, twin, seen, edges, shown, apart, cut, reach) {
  const faces = FACES[mesh.kind], nFaces = faces.length, n = mesh.corners, {cells, points, region} = mesh;
  const triangles = new Records(), lines = new Records(), owner = [], solid = nFaces > 1;
  const beyond = v => cut[2] * (points[3 * v + cut[0]] - cut[1]); // above 0: taken away
  const gone = c => cut && (cut[2] > 0 ? reach.low[c] > cut[1] : reach.high[c] < cut[1]);
  const face = (c, nodes) => {
    for (let j = 1; j + 1 < nodes.length; j++) { for (const v of [nodes[0], nodes[j], nodes[j + 1]]) triangles.point(v, v, 0, region[c]); owner.push(c); }
  };
  const crossing = (nodes, pairs) => pairs.flatMap(([i, j]) => {
    const a = nodes[i], b = nodes[j], p = beyond(a), q = beyond(b);
    return p <= 0 !== q <= 0 ? [[a, b, p / (p - q)]] : [];
  });
  const round = list => list.map((v, i) => [v, list[(i + 1) % list.length]]);
  for (const h of seen) {
    const c = Math.floor(h / nFaces);
    if (!shown[region[c]] || mesh.sheet && mesh.sheet[c] && !(cut && mesh.sheet[c] === cut[0] + 1)) continue;
    const surface = !(mesh.sheet && mesh.sheet[c]), nodes = faces[h % nFaces].map(j => cells[c * n + j]);
    if (surface && gone(c)) continue;
    if (surface && cut) { // the border of a region in the cut
      const ends = crossing(nodes, round(nodes.map((_, i) => i)));
      if (ends.length === 2) lines.line(ends[0], ends[1], region[c]);
    }
    if (twin[h] < 0 || apart || !shown[region[Math.floor(twin[h] / nFaces)]]) face(c, nodes);
  }
  for (let i = 0; i < edges.length; i += 3) if (shown[edges[i + 2]]) lines.line([edges[i], edges[i], 0], [edges[i + 1], edges[i + 1], 0], edges[i + 2]);
  if (cut && solid) { // fill the cut: in each cell that the plane meets, the convex polygon of its crossed edges
    const pairs = [...new Map(faces.flatMap(round).map(([a, b]) => [Math.min(a, b) * n + Math.max(a, b), [a, b]])).values()];
    const u = (cut[0] + 1) % 3, v = (cut[0] + 2) % 3;
    for (let c = 0; c < region.length; c++) {
      if (!(reach.low[c] <= cut[1] && cut[1] <= reach.high[c]) || !shown[region[c]]) continue;
      const ends = crossing(cells.subarray(c * n, (c + 1) * n), pairs);
      const at = ends.map(([a, b, w]) => [u, v].map(k => points[3 * a + k] * (1 - w) + points[3 * b + k] * w));
      const centre = [0, 1].map(k => at.reduce((sum, p) => sum + p[k], 0) / at.length);
      const order = at.map((p, i) => [Math.atan2(p[1] - centre[1], p[0] - centre[0]), i]).sort((a, b) => a[0] - b[0]).map(a => ends[a[1]]);
      for (let j = 1; j + 1 < order.length; j++) { for (const p of [order[0], order[j], order[j + 1]]) triangles.point(...p, region[c]); owner.push(c); }
    }
  }
  return {triangles, lines, owner};
}

// ---- 4. words and numbers -----------------------------------------------------------------------------------------

function timeText(seconds) {
  if (!seconds) return "0 s";
  for (const [unit, size] of [["h", 3600], ["min", 60], ["s", 1], ["ms", 1e-3], ["µs", 1e-6]])
    if (Math.abs(seconds) >= size * (size > 1 ? 2 : 1) * (1 - 1e-9)) return `${+(seconds / size).toPrecision(4)} ${unit}`;
  return `${+(seconds / 1e-9).toPrecision(4)} ns`;
}

/** A number with as many digits as its step has: 348.2 for steps of 0.2. */
function withStep(value, step) {
  if (Math.abs(value) >= 1e5 || step < 1e-5 && step > 0) return value.toExponential(3);
  return value.toFixed(Math.max(0, Math.min(6, -Math.floor(Math.log10(step) + 1e-9))));
}

/** Round numbers between two, about so many. */
function ticks(low, high, about) {
  const span = high - low, power = 10 ** Math.floor(Math.log10(span / about));
  const step = [1, 2, 2.5, 5, 10].map(k => k * power).find(k => k >= span / about * (1 - 1e-9)), found = [];
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

const COURSES = ["#0072b2", "#d55e00", "#009e73", "#aa4499", "#e69f00", "#000000"];
const BAR = 92, GAP = {left: 16, right: 8, top: 34, bottom: 46}; // pixels beside the body: colour bar, words, scale

// ---- 5. the scene -------------------------------------------------------------------------------------------------

async function start(figure) {
  const find = name => figure.querySelector(name), canvas = find("canvas");
  const stop = why => { figure.classList.remove("on"); find(".why").textContent = why; };
  const gl = window.DecompressionStream && canvas.getContext("webgl2", {antialias: true, preserveDrawingBuffer: true});
  if (!gl) return stop("This browser cannot draw the scene in 3-D, for which it needs WebGL 2. The picture stands in for it.");
  const head = JSON.parse(document.getElementById(figure.id + "-data").textContent);
  let mesh = await readMesh(head);
  const plane = FACES[mesh.kind].length === 1 && !mesh.sheet && !head.axisymmetric; // seen from above
  if (head.axisymmetric) mesh = turned(mesh);
  const twin = neighbours(mesh), seen = skin(mesh, twin), edges = outlines(mesh, seen), nRegions = head.regions.length;
  const solid = FACES[mesh.kind].length > 1;

  // sizes of the body and of its regions
  const box = () => ({low: [Infinity, Infinity, Infinity], high: [-Infinity, -Infinity, -Infinity]});
  const body = box(), parts = Array.from({length: nRegions}, box);
  for (const h of seen) {
    const c = Math.floor(h / FACES[mesh.kind].length);
    for (let j = 0; j < mesh.corners; j++) for (let a = 0; a < 3; a++) {
      const x = mesh.points[3 * mesh.cells[c * mesh.corners + j] + a];
      for (const b of [body, parts[mesh.region[c]]]) { if (x < b.low[a]) b.low[a] = x; if (x > b.high[a]) b.high[a] = x; }
    }
  }
  const extent = body.high.map((x, a) => x - body.low[a]), size = Math.hypot(...extent), middle = body.low.map((x, a) => x + extent[a] / 2);
  const centre = parts.map(b => b.low.map((x, a) => x <= b.high[a] ? (x + b.high[a]) / 2 : middle[a]));
  const letters = head.axisymmetric ? ["r", "z"] : plane ? ["x", "y"] : ["x", "y", "z"];
  const outer = new Float32Array(3 * edges.length / 3 * 2), outerRegion = new Uint32Array(outer.length / 3); // points that the picture must hold
  edges.forEach((v, i) => { if (i % 3 < 2) { const k = 2 * Math.floor(i / 3) + i % 3; outer.set(mesh.points.subarray(3 * v, 3 * v + 3), 3 * k); outerRegion[k] = edges[i - i % 3 + 2]; } });

  const home = plane ? {azimuth: -90, elevation: 90} : {azimuth: head.axisymmetric ? -45 : -55, elevation: 22};
  const state = {...home, zoom: 1, pan: [0, 0], fit: 1, moment: head.start, field: 0, shown: Array(nRegions).fill(true), cut: 0, level: 0.5, side: 1,
    apart: 0, stretched: head.stretch[0], stretch: head.stretch[1], line: null, range: head.fields[0].range.slice(), pins: [], playing: 0};
  const courses = new Map(); // frames of the fields that have been looked at
  const field = () => head.fields[state.field], frames = () => courses.get(state.field);
  courses.set(0, await readField(head.fields[0], mesh.values));

  // what is drawn
  figure.classList.add("on");
  const face = program(gl, FACE), line = program(gl, LINE);
  texture(gl, 0, mesh.points, 3);
  const colours = Uint8Array.from(atob(head.colours), letter => letter.charCodeAt(0));
  gl.activeTexture(gl.TEXTURE4); gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB8, 256, 1, 0, gl.RGB, gl.UNSIGNED_BYTE, colours);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
  for (const way of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, way, gl.CLAMP_TO_EDGE);
  const buffers = [gl.createBuffer(), gl.createBuffer()];
  let drawn = null, held = "", values = [null, null], shifts = null;

  const reaches = new Map(); // least and largest coordinate of each cell along an axis
  function reach(axis) {
    if (!reaches.has(axis)) {
      const low = new Float32Array(mesh.region.length), high = new Float32Array(mesh.region.length);
      for (let c = 0; c < low.length; c++) {
        let a = Infinity, b = -Infinity;
        for (let j = 0; j < mesh.corners; j++) { const x = mesh.points[3 * mesh.cells[c * mesh.corners + j] + axis]; if (x < a) a = x; if (x > b) b = x; }
        low[c] = a; high[c] = b;
      }
      reaches.set(axis, {low, high});
    }
    return reaches.get(axis);
  }
  function cutAt() {
    if (!state.cut) return null;
    const axis = state.cut - 1; // a little off round places, where faces of cells lie
    const level = head.cuts ? head.cuts.levels[axis] : body.low[axis] + extent[axis] * (0.0002 + 0.9996 * state.level + 1.7e-6);
    return [axis, level, state.side];
  }
  function slack(axis) { return 4e-6 * extent[axis] + 5e-7 * Math.max(Math.abs(body.low[axis]), Math.abs(body.high[axis])); }
  const beside = axis => [0, 1, 2].map(a => a === axis ? 1 : 0);
  const cutPlane = () => { const c = cutAt(); return c ? [...beside(c[0]).map(x => x * c[2]), c[2] * c[1] + slack(c[0])] : [0, 0, 0, 1e30]; };
  const stretches = () => beside(state.stretched).map(x => x ? state.stretch : 1);
  const shiftOf = region => { const s = stretches(); return centre[region].map((x, a) => state.apart * (x - middle[a]) * s[a]); };

  function rebuild() {
    drawn = geometry(mesh, twin, seen, edges, state.shown, state.apart > 0, cutAt(), state.cut ? reach(state.cut - 1) : null);
    [drawn.triangles, drawn.lines].forEach((records, i) => { gl.bindBuffer(gl.ARRAY_BUFFER, buffers[i]); gl.bufferData(gl.ARRAY_BUFFER, records.data, gl.DYNAMIC_DRAW); });
    redraw();
  }
  function move() { // regions have moved or been stretched
    shifts = texture(gl, 3, Float32Array.from(parts.flatMap((_, r) => shiftOf(r))), 3, shifts);
    fit();
  }

  // the camera: parallel light, z upwards; rows of `turn` point right, up and to the viewer
  function axes() {
    const a = state.azimuth * Math.PI / 180, e = state.elevation * Math.PI / 180;
    return [[-Math.sin(a), Math.cos(a), 0], [-Math.sin(e) * Math.cos(a), -Math.sin(e) * Math.sin(a), Math.cos(e)],
      [Math.cos(e) * Math.cos(a), Math.cos(e) * Math.sin(a), Math.sin(e)]];
  }
  const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  function room() {
    return {wide: Math.max(40, canvas.clientWidth - BAR - GAP.left - GAP.right), high: Math.max(40, canvas.clientHeight - GAP.top - GAP.bottom)};
  }
  let offCentre = [0, 0];
  function fit() { // the present view of the whole body fills the room; while it turns the scale stays
    const t = axes(), s = stretches(), moved = parts.map((_, r) => shiftOf(r)), low = [Infinity, Infinity], high = [-Infinity, -Infinity];
    for (let i = 0; i < outerRegion.length; i++) {
      const p = [0, 1, 2].map(a => (outer[3 * i + a] - middle[a]) * s[a] + moved[outerRegion[i]][a]);
      for (let k = 0; k < 2; k++) { const x = dot(t[k], p); if (x < low[k]) low[k] = x; if (x > high[k]) high[k] = x; }
    }
    const {wide, high: tall} = room();
    state.fit = Math.max((high[0] - low[0]) / wide, (high[1] - low[1]) / tall) || size / wide; // length of a pixel at zoom 1
    offCentre = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
    redraw();
  }
  function camera() {
    const pixel = state.fit / state.zoom, W = canvas.clientWidth, H = canvas.clientHeight, t = axes();
    const scale = [2 / (pixel * W), 2 / (pixel * H), -0.9 / (size * Math.max(1, state.stretch) * (1 + state.apart))];
    const shift = [(GAP.left - BAR - GAP.right) / W - offCentre[0] * scale[0], (GAP.bottom - GAP.top) / H - offCentre[1] * scale[1]];
    return {turn: t, scale, shift: [shift[0] + state.pan[0], shift[1] + state.pan[1]], pixel, middle: middle.map((x, a) => x * stretches()[a])};
  }
  function onScreen(camera, place, region) { // pixels from the upper left corner, and depth
    const s = stretches(), shift = shiftOf(region), p = place.map((x, a) => x * s[a] + shift[a] - camera.middle[a]);
    const q = camera.turn.map((row, k) => dot(row, p) * camera.scale[k] + (camera.shift[k] || 0));
    return [(q[0] + 1) / 2 * canvas.clientWidth, (1 - q[1]) / 2 * canvas.clientHeight, q[2]];
  }

  /** The two frames around the moment and the share of the later one. */
  function around(moment = state.moment) {
    const last = head.times.length - 1, k = Math.min(Math.floor(moment), last), next = Math.min(k + 1, last);
    return [k, next, moment - k];
  }
  let asked = false;
  function redraw() { if (!asked) { asked = true; requestAnimationFrame(paint); } }
  function paint() {
    asked = false;
    const sharp = Math.min(window.devicePixelRatio || 1, 2), W = Math.round(canvas.clientWidth * sharp), H = Math.round(canvas.clientHeight * sharp);
    if (!W || !H || !drawn) return;
    if (canvas.width !== W || canvas.height !== H) { canvas.width = W; canvas.height = H; }
    const [k, next, share] = around(), key = `${state.field} ${k}`;
    if (key !== held) { values = [texture(gl, 1, frames()[k], 1, values[0]), texture(gl, 2, frames()[next], 1, values[1])]; held = key; }
    gl.viewport(0, 0, W, H); gl.clearColor(1, 1, 1, 1); gl.enable(gl.DEPTH_TEST); gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    const c = camera();
    for (const {made, places} of [face, line]) {
      gl.useProgram(made);
      ["nodes", "before", "after", "shifts", "colours"].forEach((name, i) => gl.uniform1i(places[name] ?? null, i));
      gl.uniform1i(places.values ?? null, mesh.values); gl.uniform1f(places.between ?? null, share);
      gl.uniformMatrix3fv(places.turn, true, c.turn.flat());
      gl.uniform3fv(places.stretch, stretches()); gl.uniform3fv(places.middle, c.middle); gl.uniform3fv(places.scale, c.scale);
      gl.uniform2fv(places.shift, c.shift); gl.uniform4fv(places.plane, cutPlane());
    }
    gl.useProgram(face.made);
    gl.uniform2fv(face.places.range, state.range); gl.uniform1i(face.places.lined, state.line === null ? 0 : 1); gl.uniform1f(face.places.line, state.line ?? 0);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[0]);
    attribute(0, 2, true, 16, 0, 0); attribute(1, 2, false, 16, 8, 0); gl.disableVertexAttribArray(2);
    gl.enable(gl.POLYGON_OFFSET_FILL); gl.polygonOffset(1, 1); // lines lie in the surface, and are drawn before it
    gl.drawArrays(gl.TRIANGLES, 0, drawn.triangles.length / 4);
    gl.disable(gl.POLYGON_OFFSET_FILL);
    gl.useProgram(line.made);
    gl.uniform2f(line.places.pixels, W / 2, H / 2); gl.uniform1f(line.places.width, 0.8 * sharp); gl.uniform1f(line.places.lift, -2.5 * c.pixel * c.scale[2]);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[1]);
    attribute(0, 2, true, 28, 0, 1); attribute(1, 2, true, 28, 8, 1); attribute(2, 3, false, 28, 16, 1);
    gl.drawArraysInstanced(gl.TRIANGLES, 0, 6, drawn.lines.length / 7);
    written(c);
  }
  function attribute(place, size, whole, stride, offset, divisor) {
    gl.enableVertexAttribArray(place); gl.vertexAttribDivisor(place, divisor);
    if (whole) gl.vertexAttribIPointer(place, size, gl.UNSIGNED_INT, stride, offset); else gl.vertexAttribPointer(place, size, gl.FLOAT, false, stride, offset);
  }

  // reading values
  function pick(x, y) { // the nearest triangle below a place of the canvas, in pixels
    const c = camera(), {words, floats} = drawn.triangles, s = stretches(), shift = parts.map((_, r) => shiftOf(r));
    const X = 2 * x / canvas.clientWidth - 1, Y = 1 - 2 * y / canvas.clientHeight, plane = cutPlane();
    const p = new Float64Array(9), q = new Float64Array(9), rows = c.turn.map((row, k) => row.map(r => r * c.scale[k]));
    let best = Infinity, found = null;
    for (let i = 0; i < drawn.owner.length; i++) {
      for (let k = 0; k < 3; k++) {
        const at = 4 * (3 * i + k), a = 3 * words[at], b = 3 * words[at + 1], w = floats[at + 2], move = shift[floats[at + 3]];
        for (let d = 0; d < 3; d++) p[3 * k + d] = mesh.points[a + d] * (1 - w) + mesh.points[b + d] * w;
        const u = p[3 * k] * s[0] + move[0] - c.middle[0], v = p[3 * k + 1] * s[1] + move[1] - c.middle[1], z = p[3 * k + 2] * s[2] + move[2] - c.middle[2];
        for (let d = 0; d < 3; d++) q[3 * k + d] = rows[d][0] * u + rows[d][1] * v + rows[d][2] * z;
        q[3 * k] += c.shift[0] - X; q[3 * k + 1] += c.shift[1] - Y;
      }
      const A = q[3] * q[7] - q[4] * q[6], B = q[6] * q[1] - q[7] * q[0], C = q[0] * q[4] - q[1] * q[3], sum = A + B + C;
      if (!sum || A * sum < 0 || B * sum < 0 || C * sum < 0) continue;
      const depth = (A * q[2] + B * q[5] + C * q[8]) / sum;
      if (depth >= best) continue;
      const place = [0, 1, 2].map(d => (A * p[d] + B * p[3 + d] + C * p[6 + d]) / sum);
      if (dot(place, plane) > plane[3]) continue;
      best = depth; found = {place, cell: drawn.owner[i]};
    }
    if (found) { found.region = mesh.region[found.cell]; found.shares = shares(mesh, found.cell, found.place); }
    return found;
  }
  function valueAt(pin, moment = state.moment) {
    const [k, next, share] = around(moment), f = frames();
    const sum = pin.shares.reduce((sum, [v, w]) => w < 1e-9 ? sum : sum + w * (f[k][v % mesh.values] * (1 - share) + f[next][v % mesh.values] * share), 0);
    return sum < -1e20 ? NaN : sum;
  }
  function placeOf(pin) { // of a turned body in its own plane: chords of its facets lie within the circle
    if (!mesh.plane) return letters.map((_, a) => pin.place[a]);
    return [0, 1].map(a => pin.shares.reduce((sum, [v, w]) => sum + w * mesh.plane[3 * (v % mesh.values) + a], 0));
  }
  const lengthText = x => withStep(x, size / 1000).replace(/^-(0\.?0*)$/, "$1");
  const unitOf = f => f.unit ? ` ${f.unit}` : "";
  const valueText = x => isNaN(x) ? "no value" : withStep(x, Math.max(field().step, 1e-12)) + unitOf(field());
  const placeText = pin => `${head.regions[pin.region]}, ${placeOf(pin).map((x, i) => `${letters[i]} ${lengthText(x)}`).join(", ")} ${head.unit}`;

  // what is written over the picture: colour bar, scale, directions, clicked places
  const over = find(".over"), course = find(".course");
  function written(c) {
    const W = canvas.clientWidth, H = canvas.clientHeight, dark = "#1a1a1a";
    over.replaceChildren(); over.setAttribute("viewBox", `0 0 ${W} ${H}`);
    const ramp = draw(draw(over, "defs", {}), "linearGradient", {id: figure.id + "-ramp", x1: 0, x2: 0, y1: 1, y2: 0});
    for (let i = 0; i <= 16; i++) {
      const k = 3 * Math.round(255 * i / 16);
      draw(ramp, "stop", {offset: i / 16, "stop-color": `rgb(${colours[k]},${colours[k + 1]},${colours[k + 2]})`});
    }
    const x = W - BAR + 22, top = 44, high = H - top - 34, [low, most] = state.range, at = v => top + high * (1 - (v - low) / (most - low));
    draw(over, "text", {x: W - 10, y: 20, "text-anchor": "end", class: "halo"}, field().unit || "share");
    draw(over, "rect", {x, y: top, width: 14, height: high, fill: `url(#${figure.id}-ramp)`, stroke: "#555"});
    for (const v of ticks(low, most, high / 48)) {
      draw(over, "line", {x1: x + 14, x2: x + 18, y1: at(v), y2: at(v), stroke: "#555"});
      draw(over, "text", {x: x + 21, y: at(v) + 4}, Math.abs(v) >= 1e5 ? v.toExponential(1) : String(v));
    }
    if (field().least < low - 1e-4 * (most - low)) draw(over, "rect", {x, y: top + high + 3, width: 14, height: 9, fill: "#b8b8b8", stroke: "#555"});
    if (field().most > most + 1e-4 * (most - low)) draw(over, "rect", {x, y: top - 12, width: 14, height: 9, fill: "#a8d9f5", stroke: "#555"});
    if (state.line !== null && state.line >= low && state.line <= most) draw(over, "path", {d: `M${x - 3} ${at(state.line)}h20`, stroke: "#fff", "stroke-width": 3}),
      draw(over, "path", {d: `M${x - 7} ${at(state.line) - 4}l6 4l-6 4z`, fill: dark});
    // a length that is a round number; it holds along directions that are not stretched
    const most_long = Math.min(130, 0.3 * W) * c.pixel, power = 10 ** Math.floor(Math.log10(most_long));
    const length = [5, 2, 1].find(k => k * power <= most_long) * power;
    draw(over, "path", {d: `M14 ${H - 20}v6h${length / c.pixel}v-6`, fill: "none", stroke: dark, "stroke-width": 1.5});
    draw(over, "text", {x: 20, y: H - 19, class: "halo"}, `${+length.toPrecision(3)} ${head.unit}`);
    const names = head.axisymmetric ? ["", "", "z"] : letters, mid = [14 + length / c.pixel + 52, H - 19];
    names.forEach((name, i) => {
      const [dx, dy] = [18 * c.turn[0][i], -18 * c.turn[1][i]], colour = ["#b00020", "#00701a", "#0047ab"][i];
      if (!name || Math.hypot(dx, dy) < 3) return;
      draw(over, "line", {x1: mid[0], y1: mid[1], x2: mid[0] + dx, y2: mid[1] + dy, stroke: colour, "stroke-width": 2});
      draw(over, "text", {x: mid[0] + 1.5 * dx, y: mid[1] + 1.5 * dy + 4, fill: colour, "text-anchor": "middle", class: "halo"}, name);
    });
    const cut = cutPlane(), taken = []; // boxes of the labels so far
    state.pins.forEach((pin, i) => {
      if (!state.shown[pin.region] || dot(pin.place, cut) > cut[3] + 1e-4 * size) return;
      const [px, py] = onScreen(c, pin.place, pin.region), text = `${i + 1}: ${valueText(valueAt(pin))}`, wide = 8 * text.length;
      const places = [[9, -7], [-9 - wide, -7], [9, 19], [-9 - wide, 19]].map(([dx, dy]) => [px + dx, py + dy]);
      const free = ([x, y]) => x > 0 && x + wide < W - BAR + 20 && taken.every(([p, q, w]) => x + wide < p || x > p + w || Math.abs(y - q) > 15);
      const [x, y] = places.find(free) || places[0];
      taken.push([x, y, wide]);
      draw(over, "circle", {cx: px, cy: py, r: 5, fill: "#fff", stroke: COURSES[i % COURSES.length], "stroke-width": 2.5});
      draw(over, "text", {x: x < px ? x + wide : x, y, class: "halo strong", "text-anchor": x < px ? "end" : "start"}, text);
    });
  }

  // clicked places: a list with values, and their courses above the same times as the slider
  function listed() {
    const list = find(".pins"), f = frames();
    list.replaceChildren(...state.pins.map((pin, i) => {
      const row = document.createElement("li"), all = f.map((_, k) => valueAt(pin, k)), now = valueAt(pin), mark = document.createElement("b");
      mark.textContent = valueText(now); mark.style.color = COURSES[i % COURSES.length];
      const ends = f.length > 1 && !isNaN(now) ? `, from ${valueText(Math.min(...all))} to ${valueText(Math.max(...all))} over all times ` : " ";
      row.append(`${placeText(pin)}: `, mark, ends);
      const button = document.createElement("button");
      button.type = "button"; button.textContent = "remove"; button.setAttribute("aria-label", `remove place ${i + 1}`);
      button.addEventListener("click", () => { state.pins.splice(i, 1); listed(); redraw(); });
      row.append(button);
      row.dataset.value = now; row.dataset.place = placeOf(pin).join(" "); row.dataset.region = pin.region;
      return row;
    }));
    course.replaceChildren();
    course.toggleAttribute("hidden", !state.pins.length || f.length < 2);
    if (course.hasAttribute("hidden")) return;
    const W = course.clientWidth || 600, H = 150, left = 52, right = W - 12, bottom = H - 24, top = 10, last = f.length - 1;
    course.setAttribute("viewBox", `0 0 ${W} ${H}`);
    const all = state.pins.map(pin => f.map((_, k) => valueAt(pin, k))), values = all.flat().filter(isFinite);
    if (!values.length) return;
    let low = Math.min(...values), high = Math.max(...values);
    if (high - low < 2 * field().step) [low, high] = [low - 2 * (field().step || 1), high + 2 * (field().step || 1)];
    const x = k => left + (right - left) * k / last, y = v => bottom - (bottom - top) * (v - low) / (high - low);
    for (const v of ticks(low, high, 3)) {
      draw(course, "line", {x1: left, x2: right, y1: y(v), y2: y(v), stroke: "#ddd"});
      draw(course, "text", {x: left - 6, y: y(v) + 4, "text-anchor": "end"}, String(v));
    }
    const every = Math.max(1, Math.ceil(last / ((right - left) / 90)));
    for (let k = 0; k <= last - every; k += every)
      draw(course, "text", {x: x(k), y: H - 7, "text-anchor": k === 0 ? "start" : "middle"}, timeText(head.times[k]));
    draw(course, "text", {x: right, y: H - 7, "text-anchor": "end"}, timeText(head.times[last]));
    draw(course, "line", {x1: x(state.moment), x2: x(state.moment), y1: top, y2: bottom, stroke: "#888"});
    all.forEach((row, i) => isFinite(row[0]) && draw(course, "polyline", {points: row.map((v, k) => `${x(k).toFixed(1)},${y(v).toFixed(1)}`).join(" "), fill: "none",
      stroke: COURSES[i % COURSES.length], "stroke-width": 2}));
  }
  function said() { // what has been done to the picture, in words
    const words = [], cut = cutAt(), round = x => +x.toPrecision(3);
    if (cut) words.push(`Cut at ${"xyz"[cut[0]]} = ${lengthText(cut[1])} ${head.unit}; what lies at ${cut[2] > 0 ? "larger" : "smaller"} ${"xyz"[cut[0]]} is taken away.`);
    if (state.apart > 0) words.push(`The regions are moved apart by ${round(state.apart)} times the distance of their centres from the middle.`);
    if (state.stretch !== 1) words.push(`${"xyz"[state.stretched]} is drawn ${round(state.stretch)} times as long as it is.`);
    if (state.shown.includes(false)) {
      const n = state.shown.filter(x => !x).length;
      words.push(`${n} of ${nRegions} regions ${n === 1 ? "is" : "are"} hidden.`);
    }
    const [low, high] = state.range, slack = 1e-4 * (high - low);
    if (field().most > high + slack) words.push(`Values above ${round(high)}${unitOf(field())} are pale blue.`);
    if (field().least < low - slack) words.push(`Values below ${round(low)}${unitOf(field())} are grey.`);
    if (field().partly) words.push(`${field().name[0].toUpperCase()}${field().name.slice(1)} has no value in the pale grey parts.`);
    if (state.line !== null) words.push(state.line >= field().least && state.line <= field().most
      ? `The white line is where the ${field().name} is ${state.line}${unitOf(field())}.` : `The ${field().name} is nowhere ${state.line}${unitOf(field())}.`);
    find(".said").textContent = words.join(" ");
  }
  function timed() {
    const [k, next, share] = around(), stored = share < 1e-6 || k === next;
    const moment = head.times[k] + (head.times[next] - head.times[k]) * share;
    find(".time").textContent = head.steady ? "steady state" : timeText(moment) + (stored ? "" : " (between frames)");
    find(".slider").setAttribute("aria-valuetext", timeText(moment));
  }
  function clicked(x, y) {
    const pin = pick(x, y);
    if (!pin) return;
    if (state.pins.length === COURSES.length) state.pins.shift();
    state.pins.push(pin); listed(); redraw();
  }

  // mouse, pen, fingers, keys
  const down = new Map();
  let travelled = 0, gap = 0, hovering = false;
  const zoomed = factor => { state.zoom = Math.min(60, Math.max(0.3, state.zoom * factor)); redraw(); };
  const turnedBy = (a, e) => { state.azimuth += a; state.elevation = Math.max(-90, Math.min(90, state.elevation + e)); redraw(); };
  const shifted = (dx, dy) => { state.pan[0] += 2 * dx / canvas.clientWidth; state.pan[1] -= 2 * dy / canvas.clientHeight; redraw(); };
  canvas.addEventListener("pointerdown", e => { canvas.setPointerCapture(e.pointerId); down.set(e.pointerId, [e.clientX, e.clientY]); if (down.size === 1) travelled = 0; gap = 0; });
  canvas.addEventListener("pointermove", e => {
    const last = down.get(e.pointerId);
    if (!last) return void (e.pointerType === "mouse" && hover(e));
    const dx = e.clientX - last[0], dy = e.clientY - last[1];
    down.set(e.pointerId, [e.clientX, e.clientY]); travelled += Math.abs(dx) + Math.abs(dy);
    if (down.size === 2) { // two fingers: their gap zooms, their middle shifts
      const [p, q] = [...down.values()], now = Math.hypot(p[0] - q[0], p[1] - q[1]);
      if (gap) zoomed(now / gap);
      gap = now; travelled += 10; shifted(dx / 2, dy / 2);
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
  canvas.addEventListener("pointerup", up); canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("contextmenu", e => e.preventDefault());
  canvas.addEventListener("wheel", e => { // until it is clicked the page scrolls
    if (document.activeElement === canvas || e.ctrlKey) { e.preventDefault(); zoomed(Math.exp(-0.0012 * e.deltaY)); }
  }, {passive: false});
  canvas.addEventListener("keydown", e => {
    const step = {ArrowLeft: [5, 0], ArrowRight: [-5, 0], ArrowUp: [0, 5], ArrowDown: [0, -5]}[e.key], middleX = (canvas.clientWidth - BAR) / 2;
    if (step) turnedBy(...step); else if (e.key === "+") zoomed(1.15); else if (e.key === "-") zoomed(1 / 1.15);
    else if (e.key === "Enter") clicked(middleX, canvas.clientHeight / 2); else return;
    e.preventDefault();
  });
  function hover(e) {
    if (hovering) return;
    hovering = true;
    setTimeout(() => {
      hovering = false;
      const frame = canvas.getBoundingClientRect(), pin = pick(e.clientX - frame.left, e.clientY - frame.top);
      find(".under").textContent = pin ? `${valueText(valueAt(pin))}, ${placeText(pin)}` : "";
    }, 50);
  }
  canvas.addEventListener("pointerleave", () => { find(".under").textContent = ""; });
  canvas.addEventListener("webglcontextlost", e => { e.preventDefault(); stop("The graphics of this computer gave up; load the page again."); });

  // controls
  const on = (name, event, act) => { const element = find(name); if (element) element.addEventListener(event, () => act(element)); };
  const slider = find(".slider"), fine = 10; // steps of the slider between frames
  slider.max = (head.times.length - 1) * fine; slider.value = state.moment * fine; slider.disabled = find(".play").disabled = head.times.length < 2;
  const momentIs = moment => { state.moment = moment; timed(); listed(); redraw(); };
  on(".slider", "input", x => momentIs(x.value / fine));
  on(".play", "click", button => {
    if (state.playing) { state.playing = 0; button.textContent = "Play"; return; }
    const mine = state.playing = Math.random(), last = head.times.length - 1, speed = Math.max(2, last / 8); // frames a second
    if (state.moment >= last) state.moment = 0;
    button.textContent = "Stop";
    let before = performance.now();
    const go = now => {
      if (state.playing !== mine) return;
      momentIs(Math.min(last, state.moment + Math.max(0, now - before) / 1000 * speed)); before = now; slider.value = state.moment * fine;
      if (state.moment < last) requestAnimationFrame(go); else { state.playing = 0; button.textContent = "Play"; }
    };
    requestAnimationFrame(go);
  });
  const cutChanged = () => { rebuild(); said(); };
  on(".cut", "input", x => {
    state.cut = +x.value;
    if (state.cut) { state.side = axes()[2][state.cut - 1] > 0 ? 1 : -1; find(".other").checked = false; } // what is nearer to the viewer goes
    find(".level").disabled = !state.cut || !!head.cuts; find(".other").disabled = !state.cut;
    cutChanged();
  });
  on(".level", "input", x => { state.level = x.value / 1000; cutChanged(); });
  on(".other", "input", () => { state.side = -state.side; cutChanged(); });
  on(".apart", "input", x => { const was = state.apart > 0; state.apart = x.value / 100; move(); if (was !== state.apart > 0) rebuild(); said(); });
  const stretch = () => {
    const times = +find(".times").value;
    if (times >= 0.01 && times <= 10000) { state.stretched = +find(".stretched").value; state.stretch = times; move(); said(); }
  };
  on(".stretched", "input", stretch); on(".times", "input", stretch);
  on(".line", "input", x => { state.line = x.value === "" || !isFinite(x.value) ? null : +x.value; said(); redraw(); });
  const ranged = range => { // of colours
    [state.range[0], state.range[1]] = range; find(".low").value = +range[0].toPrecision(6); find(".high").value = +range[1].toPrecision(6); said(); redraw();
  };
  const typed = () => { const a = +find(".low").value, b = +find(".high").value; if (b > a) { state.range = [a, b]; said(); redraw(); } };
  on(".low", "input", typed); on(".high", "input", typed);
  on(".all", "click", () => ranged(field().range.slice()));
  on(".now", "click", () => { // of what is shown at this moment
    let low = Infinity, high = -Infinity;
    const [k, next, share] = around(), f = frames(), n = mesh.corners;
    for (let c = 0; c < mesh.region.length; c++) if (state.shown[mesh.region[c]]) for (let j = 0; j < n; j++) {
      const v = mesh.cells[c * n + j] % mesh.values, x = f[k][v] * (1 - share) + f[next][v] * share;
      if (x < low && x > -1e20) low = x; if (x > high) high = x;
    }
    if (low <= high) ranged([low, Math.max(high, low + (field().step || 1))]);
  });
  on(".quantity", "input", async x => {
    const asked = +x.value, f = head.fields[asked];
    if (!courses.has(asked)) courses.set(asked, await readField(f, mesh.values));
    state.field = asked;
    state.line = asked === 0 && find(".line").value !== "" ? +find(".line").value : null; find(".line").disabled = asked !== 0;
    ranged(f.range.slice()); find(".exact").textContent = f.exact; listed();
  });
  const boxes = [...figure.querySelectorAll(".regions input")];
  const shownIs = () => { boxes.forEach((box, i) => { state.shown[i] = box.checked; }); rebuild(); said(); };
  boxes.forEach(box => box.addEventListener("input", shownIs));
  for (const [name, value] of [[".every", true], [".none", false]]) on(name, "click", () => { boxes.forEach(box => { box.checked = value; }); shownIs(); });
  on(".again", "click", () => { Object.assign(state, home, {zoom: 1, pan: [0, 0]}); fit(); });
  on(".whole", "click", () => { Object.assign(state, {zoom: 1, pan: [0, 0]}); fit(); });

  if (find(".line").value !== "") state.line = +find(".line").value;
  find(".stretched").value = state.stretched; find(".times").value = state.stretch; find(".exact").textContent = field().exact;
  rebuild(); move(); ranged(state.range.slice()); timed(); listed();
  new ResizeObserver(() => { fit(); listed(); }).observe(canvas);
  paint();
  figure.dataset.ready = "yes";
}

for (const figure of document.querySelectorAll("figure.scene"))
  start(figure).catch(error => { figure.classList.remove("on"); figure.querySelector(".why").textContent = `The scene cannot be drawn: ${error.message}. The picture stands in for it.`; });
})();
