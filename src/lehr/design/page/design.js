"use strict";
// Shows what the server answers, and sends what the user does. The schedule itself lives in one line of text.

const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const COLOURS = ["#D55E00", "#009E73", "#CC79A7", "#E69F00", "#999999", "#7a5fd0"];
const DASHES = ["9 4", "6 3 2 3", "2 3", "12 3 3 3", "5 2", "8 8"];
const BOX = { left: 95, right: 770, top: 20, bottom: 320 };
const LOSS_BOX = { left: 95, right: 770, top: 15, bottom: 185 };
const KEY_STEPS = 100; // an arrow key moves a point by this share of the axis
const DECADES = 5;

let state = { text: "", beside: [], law: null };
let shown = null; // the last answer
let dragging = null;

async function ask(act, question) {
  const body = JSON.stringify({ text: state.text, beside: state.beside, law: state.law, ...question });
  const reply = await fetch(`ask/${act}`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  return reply.json();
}

// Only the last question counts, and one is on its way at a time: a fast drag leaves no queue behind it.
let waiting = null, busy = false;
async function send(act, question = {}) {
  waiting = [act, question];
  if (busy) return;
  busy = true;
  while (waiting) {
    const [name, asked] = waiting;
    waiting = null;
    try { show(await ask(name, asked)); } catch (error) { fail(`the server does not answer (${error.message}); is lehr design still running?`); }
  }
  busy = false;
}

function fail(message) {
  $("error").textContent = message;
  $("error").hidden = false;
}

function show(answer) {
  if (answer.error) return fail(answer.error);
  $("error").hidden = true;
  const before = shown || {};
  shown = { ...answer, numbers: answer.numbers || before.numbers, written: answer.written || before.written, forecast: answer.forecast };
  state.text = answer.text;
  if (document.activeElement !== $("text")) $("text").value = answer.text;
  $("recipe").value = answer.recipe;
  history.replaceState(null, "", `#${new URLSearchParams([["spec", state.text], ...state.beside.map((text) => ["beside", text])])}`);
  drawRates();
  drawFields();
  if (answer.numbers) { drawNumbers(); drawWritten(); drawLosses(); }
  drawBeside();
}

// Axes.

const number = (value) => value === null || value === undefined ? "" : Math.abs(value) >= 1e4 ? value.toLocaleString("en") : String(+value.toPrecision(6));
const rateText = (value) => value === 0 ? "0" : Math.abs(value) < 0.01 ? (+value.toPrecision(3)).toExponential() : String(+value.toPrecision(3));
function short(value) {
  for (const [size, suffix] of [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]]) if (value >= size) return `${+(value / size).toPrecision(4)}${suffix}`;
  return String(+value.toPrecision(4));
}

function ticks(top, count) {
  const raw = top / count, size = 10 ** Math.floor(Math.log10(raw || 1));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * size).find((value) => value >= raw) || raw;
  return Array.from({ length: Math.floor(top / step * 1.0001) + 1 }, (_, index) => index * step);
}

function scales() {
  if (dragging) return dragging.scales; // an axis that moved under the pointer would run away from it
  const rates = [shown.curve, ...shown.beside].flatMap((curve) => curve.y);
  const top = Math.max(...rates, 1e-300), stop = Math.max(shown.stop, 1), log = $("log").checked;
  const low = Math.max(Math.min(...rates.filter((rate) => rate > 0), top), top / 10 ** DECADES) / 1.2;
  const width = BOX.right - BOX.left, height = BOX.bottom - BOX.top;
  const x = (step) => BOX.left + step / stop * width;
  const y = (rate) => BOX.bottom - height * (log ? Math.max(0, Math.log(Math.max(rate, low) / low) / Math.log(1.1 * top / low)) : rate / (1.08 * top));
  const step = (px) => (px - BOX.left) / width * stop;
  const rate = (py) => log ? low * (1.1 * top / low) ** ((BOX.bottom - py) / height) : (BOX.bottom - py) / height * 1.08 * top;
  return { x, y, step, rate, top, low, stop, log };
}

