"use strict";
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

const FACETS = ["verdict", "defect", "reason"];
const form = $("#filters");
const grid = $("#cards");
const samples = $$(".card").map((card, order) => ({
  card,
  order,
  id: card.dataset.id,
  values: Object.fromEntries(FACETS.map((facet) => [facet, card.dataset[facet]])),
  metrics: JSON.parse(card.dataset.metrics),
  text: card.textContent.toLowerCase(),
}));
let shown = samples;

/* Filters: the form is the state, the address keeps it. */

function wishes() {
  const data = new FormData(form);
  return {
    facets: Object.fromEntries(FACETS.map((facet) => [facet, new Set(data.getAll(facet))])),
    terms: data.get("q").toLowerCase().split(/\s+/).filter(Boolean),
    sort: data.get("sort"),
    reverse: data.has("reverse"),
  };
}

function matches(sample, wish, except) {
  return (
    wish.terms.every((term) => sample.text.includes(term)) &&
    FACETS.every((facet) => {
      const wanted = wish.facets[facet];
      return facet === except || !wanted.size || wanted.has(sample.values[facet]);
    })
  );
}

function inOrder(list, { sort, reverse }) {
  const sign = reverse ? -1 : 1;
  if (!sort) return reverse ? [...list].reverse() : list;
  const known = (sample) => sample.metrics[sort] !== undefined;
  return [...list].sort(
    (a, b) =>
      known(b) - known(a) || (known(a) && sign * (a.metrics[sort] - b.metrics[sort])) || a.order - b.order,
  );
}

function countChoices(wish) {
  for (const facet of FACETS) {
    const pool = samples.filter((sample) => matches(sample, wish, facet));
    for (const input of $$(`input[name="${facet}"]`, form)) {
      const count = pool.filter((sample) => sample.values[facet] === input.value).length;
      const label = input.closest("label");
      $("b", label).textContent = count;
      label.classList.toggle("zero", !count);
    }
  }
}

function apply() {
  const wish = wishes();
  const ordered = inOrder(samples, wish);
  shown = ordered.filter((sample) => matches(sample, wish));
  const visible = new Set(shown);
  for (const sample of ordered) sample.card.hidden = !visible.has(sample);
  if ($$(".card", grid).some((card, at) => card !== ordered[at].card)) {
    grid.prepend(...ordered.map((sample) => sample.card));
  }
  countChoices(wish);
  const status = $("#matching");
  status.textContent = status.dataset.text.replace("{count}", shown.length).replace("{all}", samples.length);
  $("#no-match").hidden = shown.length > 0;
  grid.style.setProperty("--cell", `${form.elements.size.value}px`);
}

function writeAddress() {
  const state = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (value && !(name === "size" && value === form.elements.size.defaultValue)) state.append(name, value);
  }
  if (viewer.open) state.set("open", current().id);
  history.replaceState(null, "", `#${state}`);
}

function readAddress() {
  const state = new URLSearchParams(location.hash.slice(1));
  for (const input of form.elements) {
    if (input.type === "checkbox") input.checked = state.getAll(input.name).includes(input.value);
    else if (input.name) input.value = state.get(input.name) ?? (input.name === "size" ? input.defaultValue : "");
  }
  apply();
  const at = shown.findIndex((sample) => sample.id === state.get("open"));
  if (at >= 0) openViewer(at);
}

function change() {
  apply();
  writeAddress();
}

/* Large view */

const viewer = $("#viewer");
const stage = $("#stage");
const NAMES = JSON.parse($("#names").textContent);
const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const BLINK_MS = 700;
const view = { at: 0, layer: "outlined", detail: false, blink: false, timer: 0 };
const current = () => shown[view.at];

function openViewer(at) {
  view.at = at;
  if (!viewer.open) viewer.showModal();
  viewer.focus();
  draw();
}

