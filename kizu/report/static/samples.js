// The samples of the page's index: columns of numbers and texts, read as they are needed.

import { i18n } from "./i18n.js";

const element = document.getElementById("index");
const INDEX = JSON.parse(element.textContent);
element.remove(); // its text is not needed twice
const EMBEDDED = JSON.parse(document.getElementById("embedded").textContent);
const SIZES = [0, 0.001, 0.005, 0.02, 0.1, Infinity]; // shares of the image: bounds of the classes

export const COUNT = INDEX.ids.length;
export const METRICS = Object.keys(INDEX.metrics);
export const inLanguage = (pair) => pair[i18n.language === "ja" ? 1 : 0];
export const tableOf = (column) => INDEX.values[column];
export const numberOf = (column, at) => INDEX.columns[column][at];
export const valueOf = (column, at) => INDEX.values[column][INDEX.columns[column][at]];
export const valuesOf = (column, at) => INDEX.columns[column][at].map((one) => INDEX.values[column][one]);
export const metricOf = (name, at) => INDEX.metrics[name][at];
export const idOf = (at) => INDEX.ids[at];
export const placeOf = (id) => INDEX.ids.indexOf(id);
export const builtOf = (at) => INDEX.built[at];
export const rowsOf = (at) => INDEX.rows[at];
export const sizeOf = (at) => INDEX.sizes[at];
export const panelsOf = (at) => valueOf("panels", at).split(" ");
export const reasonOf = (reason) => inLanguage(INDEX.reasons[reason] ?? [reason, reason]);
export const explanationOf = (at) => inLanguage(INDEX.explanations[numberOf("explanation", at)]);
export const metricLabel = (name) => inLanguage(INDEX.metric_labels[name] ?? [name, name]);

/** Return the class of a label's size: 0 for no label, then by its share of the image. */
export function sizeClassOf(at) {
  const share = INDEX.metrics.area_fraction?.[at];
  if (!share) return 0;
  return SIZES.findIndex((bound) => share < bound);
}

export function sizeClassLabel(number) {
  if (!number) return i18n.t("no_label");
  const percent = (share) => `${Number((100 * share).toPrecision(2))} %`;
  if (number === 1) return `< ${percent(SIZES[1])}`;
  if (number === SIZES.length - 1) return `≥ ${percent(SIZES[number - 1])}`;
  return `${percent(SIZES[number - 1])} – ${percent(SIZES[number])}`;
}

/** Return a metric as it is read: three digits, thousands apart, fractions in percent. */
export function metricText(name, value) {
  if (value === null || value === undefined) return "-";
  if (typeof value === "string") return value;
  if (name.endsWith("_fraction")) return `${Number((100 * value).toPrecision(3))} %`;
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

// files: beside the page, or inside it

const folderOf = (at) => `../cards/${INDEX.keys[at].slice(0, 2)}/${INDEX.keys[at]}`;
const quoted = (at) => encodeURIComponent(idOf(at)).replaceAll("*", "%2A");
const addressOf = (short, at) => short && short.replaceAll("*", quoted(at));
const webp = (base64) => base64 && `data:image/webp;base64,${base64}`;

export const filmOf = (at) => (EMBEDDED ? webp(EMBEDDED[idOf(at)]?.film) : `${folderOf(at)}.webp`);

/** Return where a sample's pictures are at full size; "" for those that there are not. */
export function picturesOf(at) {
  if (EMBEDDED) {
    const { normal, published } = EMBEDDED[idOf(at)] ?? {};
    return { normal: webp(normal) ?? "", published: webp(published) ?? "" };
  }
  return { normal: valueOf("normal", at), published: addressOf(INDEX.images[at], at) };
}

/** Return the addresses that a person may open: of the files themselves, where they lie beside. */
export function linksOf(at) {
  if (EMBEDDED) return [];
  const links = [
    ["published_file", addressOf(INDEX.images[at], at)],
    ["normal_file", valueOf("normal", at)],
    ["mask_file", addressOf(INDEX.masks[at], at)],
  ];
  return links.filter(([, address]) => address);
}

/**
 * Load what is laid over a sample at full size, and all that is said of it. Pages that are opened
 * from disk may read no file, but they may run one: each calls kizuCard with what it holds.
 */
export function loadEvidence(at) {
  if (EMBEDDED) return Promise.resolve(EMBEDDED[idOf(at)]?.card ?? null);
  return new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = `${folderOf(at)}.js`;
    script.onload = () => { script.remove(); resolve(loaded); };
    script.onerror = () => { script.remove(); resolve(null); };
    document.head.append(script);
  });
}

let loaded = null; // by the script that has just run
window.kizuCard = (card) => { loaded = card; };