function element(parent, name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

function drawGrid(scale) {
  const grid = $("grid");
  grid.replaceChildren();
  const rates = scale.log
    ? Array.from({ length: DECADES + 2 }, (_, k) => 10 ** (Math.ceil(Math.log10(scale.low)) + k)).filter((rate) => rate <= 1.1 * scale.top)
    : ticks(1.08 * scale.top, 5);
  for (const rate of rates) {
    element(grid, "line", { x1: BOX.left, x2: BOX.right, y1: scale.y(rate), y2: scale.y(rate) });
    element(grid, "text", { x: BOX.left - 8, y: scale.y(rate) + 4, "text-anchor": "end" }, rateText(rate));
  }
  const over = $("over").value, unit = over === "share" ? 100 / scale.stop : over === "tokens" ? +$("tokens").value || 1 : 1;
  for (const place of ticks(scale.stop * unit, 5)) {
    const at = scale.x(place / unit);
    element(grid, "line", { x1: at, x2: at, y1: BOX.top, y2: BOX.bottom });
    element(grid, "text", { x: at, y: BOX.bottom + 26, "text-anchor": "middle" }, over === "share" ? `${+place.toPrecision(4)} %` : short(place));
  }
  element(grid, "text", { x: BOX.right, y: BOX.bottom + 52, "text-anchor": "end" }, over === "share" ? "share of the run" : over === "tokens" ? "tokens" : "step");
}

const path = (curve, x, y) => curve.x.map((step, index) => `${index ? "L" : "M"}${x(step).toFixed(2)} ${y(curve.y[index]).toFixed(2)}`).join("");

function drawRates() {
  const scale = scales(), curves = $("curves");
  drawGrid(scale);
  curves.replaceChildren();
  shown.beside.forEach((curve, index) => element(curves, "path", { class: "beside", d: path(curve, scale.x, scale.y), stroke: COLOURS[index], "stroke-dasharray": DASHES[index] }));
  element(curves, "path", { class: "curve", id: "curve", d: path(shown.curve, scale.x, scale.y) });
  drawHandles(scale);
}

function drawHandles(scale) {
  const handles = $("handles");
  const kept = new Map([...handles.children].map((dot) => [dot.dataset.name, dot]));
  for (const handle of shown.handles) {
    let dot = kept.get(handle.name);
    if (!dot) {
      dot = element(handles, "circle", { class: "handle", r: 8, tabindex: 0, role: "slider", "data-name": handle.name });
      dot.addEventListener("pointerdown", startDrag);
      dot.addEventListener("keydown", moveByKey);
    }
    kept.delete(handle.name);
    dot.setAttribute("cx", scale.x(handle.x));
    dot.setAttribute("cy", scale.y(handle.y));
    dot.setAttribute("aria-label", handle.label);
    dot.setAttribute("aria-valuenow", handle.moves === "y" ? handle.y : handle.x);
    dot.setAttribute("aria-valuetext", `step ${number(handle.x)}, rate ${rateText(handle.y)}`);
  }
  for (const dot of kept.values()) dot.remove();
}

// Moving a point.

function startDrag(event) {
  event.preventDefault();
  const dot = event.currentTarget;
  dot.focus();
  dot.setPointerCapture(event.pointerId);
  dot.classList.add("dragged");
  dragging = { name: dot.dataset.name, scales: scales() };
  const move = (moved) => {
    const box = $("chart").getBoundingClientRect(), ratio = 800 / box.width;
    dragging.at = [dragging.scales.step((moved.clientX - box.left) * ratio), dragging.scales.rate((moved.clientY - box.top) * ratio)];
    place(dragging.name, ...dragging.at, false);
  };
  const stop = () => {
    dot.removeEventListener("pointermove", move);
    dot.classList.remove("dragged");
    const { name, at } = dragging;
    dragging = null;
    if (at) place(name, ...at, true); // the last place again, which no answer may have shown yet
  };
  dot.addEventListener("pointermove", move);
  dot.addEventListener("pointerup", stop, { once: true });
  dot.addEventListener("pointercancel", stop, { once: true });
}

function place(name, x, y, settled) {
  const handle = shown.handles.find((one) => one.name === name);
  if (!handle) return;
  send("move", { handle: name, x: handle.moves.includes("x") ? x : handle.x, y: handle.moves.includes("y") ? y : handle.y, settled });
}

function moveByKey(event) {
  const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] || [0, 0];
  if (!dx && !dy) return;
  event.preventDefault();
  const scale = scales(), far = event.shiftKey ? 10 : 1, handle = shown.handles.find((one) => one.name === event.currentTarget.dataset.name);
  const y = scale.log ? handle.y * 10 ** (dy * far / 50) : handle.y + dy * far * scale.top / KEY_STEPS;
  place(handle.name, handle.x + dx * far * Math.max(1, scale.stop / KEY_STEPS), y, true);
}