function draw() {
  const { card } = current();
  const panels = card.dataset.panels.split(" ").filter(Boolean);
  const close = view.detail && panels.length > 0;
  const layer = view.layer === "heat" && !$("img.heat", card) ? "edited" : view.layer;
  const [left, right] = $$("figure", stage);
  fill(left, card, $("img.normal", card) ? "normal" : "edited", close && panels);
  fill(right, card, layer, close && panels);
  $("#viewer-head").replaceChildren(...$("header", card).cloneNode(true).childNodes);
  $("#viewer-head h3").id = "viewer-name";
  $("#viewer-words").replaceChildren(...$(".words", card).cloneNode(true).childNodes);
  $("#viewer-place").textContent = `${view.at + 1} / ${shown.length}`;
  stage.classList.toggle("blink", view.blink);
  viewer.dataset.layer = layer;
  press('[data-act="blink"]', view.blink);
  press('[data-act="detail"]', close).disabled = !panels.length;
  for (const name of ["edited", "outlined", "heat"]) press(`[data-layer="${name}"]`, name === layer);
  $('[data-layer="heat"]').disabled = !$("img.heat", card);
  writeAddress();
}

function press(selector, pressed) {
  const button = $(selector, viewer);
  button.setAttribute("aria-pressed", pressed);
  return button;
}

/* A picture fills its pane; of an enlarged strip the pane shows one panel. */
function fill(pane, card, layer, panels) {
  const source = $(panels ? "img.strip" : `img.${layer}`, card).src;
  const [count, place] = panels ? [panels.length, panels.indexOf(layer)] : [1, 0];
  const probe = new Image();
  pane.wanted = probe;
  probe.onload = () => {
    if (pane.wanted !== probe) return;
    const width = probe.naturalWidth / count;
    const image = $("image", pane);
    image.setAttribute("href", source);
    image.setAttribute("width", probe.naturalWidth);
    image.setAttribute("height", probe.naturalHeight);
    image.style.clipPath = `inset(0 ${(count - 1 - place) * width}px 0 ${place * width}px)`;
    const svg = $("svg", pane);
    svg.setAttribute("viewBox", `${place * width} 0 ${width} ${probe.naturalHeight}`);
    svg.setAttribute("aria-label", NAMES[layer]);
  };
  probe.src = source;
  $("figcaption", pane).textContent = NAMES[layer];
}

function setBlink(on) {
  clearInterval(view.timer);
  if (on && CALM.matches && view.blink) return stage.classList.toggle("flip");
  if (on && view.layer === "outlined") view.layer = "edited";
  view.blink = on;
  if (on && !CALM.matches) view.timer = setInterval(() => stage.classList.toggle("flip"), BLINK_MS);
  draw();
}

const acts = {
  previous: () => step(-1),
  next: () => step(1),
  close: () => viewer.close(),
  blink: () => setBlink(CALM.matches || !view.blink),
  detail: () => { view.detail = !view.detail; draw(); },
};

function step(by) {
  view.at = (view.at + by + shown.length) % shown.length;
  draw();
}

function show(layer) {
  view.layer = view.layer === layer ? "edited" : layer;
  draw();
}

viewer.addEventListener("click", ({ target, detail }) => {
  const { act, layer } = target.dataset;
  if (act) acts[act]();
  if (layer && target !== viewer) { view.layer = layer; draw(); }
  if (detail && viewer.open) viewer.focus();
});

viewer.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === " " && event.target.closest("button")) return;
  const act = {
    ArrowLeft: acts.previous, ArrowRight: acts.next, ArrowUp: acts.previous, ArrowDown: acts.next,
    " ": acts.blink, b: acts.blink, d: acts.detail, o: () => show("outlined"), h: () => show("heat"),
  }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

viewer.addEventListener("close", () => {
  clearInterval(view.timer);
  view.blink = false;
  writeAddress();
  current().card.scrollIntoView({ block: "nearest" });
  $(".film", current().card).focus({ preventScroll: true });
});

/* The light-table */

grid.addEventListener("click", ({ target }) => {
  const film = target.closest(".film");
  if (film) openViewer(shown.findIndex(({ card }) => card === film.closest(".card")));
});

grid.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const at = shown.findIndex(({ card }) => card.contains(document.activeElement));
  const next = by && shown[at + by];
  if (!next) return;
  event.preventDefault();
  $(".film", next.card).focus();
});

form.addEventListener("input", change);
form.addEventListener("submit", (event) => event.preventDefault());
$("#clear").addEventListener("click", () => { form.reset(); change(); });
addEventListener("hashchange", readAddress);
form.hidden = false;
if (matchMedia("(max-width: 860px)").matches) $("#rail-fold").open = false;
readAddress();
