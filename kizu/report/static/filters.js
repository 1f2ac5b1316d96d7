// Which samples are shown, in which order: the form is the state, and the address keeps it.

import { i18n } from "./i18n.js";
import {
  COUNT, METRICS, builtOf, idOf, metricLabel, metricOf, numberOf, reasonOf, sizeClassLabel, sizeClassOf,
  tableOf,
} from "./samples.js";

const LONG = 16; // choices of one filter; the rarer ones are folded
const FACETS = ["verdict", "reason", "defect", "finder", "reviewer", "size"];
const TEXTS = ["prompt", "defect", "reason", "photo", "reviewer"];
const PROPOSED = 50; // photos
const BITS = Object.fromEntries([...FACETS, "photo", "q"].map((name, bit) => [name, 1 << bit]));

const form = document.getElementById("filters");
const make = (tag, values = {}) => Object.assign(document.createElement(tag), values);
const boxes = {}; // by facet and value: { input, count, label, row }

const VERDICTS = ["accept", "review", "reject"];
const keysOf = {
  verdict: () => VERDICTS,
  reason: () => byCount("reason"),
  defect: () => byCount("defect"),
  finder: () => [...tableOf("annotator"), ""],
  reviewer: () => byCount("reviewer"),
  size: () => [...new Array(6).keys()].map(String),
};

/** Return a table's values, the most frequent first. */
function byCount(column) {
  const table = tableOf(column);
  const counts = new Uint32Array(table.length);
  for (let at = 0; at < COUNT; at++) counts[numberOf(column, at)]++;
  return [...table.keys()].sort((a, b) => counts[b] - counts[a]).map((one) => table[one]);
}

const labelOf = {
  verdict: (value) => i18n.t(value),
  reason: reasonOf,
  defect: (value) => value,
  finder: (value) => value || i18n.t("nobody"),
  reviewer: (value) => value || i18n.t("nobody"),
  size: (value) => sizeClassLabel(Number(value)),
};

/** Make the controls, once. */
export function makeFilters() {
  const facets = document.getElementById("facets");
  for (const facet of FACETS) {
    const values = keysOf[facet]();
    if (["finder", "reviewer"].includes(facet) && values.length < 2) continue;
    const set = make("fieldset");
    set.dataset.facet = facet;
    set.append(make("legend"));
    boxes[facet] = new Map();
    values.forEach((value, number) => {
      const row = make("label", { className: "choice" });
      const input = make("input", { type: "checkbox", name: facet, value });
      const label = make("span", { className: facet === "verdict" ? `badge ${value}` : "" });
      const count = make("b");
      row.append(input, label, count);
      row.dataset.rare = number >= LONG;
      boxes[facet].set(value, { input, label, count, row });
      set.append(row);
    });
    facets.append(set);
  }
  form.elements.photo.closest("label").hidden = tableOf("photo").length < 2;
  const sort = document.getElementById("sort");
  for (const value of ["", "built", ...METRICS]) sort.append(make("option", { value }));
}

/** Put the words of the controls into the page. */
export function filterWords() {
  for (const [facet, choices] of Object.entries(boxes)) {
    form.querySelector(`fieldset[data-facet="${facet}"] legend`).textContent = i18n.t(facet);
    for (const [value, { label }] of choices) label.textContent = labelOf[facet](value);
  }
  form.elements.q.placeholder = i18n.t("search_hint");
  form.elements.photo.placeholder = i18n.t("all_photos");
  const own = { "": "fair_mix", built: "as_built" };
  for (const option of document.querySelectorAll("#sort option")) {
    const { value } = option;
    option.textContent = value in own ? i18n.t(own[value]) : metricLabel(value);
  }
}

function wishes() {
  const data = new FormData(form);
  return {
    facets: Object.fromEntries(FACETS.map((facet) => [facet, new Set(data.getAll(facet))])),
    photo: data.get("photo").toLowerCase(),
    terms: data.get("q").toLowerCase().split(/\s+/).filter(Boolean),
    sort: data.get("sort"),
    reverse: data.has("reverse"),
  };
}