// Settings.

function drawFields() {
  const holder = $("fields"), active = document.activeElement;
  const same = [...holder.querySelectorAll("[data-name]")].map((input) => input.dataset.name).join() === shown.fields.map((field) => field.name).join();
  if (!same) holder.replaceChildren(...shown.fields.flatMap(fieldElements));
  for (const field of shown.fields) {
    const input = holder.querySelector(`[data-name="${field.name}"]`);
    if (input && input !== active) input.value = field.value;
  }
  const parts = shown.recipe === "parts" && shown.fields.length > 0;
  $("parts").hidden = !parts;
  const count = new Set(shown.fields.map((field) => field.name.split(".")[1])).size;
  $("removes").replaceChildren(...(parts && count > 1 ? Array.from({ length: count }, (_, index) => button(`Remove part ${index + 1}`, () => send("parts", { remove: index }))) : []));
}

let lastPart = null;
function fieldElements(field, index) {
  const [, part] = field.name.match(/^parts\.(\d+)\./) || [];
  const made = [];
  if (index === 0) lastPart = null;
  if (part !== undefined && part !== lastPart) made.push(Object.assign(document.createElement("span"), { className: "part", textContent: `Part ${+part + 1}` }));
  lastPart = part;
  const label = document.createElement("label"), input = document.createElement(field.kind === "shape" ? "select" : "input");
  if (field.kind === "shape") input.append(...shapes.map((shape) => new Option(shape)), ...(shapes.includes(field.value) ? [] : [new Option(field.value)]));
  input.dataset.name = field.name;
  input.title = field.kind === "length" ? "steps, 10k, 2%, or 1B tokens" : "";
  input.addEventListener("change", () => send("type", { field: field.name, value: input.value, tokens_per_step: +$("tokens").value || null }));
  label.append(field.label, input);
  made.push(label);
  return made;
}

