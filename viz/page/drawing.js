"use strict";
// What is drawn with WebGL 2: the shaders, the triangles and lines of what is shown, and the lines of one value.

// A point is a place `w` on the way between two nodes, which serves nodes (a = b) and cuts alike. Nodes, values and shifts of parts lie in
// textures: a new moment exchanges the values and leaves the geometry alone. Parts are regions or halves of them; behind the shifts the
// texture has (axis, place, side) for each of them: what lies beyond the place is the other half's, and a side of 0 means no half.
const COMMON = `#version 300 es
precision highp float; precision highp int; precision highp sampler2D;
uniform sampler2D nodes, before, after, shifts; uniform float between; uniform int values;
uniform mat3 turn; uniform vec3 stretch, middle, scale; uniform vec2 shift;
ivec2 at(uint i) { return ivec2(int(i) & 2047, int(i) >> 11); }
float value(uint i) { uint k = i % uint(values); return mix(texelFetch(before, at(k), 0).r, texelFetch(after, at(k), 0).r, between); }
vec3 place(uvec2 ends, float w) { return mix(texelFetch(nodes, at(ends.x), 0).xyz, texelFetch(nodes, at(ends.y), 0).xyz, w); }
uniform int parts;
vec3 seen(vec3 p, float part) { return turn * (p * stretch + texelFetch(shifts, at(uint(part)), 0).xyz - middle); }
float past(vec3 p, float part) { vec3 h = texelFetch(shifts, at(uint(part) + uint(parts)), 0).xyz; return h.z * (p[int(h.x)] - h.y); }
vec4 screen(vec3 p) { return vec4(p * scale + vec3(shift, 0.), 1.); }
`;
const FACE = [
  COMMON +
    `layout(location=0) in uvec2 ends; layout(location=1) in vec2 more;
centroid out float amount, beyond; centroid out vec3 inBody; out vec3 inView;
void main() {
  amount = mix(value(ends.x), value(ends.y), more.x); inBody = place(ends, more.x); inView = seen(inBody, more.y); gl_Position = screen(inView);
  beyond = past(inBody, more.y);
}`,
  `#version 300 es
precision highp float;
// centroid: at the rim of a face no value from beyond it
centroid in float amount, beyond; centroid in vec3 inBody; in vec3 inView; uniform sampler2D colours; uniform vec2 range; uniform vec4 plane; out vec4 colour;
void main() {
  if (dot(inBody, plane.xyz) > plane.w || beyond > 0.) discard;
  vec3 normal = normalize(cross(dFdx(inView), dFdy(inView)));
  float share = (amount - range.x) / (range.y - range.x), slack = 1e-4;
  vec3 c = texture(colours, vec2((clamp(share, 0., 1.) * 255. + .5) / 256., .5)).rgb;
  if (share > 1. + slack) c = vec3(.66, .85, .96);
  if (share < -slack) c = vec3(.72);
  if (amount < -1e20) c = vec3(.93);
  c *= .74 + .26 * abs(dot(normal, vec3(-.26, .43, .865)));
  colour = vec4(c, 1.);
}`,
];
// Lines as thin quads: lines of one pixel break up at steep angles. Six corners each, from the number of the vertex.
const STROKE = `uniform vec2 pixels; uniform float width, lift; out vec3 inBody; out float beyond;
void stroke(vec3 a, vec3 b, float part) {
  vec4 p = screen(seen(a, part)), q = screen(seen(b, part));
  vec2 along = (q.xy - p.xy) * pixels; float size = length(along); along = size > 1e-6 ? along / size : vec2(1., 0.);
  int corner = gl_VertexID % 6; bool far = corner == 1 || corner == 2 || corner == 4; float side = corner == 0 || corner == 1 || corner == 3 ? -1. : 1.;
  inBody = far ? b : a; gl_Position = far ? q : p;
  beyond = past(inBody, part);
  gl_Position.xy += width * (vec2(-along.y, along.x) * side + along * (far ? 1. : -1.)) / pixels;
  gl_Position.z -= lift;
}
`;
const INK = `#version 300 es
precision highp float;
in vec3 inBody; in float beyond; uniform vec4 plane; uniform vec3 ink; out vec4 colour;
void main() { if (dot(inBody, plane.xyz) > plane.w || beyond > 0.) discard; colour = vec4(ink, 1.); }`;
const OUTLINE = [
  COMMON +
    STROKE +
    `layout(location=0) in uvec2 endsA; layout(location=1) in uvec2 endsB; layout(location=2) in vec3 more;
void main() { stroke(place(endsA, more.x), place(endsB, more.y), more.z); }`,
  INK,
];
const CONTOUR = [
  COMMON +
    STROKE +
    `layout(location=0) in vec3 a; layout(location=1) in vec3 b; layout(location=2) in float part;
void main() { stroke(a, b, part); }`,
  INK,
];