/** Return what tells whether a sample has all terms, in its name or in one of its texts. */
function searcher(terms) {
  const said = { reason: (value) => `${value} ${reasonOf(value)}` };
  const texts = [...TEXTS, "phrase"].map((column) => {
    const table = tableOf(column).map((value) => (said[column]?.(value) ?? value).toLowerCase());
    return [column, terms.map((term) => table.map((text) => text.includes(term)))];
  });
  return (at) => terms.every((term, number) => {
    if (idOf(at).toLowerCase().includes(term)) return true;
    return texts.some(([column, has]) => {
      const found = numberOf(column, at);
      return Array.isArray(found) ? found.some((one) => has[number][one]) : has[number][found];
    });
  });
}

/** Return what gives the choices of a facet that a sample has, as values of the form. */
function reader(facet) {
  if (facet === "size") return (at) => [String(sizeClassOf(at))];
  const table = tableOf(facet);
  if (facet !== "finder") return (at) => [table[numberOf(facet, at)]];
  return (at) => {
    const found = numberOf("finder", at);
    return found.length ? found.map((one) => table[one]) : [""];
  };
}

/** Propose some of the photos that match what was typed; all of them would be too many. */
function proposePhotos(matches) {
  const names = [];
  for (let at = 0; at < matches.length && names.length < PROPOSED; at++) {
    if (matches[at]) names.push(tableOf("photo")[at]);
  }
  const options = names.map((name) => make("option", { value: name }));
  document.getElementById("photos").replaceChildren(...options);
}

/** Return the samples that the form asks for, in its order, and count every choice. */
export function chosen() {
  const wish = wishes();
  const facets = Object.keys(boxes).map((facet) => ({ bit: BITS[facet], read: reader(facet), wanted: wish.facets[facet], counts: new Map(), choices: boxes[facet] }));
  const isFound = wish.terms.length ? searcher(wish.terms) : () => true;
  const photos = tableOf("photo").map((name) => name.toLowerCase().includes(wish.photo));
  proposePhotos(photos);
  const shown = [];
  for (let at = 0; at < COUNT; at++) {
    let fails = (isFound(at) ? 0 : BITS.q) | (photos[numberOf("photo", at)] ? 0 : BITS.photo);
    const has = facets.map(({ read }) => read(at));
    facets.forEach(({ bit, wanted }, i) => {
      if (wanted.size && !has[i].some((value) => wanted.has(value))) fails |= bit;
    });
    if (!fails) shown.push(at);
    facets.forEach(({ bit, counts }, i) => {
      if (fails & ~bit) return;
      for (const value of has[i]) counts.set(value, (counts.get(value) ?? 0) + 1);
    });
  }
  for (const { choices, counts } of facets) {
    for (const [value, { count, row, input }] of choices) {
      const found = counts.get(value) ?? 0;
      count.textContent = found;
      row.classList.toggle("zero", !found);
      row.hidden = row.dataset.rare === "true" && !input.checked && !found;
    }
  }
  return inOrder(shown, wish);
}

function inOrder(shown, { sort, reverse }) {
  if (!sort) return reverse ? shown.reverse() : shown;
  const key = sort === "built" ? builtOf : (at) => metricOf(sort, at);
  const sign = reverse ? -1 : 1;
  const known = (at) => key(at) !== null;
  return shown.sort((a, b) => known(b) - known(a) || (known(a) && sign * (key(a) - key(b))) || a - b);
}

/** Return the form's part of the address. */
export function formAddress() {
  const state = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (value && !(name === "cell" && value === form.elements.cell.defaultValue)) state.append(name, value);
  }
  return state;
}

/** Fill the form by an address. */
export function readForm(state) {
  for (const input of form.elements) {
    if (input.type === "checkbox") input.checked = state.getAll(input.name).includes(input.value);
    else if (input.name) input.value = state.get(input.name) ?? (input.name === "cell" ? input.defaultValue : "");
  }
}