function button(text, act) {
  const made = document.createElement("button");
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

// Numbers, words, comparison, forecast.

function drawNumbers() {
  const found = shown.numbers;
  const rows = [
    ["length", found.length === null ? "never ends" : `${number(found.length)} steps`],
    ["peak", `${rateText(found.peak)} at step ${number(found.peak_at)}`],
    ["final rate", found.final === null ? "" : rateText(found.final)],
    ["area under the curve", number(found.area)],
    ["convex bound (D = G = 1)", found.bound === null ? "" : number(found.bound)],
    ["phases", found.phases.map((phase) => `${phase.kind} to ${number(phase.stop)}`).join(", ")],
  ];
  $("numbers").replaceChildren(...rows.filter(([, value]) => value).flatMap(([name, value]) => [Object.assign(document.createElement("dt"), { textContent: name }), Object.assign(document.createElement("dd"), { textContent: value })]));
}

function drawWritten() {
  $("written").textContent = shown.written[$("form").value] || "";
}

function drawBeside() {
  $("beside").replaceChildren(...state.beside.map((text, index) => {
    const item = document.createElement("li");
    item.style.color = COLOURS[index];
    item.append(text, " ", button("Remove", () => { state.beside.splice(index, 1); send("draw"); }));
    return item;
  }));
}

function drawLosses() {
  const found = shown.forecast, holder = $("losses");
  holder.toggleAttribute("hidden", !found);
  $("notes").replaceChildren(...(found ? found.notes : shown.notes || []).map((note) => Object.assign(document.createElement("li"), { textContent: note })));
  if (!found) return;
  const stop = found.at[found.at.length - 1], from = found.at.findIndex((at) => at >= stop / 10);
  const low = Math.min(...found.low), high = Math.max(...found.high.slice(Math.max(from, 0)));
  const x = (at) => LOSS_BOX.left + at / stop * (LOSS_BOX.right - LOSS_BOX.left);
  const y = (loss) => LOSS_BOX.bottom - (Math.min(loss, high) - low) / (high - low || 1) * (LOSS_BOX.bottom - LOSS_BOX.top);
  const grid = $("loss-grid"), curves = $("loss-curves");
  grid.replaceChildren();
  curves.replaceChildren();
  for (const loss of [low, (low + high) / 2, high]) {
    element(grid, "line", { x1: LOSS_BOX.left, x2: LOSS_BOX.right, y1: y(loss), y2: y(loss) });
    element(grid, "text", { x: LOSS_BOX.left - 8, y: y(loss) + 4, "text-anchor": "end" }, loss.toFixed(3));
  }
  const last = found.loss.length - 1;
  element(grid, "text", { x: LOSS_BOX.right, y: LOSS_BOX.bottom + 24, "text-anchor": "end" }, `loss at the end ${found.loss[last].toFixed(4)} (${found.low[last].toFixed(4)} to ${found.high[last].toFixed(4)})`);
  const up = path({ x: found.at, y: found.high }, x, y), down = path({ x: [...found.at].reverse(), y: [...found.low].reverse() }, x, y);
  element(curves, "path", { class: "band", d: `${up}L${down.slice(1)}Z` });
  element(curves, "path", { class: "curve", id: "loss-curve", d: path({ x: found.at, y: found.loss }, x, y) });
}

// What the user does.

let shapes = [];
async function copy(text, what) {
  await navigator.clipboard.writeText(text);
  $("copied").textContent = `${what} copied`;
}

async function begin() {
  const known = await ask("begin", {});
  shapes = known.shapes;
  $("recipe").append(new Option("parts", "parts"), ...known.recipes.map((name) => new Option(name)));
  $("form").append(...known.forms.map((name) => new Option(name)));
  const link = new URLSearchParams(location.hash.slice(1));
  state.text = link.get("spec") || known.text;
  state.beside = link.getAll("beside");
  await send("draw");
  if (!shown) { state = { ...state, text: known.text, beside: [] }; await send("draw"); } // the link holds no schedule
}

$("recipe").addEventListener("change", () => send("choose", { recipe: $("recipe").value }));
$("text").addEventListener("change", () => send("draw", { text: $("text").value }));
$("log").addEventListener("change", drawRates);
$("tokens").addEventListener("change", drawRates);
$("over").addEventListener("change", () => { $("tokens-label").hidden = $("over").value !== "tokens"; drawRates(); });
$("form").addEventListener("change", drawWritten);
$("copy").addEventListener("click", () => copy($("written").textContent, $("form").value));
$("link").addEventListener("click", () => copy(location.href, "link"));
$("add").addEventListener("click", () => send("parts"));
$("pin").addEventListener("click", () => { if (state.beside.length < COLOURS.length) { state.beside.push(state.text); send("draw"); } });
$("import").addEventListener("click", () => send("import", { config: $("config").value }));
$("law").addEventListener("change", async () => { state.law = await $("law").files[0].text(); send("draw"); });
begin();
