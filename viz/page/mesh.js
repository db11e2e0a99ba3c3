"use strict";
// The mesh: read from the page (the inverse of pack.py), its faces and edges, and places in its cells.

async function inflate(text) {
  const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Numbers whose first bytes come first, then all second bytes, and so on. */
async function numbers(text, Kind) {
  const bytes = await inflate(text),
    size = Kind.BYTES_PER_ELEMENT,
    n = bytes.length / size;
  const sorted = new Uint8Array(bytes.length);
  for (let k = 0; k < size; k++) for (let i = 0; i < n; i++) sorted[i * size + k] = bytes[k * n + i];
  return new Kind(sorted.buffer);
}

const signed = z => (z & 1 ? -((z + 1) / 2) : z / 2); // 0, 1, 2, 3, 4 stand for 0, -1, 1, -2, 2

async function readMesh(head) {
  const n = head.nodes,
    points = new Float32Array(3 * n);
  if (head.axes) {
    // each coordinate is a place in a short table
    const places = await numbers(head.points, Uint32Array);
    for (let axis = 0; axis < 3; axis++)
      for (let i = 0, sum = 0; i < n; i++) points[3 * i + axis] = head.axes[axis][(sum += signed(places[axis * n + i]))];
  } else points.set(await numbers(head.points, Float32Array));
  const steps = await numbers(head.connectivity, Uint32Array),
    corners = steps.length / head.cells;
  const cells = new Uint32Array(steps.length);
  for (let j = 0; j < corners; j++)
    for (let c = 0, sum = 0; c < head.cells; c++) cells[c * corners + j] = sum += signed(steps[c * corners + j]);
  const sheet = head.cuts ? await numbers(head.cuts.sheet, Uint16Array) : null;
  return {points, cells, corners, kind: head.kind, region: await numbers(head.region, Uint16Array), values: n, sheet};
}

const NONE = -1e30; // where a field has no value, as a conversion outside of its region

/** All frames of one field, each a difference from the one before, and along the nodes. */
async function readField(field, n) {
  const level = new Int32Array(n),
    frames = [];
  for (const text of field.frames) {
    const steps = await numbers(text, Uint16Array),
      values = new Float32Array(n);
    for (let i = 0, sum = 0; i < n; i++) {
      level[i] += sum += signed(steps[i]);
      values[i] = level[i] < 0 ? NONE : field.low + field.step * level[i];
    }
    frames.push(values);
  }
  return frames;
}

const FACES = {
  hexahedron: [
    [0, 3, 2, 1],
    [4, 5, 6, 7],
    [0, 1, 5, 4],
    [1, 2, 6, 5],
    [2, 3, 7, 6],
    [3, 0, 4, 7],
  ],
  wedge: [
    [0, 2, 1],
    [3, 4, 5],
    [0, 1, 4, 3],
    [1, 2, 5, 4],
    [2, 0, 3, 5],
  ],
  tetra: [
    [0, 2, 1],
    [0, 1, 3],
    [1, 2, 3],
    [2, 0, 3],
  ],
  quad: [[0, 1, 2, 3]],
  triangle: [[0, 1, 2]],
};
const SHAPES = {
  // shares of the corners at a place (u, v, w) of the reference cell
  hexahedron: ([u, v, w]) => [
    (1 - u) * (1 - v) * (1 - w),
    u * (1 - v) * (1 - w),
    u * v * (1 - w),
    (1 - u) * v * (1 - w),
    (1 - u) * (1 - v) * w,
    u * (1 - v) * w,
    u * v * w,
    (1 - u) * v * w,
  ],
  wedge: ([u, v, w]) => [(1 - u - v) * (1 - w), u * (1 - w), v * (1 - w), (1 - u - v) * w, u * w, v * w],
  tetra: ([u, v, w]) => [1 - u - v - w, u, v, w],
  quad: ([u, v]) => [(1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v],
  triangle: ([u, v]) => [1 - u - v, u, v],
};
const FOLD = Math.cos((40 * Math.PI) / 180); // a sharper fold is an edge; a coarse round face folds by 30 degrees
const MOST_TURNED = 240000; // cells of a body of revolution

/** A mesh in (r, z) turned round the z axis, a quarter left open to show its inside. */
function turned(mesh) {
  const n = mesh.values,
    flat = mesh.cells.length / mesh.corners,
    corners = 2 * mesh.corners;
  const sectors = Math.max(12, Math.min(36, 3 * Math.floor(MOST_TURNED / flat / 3)));
  const points = new Float32Array(3 * n * (sectors + 1)),
    region = new Uint16Array(flat * sectors);
  const cells = new Uint32Array(flat * sectors * corners);
  for (let s = 0; s <= sectors; s++) {
    const angle = (1.5 * Math.PI * s) / sectors,
      cos = Math.cos(angle),
      sin = Math.sin(angle);
    for (let i = 0; i < n; i++) points.set([mesh.points[3 * i] * cos, mesh.points[3 * i] * sin, mesh.points[3 * i + 1]], 3 * (s * n + i));
  }
  for (let s = 0, at = 0; s < sectors; s++)
    for (let c = 0; c < flat; c++) {
      region[s * flat + c] = mesh.region[c];
      for (const layer of [s, s + 1]) for (let j = 0; j < mesh.corners; j++) cells[at++] = mesh.cells[c * mesh.corners + j] + layer * n;
    }
  return {points, cells, corners, region, kind: mesh.corners === 4 ? "hexahedron" : "wedge", values: n, sheet: null, plane: mesh.points};
}

/** For each face of each cell the same face of its neighbour, or -1. */
function neighbours(mesh) {
  const faces = FACES[mesh.kind],
    nCells = mesh.cells.length / mesh.corners,
    n = nCells * faces.length;
  const twin = new Int32Array(n).fill(-1);
  if (faces.length === 1) return twin;
  const first = new Int32Array(mesh.points.length / 3).fill(-1),
    next = new Int32Array(n); // faces by their least node
  const largest = new Int32Array(n),
    squares = new Float64Array(n); // least, largest and sum of squares tell faces apart
  for (let c = 0, h = 0; c < nCells; c++)
    for (const face of faces) {
      let low = Infinity,
        high = 0,
        sum = 0;
      for (const j of face) {
        const v = mesh.cells[c * mesh.corners + j];
        low = Math.min(low, v);
        high = Math.max(high, v);
        sum += v * v;
      }
      largest[h] = high;
      squares[h] = sum;
      let k = first[low];
      while (k >= 0 && !(largest[k] === high && squares[k] === sum && twin[k] < 0)) k = next[k];
      if (k >= 0) {
        twin[h] = k;
        twin[k] = h;
      } else {
        next[h] = first[low];
        first[low] = h;
      }
      h++;
    }
  return twin;
}

/** What can ever be seen: faces (cell times faces of a cell, plus face) on the outside and between regions. */
function skin(mesh, twin) {
  const nFaces = FACES[mesh.kind].length,
    found = [];
  for (let h = 0; h < twin.length; h++)
    if (twin[h] < 0 || mesh.region[Math.floor(h / nFaces)] !== mesh.region[Math.floor(twin[h] / nFaces)]) found.push(h);
  return Uint32Array.from(found);
}

/** Edges of each region: triples (node, node, region), where its surface ends or folds. */
function outlines(mesh, seen) {
  const faces = FACES[mesh.kind],
    nRegions = 1 + mesh.region.reduce((a, b) => Math.max(a, b), 0),
    total = mesh.points.length / 3;
  const number = new Map(),
    edges = [],
    normals = [],
    uses = [];
  const at = (v, a) => mesh.points[3 * v + a];
  for (const h of seen) {
    const c = Math.floor(h / faces.length),
      region = mesh.region[c];
    if (mesh.sheet && mesh.sheet[c]) continue;
    const nodes = faces[h % faces.length].map(j => mesh.cells[c * mesh.corners + j]);
    const [p, q, r, t] = nodes,
      ends = nodes.length > 3 ? [p, r, q, t] : [p, q, p, r]; // diagonals of a quad span its mean plane
    const [one, two] = [0, 2].map(k => [0, 1, 2].map(a => at(ends[k + 1], a) - at(ends[k], a)));
    const normal = [one[1] * two[2] - one[2] * two[1], one[2] * two[0] - one[0] * two[2], one[0] * two[1] - one[1] * two[0]];
    const area = Math.hypot(...normal);
    if (!(area > 1e-9 * Math.hypot(...one) * Math.hypot(...two))) continue; // a face that has shrunk to the axis
    for (let j = 0; j < nodes.length; j++) {
      const a = Math.min(nodes[j], nodes[(j + 1) % nodes.length]),
        b = Math.max(nodes[j], nodes[(j + 1) % nodes.length]);
      if (a === b || [0, 1, 2].every(k => at(a, k) === at(b, k))) continue; // on the axis of a turned body
      const key = (a * total + b) * nRegions + region,
        known = number.get(key); // exact below 2^53: a billion edges
      if (known === undefined) {
        number.set(key, uses.length);
        edges.push(a, b, region);
        normals.push(normal.map(x => x / area));
        uses.push(1);
      } else {
        // whether normals point in or out differs in shells, hence the absolute value there
        const dot = normals[known].reduce((sum, x, i) => sum + (x * normal[i]) / area, 0);
        uses[known] = uses[known] === 1 && (faces.length === 1 ? Math.abs(dot) : dot) > FOLD ? 2 : 9;
      }
    }
  }
  return Uint32Array.from(edges.filter((_, i) => uses[Math.floor(i / 3)] !== 2));
}

/** Shares of a cell's corners at a place, by Gauss and Newton: the same interpolation as in the solver and in VTK. */
function shares(mesh, cell, place) {
  const shape = SHAPES[mesh.kind],
    flat = FACES[mesh.kind].length === 1,
    n = flat ? 2 : 3;
  const nodes = Array.from(mesh.cells.subarray(cell * mesh.corners, (cell + 1) * mesh.corners));
  const sum = weights => [0, 1, 2].map(a => nodes.reduce((t, v, i) => t + weights[i] * mesh.points[3 * v + a], 0));
  const u = [0.4, 0.4, 0.4].slice(0, n);
  for (let round = 0; round < 12; round++) {
    const rest = sum(shape(u)).map((x, a) => place[a] - x);
    const slope = u.map((_, k) => {
      // shapes are linear in each of u, v, w, so that this difference is exact
      const more = shape(u.map((x, i) => (i === k ? x + 0.5 : x))),
        less = shape(u.map((x, i) => (i === k ? x - 0.5 : x)));
      return sum(more.map((x, i) => x - less[i]));
    });
    const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2],
      length = slope.map(s => Math.hypot(...s) || 1);
    const rows = slope.map((s, k) => [
      ...slope.map((t, l) => dot(s, t) / length[k] / length[l] + (k === l ? 1e-12 : 0)),
      dot(s, rest) / length[k],
    ]);
    for (let k = 0; k < n; k++)
      for (let l = 0; l < n; l++)
        if (l !== k) {
          const factor = rows[l][k] / rows[k][k];
          for (let m = k; m <= n; m++) rows[l][m] -= factor * rows[k][m];
        }
    for (let k = 0; k < n; k++) u[k] = Math.min(1, Math.max(0, u[k] + rows[k][n] / rows[k][k] / length[k]));
  }
  return shape(u).map((weight, i) => [nodes[i], weight]);
}

/** Sizes of a body and the centres of its regions, from its surfaces, and the points that a picture of it must hold. */
function sizes(mesh, seen, edges, nRegions) {
  const box = () => ({low: [Infinity, Infinity, Infinity], high: [-Infinity, -Infinity, -Infinity]});
  const body = box(),
    parts = Array.from({length: nRegions}, box);
  for (const h of seen) {
    const c = Math.floor(h / FACES[mesh.kind].length);
    for (let j = 0; j < mesh.corners; j++)
      for (let a = 0; a < 3; a++) {
        const x = mesh.points[3 * mesh.cells[c * mesh.corners + j] + a];
        for (const b of [body, parts[mesh.region[c]]]) {
          if (x < b.low[a]) b.low[a] = x;
          if (x > b.high[a]) b.high[a] = x;
        }
      }
  }
  const extent = body.high.map((x, a) => x - body.low[a]),
    size = Math.hypot(...extent),
    middle = body.low.map((x, a) => x + extent[a] / 2);
  const centre = parts.map(b => b.low.map((x, a) => (x <= b.high[a] ? (x + b.high[a]) / 2 : middle[a])));
  const known = {low: body.low, high: body.high, extent, size, middle, centre, parts},
    {opens} = movedApart(known, 1); // at any share: a slider that is moved turns no halves
  const outer = new Float32Array(2 * edges.length),
    outerPart = new Uint32Array(outer.length / 3); // points that the picture must hold
  edges.forEach((v, i) => {
    if (i % 3 < 2) {
      const k = 2 * Math.floor(i / 3) + (i % 3);
      outer.set(mesh.points.subarray(3 * v, 3 * v + 3), 3 * k);
      const region = edges[i - (i % 3) + 2];
      outerPart[k] = partsAt(mesh, nRegions, opens, region, [v]).pop();
    }
  });

  return {...known, opens, outer, outerPart};
}

/**
 * How far regions move for a share of their distance from the middle. A region whose box holds those of others would hide them: it opens in
 * two halves. Part r is region r or its lower half, part r + (number of regions) its upper half. `opens` has the axis and the place at which a
 * region opens, or null. As in exploded.py.
 */
function movedApart({parts, centre, middle, extent}, share, opens) {
  const n = parts.length,
    near = 1e-6 * Math.max(...extent),
    three = [0, 1, 2];
  const volume = ({low, high}) => three.reduce((product, a) => product * (extent[a] > 0 ? high[a] - low[a] : 1), 1);
  const within = (a, b) =>
    volume(b) > (1 + 1e-6) * volume(a) && three.every(k => a.low[k] >= b.low[k] - near && a.high[k] <= b.high[k] + near);
  const order = [...parts.keys()].filter(r => parts[r].low[0] <= parts[r].high[0]).sort((a, b) => volume(parts[a]) - volume(parts[b]));
  const shifts = Array.from({length: 2 * n}, () => [0, 0, 0]),
    ways = Array(n).fill(null),
    moved = new Map(); // the box in which each region is drawn
  for (const r of order) {
    const {low, high} = parts[r],
      by = centre[r].map((x, a) => share * (x - middle[a]));
    const inner = [...moved.keys()].filter(m => within(parts[m], parts[r])).map(m => moved.get(m));
    const [below, above] = [by.slice(), by.slice()];
    [shifts[r], shifts[n + r]] = [below, above];
    if (!share || !inner.length) {
      moved.set(r, {low: low.map((x, a) => x + by[a]), high: high.map((x, a) => x + by[a])});
      continue;
    }
    const first = three.map(a => Math.min(...inner.map(box => box.low[a]))),
      last = three.map(a => Math.max(...inner.map(box => box.high[a])));
    const axis = opens ? opens[r][0] : last[0] - first[0] <= last[1] - first[1] + near ? 0 : 1;
    const place = (low[axis] + high[axis]) / 2,
      room = (share * (high[axis] - low[axis])) / 2;
    ways[r] = [axis, place];
    below[axis] = first[axis] - room - place;
    above[axis] = last[axis] + room - place;
    moved.set(r, {
      low: low.map((x, a) => Math.min(x + below[a], first[a])),
      high: high.map((x, a) => Math.max(x + above[a], last[a])),
    });
  }
  const far = [...moved.values()].map(box => Math.hypot(...three.map(a => Math.max(middle[a] - box.low[a], box.high[a] - middle[a]))));
  return {shifts, opens: ways, radius: Math.max(...far)};
}

/** The parts of a region, both halves or one, in which nodes lie. */
function partsAt(mesh, nRegions, opens, region, nodes) {
  if (!opens || !opens[region]) return [region];
  const [axis, level] = opens[region],
    above = nodes.map(v => mesh.points[3 * v + axis] > level);
  return [...(above.includes(false) ? [region] : []), ...(above.includes(true) ? [region + nRegions] : [])];
}

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