function program(gl, sources) {
  const made = gl.createProgram();
  [gl.VERTEX_SHADER, gl.FRAGMENT_SHADER].forEach((kind, i) => {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, sources[i]);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
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
  const wide = 2048,
    high = Math.max(1, Math.ceil(data.length / size / wide)),
    whole = new Float32Array(wide * high * size);
  whole.set(data);
  if (old) gl.deleteTexture(old);
  const made = gl.createTexture();
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(gl.TEXTURE_2D, made);
  gl.texImage2D(gl.TEXTURE_2D, 0, size === 3 ? gl.RGB32F : gl.R32F, wide, high, 0, size === 3 ? gl.RGB : gl.RED, gl.FLOAT, whole);
  for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
  return made;
}

/** Records of 32-bit words, some of them floats, that grow as they are written. */
class Records {
  constructor() {
    this.words = new Uint32Array(1 << 16);
    this.floats = new Float32Array(this.words.buffer);
    this.length = 0;
  }
  room(n) {
    if (this.length + n <= this.words.length) return;
    const words = new Uint32Array(2 * this.words.length);
    words.set(this.words);
    this.words = words;
    this.floats = new Float32Array(words.buffer);
  }
  point(a, b, w, part) {
    this.room(4);
    const k = this.length;
    this.words[k] = a;
    this.words[k + 1] = b;
    this.floats[k + 2] = w;
    this.floats[k + 3] = part;
    this.length += 4;
  }
  line([a, b, v], [c, d, w], part) {
    this.room(7);
    const k = this.length;
    this.words.set([a, b, c, d], k);
    this.floats.set([v, w, part], k + 4);
    this.length += 7;
  }
  get data() {
    return this.words.subarray(0, this.length);
  }
}

/**
 * Triangles and lines of what is shown; for each triangle its cell. A cut is [axis, level, side], or null. `opens` has [axis, level] of each
 * region that opens in halves, or is null where nothing is apart. `reach(axis)` has the least and largest coordinate of each cell.
 */
function geometry(mesh, twin, seen, edges, shown, opens, cut, reach) {
  const faces = FACES[mesh.kind],
    nFaces = faces.length,
    n = mesh.corners,
    {cells, points, region} = mesh;
  const triangles = new Records(),
    lines = new Records(),
    owner = [],
    solid = nFaces > 1,
    ends = cut && reach(cut[0]);
  const parts = (r, nodes) => partsAt(mesh, shown.length, opens, r, nodes);
  const gone = c => cut && (cut[2] > 0 ? ends.low[c] > cut[1] : ends.high[c] < cut[1]);
  const polygon = (c, places, part) => {
    for (let j = 1; j + 1 < places.length; j++) {
      for (const p of [places[0], places[j], places[j + 1]]) triangles.point(...p, part);
      owner.push(c);
    }
  };
  const face = (c, nodes) => {
    const places = nodes.map(v => [v, v, 0]);
    for (const part of parts(region[c], nodes)) polygon(c, places, part);
  };
  const crossing = ([axis, level], nodes, pairs) =>
    pairs.flatMap(([i, j]) => {
      const a = nodes[i],
        b = nodes[j],
        p = points[3 * a + axis] - level,
        q = points[3 * b + axis] - level;
      return p <= 0 !== q <= 0 ? [[a, b, p / (p - q)]] : [];
    });
  const round = list => list.map((v, i) => [v, list[(i + 1) % list.length]]);
  for (const h of seen) {
    const c = Math.floor(h / nFaces);
    if (!shown[region[c]] || (mesh.sheet && mesh.sheet[c] && !(cut && mesh.sheet[c] === cut[0] + 1))) continue;
    const surface = !(mesh.sheet && mesh.sheet[c]),
      nodes = faces[h % nFaces].map(j => cells[c * n + j]);
    if (surface && gone(c)) continue;
    const border = plane => {
      // of a region in a plane
      const two = crossing(plane, nodes, round(nodes.map((_, i) => i)));
      if (two.length === 2) for (const part of parts(region[c], nodes)) lines.line(two[0], two[1], part);
    };
    if (surface && cut) border(cut);
    if (surface && opens && opens[region[c]]) border(opens[region[c]]);
    if (twin[h] < 0 || opens || !shown[region[Math.floor(twin[h] / nFaces)]]) face(c, nodes);
  }
  for (let i = 0; i < edges.length; i += 3)
    if (shown[edges[i + 2]])
      for (const part of parts(edges[i + 2], [edges[i], edges[i + 1]]))
        lines.line([edges[i], edges[i], 0], [edges[i + 1], edges[i + 1], 0], part);
  if (solid) {
    // fill the planes of the cut and of halves: in each cell that a plane meets, the convex polygon of its crossed edges
    const pairs = [...new Map(faces.flatMap(round).map(([a, b]) => [Math.min(a, b) * n + Math.max(a, b), [a, b]])).values()];
    const filled = (plane, c) => {
      const [axis, level] = plane,
        {low, high} = reach(axis);
      if (!(low[c] <= level && level <= high[c])) return;
      const nodes = [...cells.subarray(c * n, (c + 1) * n)],
        met = crossing(plane, nodes, pairs);
      const at = met.map(([a, b, w]) =>
        [1, 2].map(k => points[3 * a + ((axis + k) % 3)] * (1 - w) + points[3 * b + ((axis + k) % 3)] * w),
      );
      const centre = [0, 1].map(k => at.reduce((sum, p) => sum + p[k], 0) / at.length);
      const order = at
        .map((p, i) => [Math.atan2(p[1] - centre[1], p[0] - centre[0]), i])
        .sort((a, b) => a[0] - b[0])
        .map(a => met[a[1]]);
      for (const part of plane === cut ? parts(region[c], nodes) : [region[c], region[c] + shown.length]) polygon(c, order, part);
    };
    if (cut || (opens && opens.some(plane => plane)))
      for (let c = 0; c < region.length; c++) {
        if (!shown[region[c]]) continue;
        if (cut) filled(cut, c);
        if (opens && opens[region[c]] && !gone(c)) filled(opens[region[c]], c);
      }
  }
  return {triangles, lines, owner};
}

/** Where the triangles that are drawn have a value: segments of (place, place, region), seven numbers each. */
function contour(mesh, drawn, level, valueOf) {
  const found = [],
    {words, floats} = drawn.triangles,
    {points} = mesh,
    value = [0, 0, 0];
  for (let i = 0; i < drawn.owner.length; i++) {
    let above = 0;
    for (let k = 0; k < 3; k++) {
      const at = 4 * (3 * i + k),
        w = floats[at + 2],
        a = valueOf(words[at]);
      value[k] = w ? a * (1 - w) + valueOf(words[at + 1]) * w : a;
      if (value[k] > level) above++;
    }
    if (above === 0 || above === 3 || value.some(v => v < -1e20)) continue;
    for (let k = 0; k < 3; k++) {
      const l = (k + 1) % 3;
      if (value[k] > level === value[l] > level) continue;
      const share = (level - value[k]) / (value[l] - value[k]);
      for (let d = 0; d < 3; d++) {
        const [p, q] = [k, l].map(j => {
          const at = 4 * (3 * i + j),
            w = floats[at + 2];
          return points[3 * words[at] + d] * (1 - w) + points[3 * words[at + 1] + d] * w;
        });
        found.push(p * (1 - share) + q * share);
      }
    }
    found.push(floats[4 * 3 * i + 3]);
  }
  return Float32Array.from(found);
}
