// One page of samples. Only what is on it is in the document: pictures of others are not held.

import { i18n } from "./i18n.js";
import {
  METRICS, explanationOf, filmOf, idOf, metricLabel, metricOf, metricText, panelsOf, reasonOf, rowsOf,
  sizeOf, valueOf,
} from "./samples.js";

export const PER_PAGE = 48;
const LONGEST = 1.6; // width over height of a film's cells, and the other way round
const make = (tag, className = "", text = "") => Object.assign(document.createElement(tag), { className, textContent: text });

export const badge = (verdict) => make("span", `badge ${verdict}`, i18n.t(verdict));
export const panelWords = (panel) => i18n.t(`${panel}_picture`);

/** Return a list of metrics with their labels, those that are known. */
export function metricList(metrics) {
  const list = make("dl", "metrics");
  for (const [name, value] of metrics) {
    if (value === null || value === undefined) continue;
    const pair = make("div");
    pair.append(make("dt", "", metricLabel(name)), make("dd", "", metricText(name, value)));
    list.append(pair);
  }
  return list;
}

/** Return what stands at the head of a sample. */
export function headOf(at) {
  const why = make("span", "why");
  why.append(badge(valueOf("verdict", at)), ` ${reasonOf(valueOf("reason", at))}`);
  return [why, make("h3", "", valueOf("defect", at)), make("code", "", idOf(at))];
}

function film(at) {
  const panels = panelsOf(at);
  const [width, height] = sizeOf(at);
  const aspect = Math.min(Math.max(width / height, 1 / LONGEST), LONGEST);
  const button = Object.assign(make("button", "film"), { type: "button" });
  button.setAttribute("aria-label", i18n.t("open", { id: idOf(at) }));
  button.style.setProperty("--panels", panels.length);
  const heads = make("span", "heads");
  heads.append(...panels.map((panel) => make("span", "", panelWords(panel))));
  const picture = make("span", "strip");
  const image = Object.assign(make("img"), { alt: "", decoding: "async", src: filmOf(at) });
  image.style.aspectRatio = (aspect * panels.length) / rowsOf(at);
  picture.append(image);
  if (rowsOf(at) > 1) picture.classList.add("two");
  button.append(heads, picture);
  return button;
}

function card(at) {
  const article = make("article", "card");
  article.dataset.at = at;
  article.dataset.id = idOf(at);
  const head = make("header");
  head.append(...headOf(at));
  const words = make("div", "words");
  words.append(make("p", "explanation", explanationOf(at)), make("p", "prompt", valueOf("prompt", at)));
  const metrics = METRICS.map((name) => [name, metricOf(name, at)]);
  words.append(metricList([...metrics, ["reviewed_by", valueOf("reviewer", at) || null]]));
  article.append(head, film(at), words);
  return article;
}

/** Put a page of the samples into the document. */
export function drawPage(grid, shown, page) {
  grid.replaceChildren(...shown.slice(page * PER_PAGE, (page + 1) * PER_PAGE).map(card));
}
