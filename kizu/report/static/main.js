// Starts the page: filters, one page of samples, one sample at full size, and the address of all.

import { chosen, filterWords, formAddress, makeFilters, readForm } from "./filters.js";
import { FullSize } from "./full_size.js";
import { PER_PAGE, drawPage } from "./grid.js";
import { i18n } from "./i18n.js";
import { listenToKeys } from "./keys.js";
import { COUNT, idOf, placeOf } from "./samples.js";

const byId = (id) => document.getElementById(id);
const form = byId("filters");
const grid = byId("cards");
const fullSize = new FullSize((by) => openSample(fullSize.at, by));
let shown = []; // places of the samples that match, in their order
let page = 0;

const pages = () => Math.max(Math.ceil(shown.length / PER_PAGE), 1);

function draw() {
  page = Math.min(Math.max(page, 0), pages() - 1);
  drawPage(grid, shown, page);
  byId("no-match").hidden = shown.length > 0;
  byId("pages").hidden = pages() < 2;
  byId("page-number").value = page + 1;
  byId("page-number").max = pages();
  byId("page-before").disabled = page === 0;
  byId("page-after").disabled = page === pages() - 1;
  grid.style.setProperty("--cell", `${form.elements.cell.value}px`);
  words();
}

function apply() {
  shown = chosen();
  draw();
}

function words() {
  byId("language").textContent = i18n.language === "ja" ? "English" : "日本語";
  byId("language").lang = i18n.language === "ja" ? "en" : "ja";
  byId("matching").textContent = i18n.t("matching", { count: shown.length, all: COUNT });
  byId("page-words").textContent = i18n.t("page");
  byId("page-count").textContent = `/ ${pages()}`;
  byId("page-before").setAttribute("aria-label", i18n.t("page_before"));
  byId("page-after").setAttribute("aria-label", i18n.t("page_after"));
}

// the address: what is shown can be sent to others

function writeAddress() {
  const state = formAddress();
  if (page) state.set("page", page + 1);
  if (fullSize.isOpen) state.set("open", idOf(fullSize.at));
  if (new URLSearchParams(location.hash.slice(1)).has("lang")) state.set("lang", i18n.language);
  history.replaceState(null, "", `#${state}`);
}

function readAddress() {
  const state = new URLSearchParams(location.hash.slice(1));
  if (["en", "ja"].includes(state.get("lang"))) i18n.language = state.get("lang");
  speak();
  readForm(state);
  page = Number(state.get("page") ?? 1) - 1 || 0;
  apply();
  const at = state.has("open") ? placeOf(state.get("open")) : -1;
  if (at >= 0) openSample(at);
}

function speak() {
  i18n.apply();
  filterWords();
}

function turnTo(wanted) {
  page = wanted;
  draw();
  writeAddress();
  byId("table").scrollIntoView({ block: "start" });
}

// one sample

/** Open the sample that comes so many after one; the page follows, so that closing leads back to it. */
function openSample(at, by = 0) {
  const place = shown.indexOf(at);
  const outside = by && shown.length ? shown[0] : at; // it was opened by a link, whatever the filter
  const next = place < 0 ? outside : shown[(place + by + shown.length) % shown.length];
  const found = shown.indexOf(next);
  if (found >= 0 && Math.floor(found / PER_PAGE) !== page) {
    page = Math.floor(found / PER_PAGE);
    draw();
  }
  fullSize.show(next, found < 0 ? "" : `${found + 1} / ${shown.length}`);
  writeAddress();
}

fullSize.dialog.addEventListener("close", () => {
  writeAddress();
  const film = grid.querySelector(`[data-at="${fullSize.at}"] .film`);
  film?.scrollIntoView({ block: "nearest" });
  film?.focus({ preventScroll: true });
});

grid.addEventListener("click", ({ target }) => {
  const card = target.closest(".film")?.closest(".card");
  if (card) openSample(Number(card.dataset.at));
});

function moveFocus(by) {
  const films = [...grid.querySelectorAll(".film")];
  const at = films.indexOf(document.activeElement);
  films[at < 0 ? 0 : at + by]?.focus();
}

const FULL_SIZE_KEYS = [
  { keys: ["ArrowLeft"], run: () => fullSize.acts.previous() },
  { keys: ["ArrowRight"], run: () => fullSize.acts.next() },
  { keys: ["b"], run: () => fullSize.turn(true), release: () => fullSize.turn(false) },
  { keys: ["l"], run: () => fullSize.acts.blink() },
  { keys: ["s"], run: () => fullSize.acts.side() },
  { keys: ["t"], run: () => fullSize.acts.heat() },
  { keys: ["o"], run: () => fullSize.toggleOutlines() },
  { keys: ["f", "0"], run: () => fullSize.view.fit() },
  { keys: ["z"], run: () => fullSize.view.real() },
  { keys: ["+", "="], run: () => fullSize.view.zoom(1), repeats: true },
  { keys: ["-"], run: () => fullSize.view.zoom(-1), repeats: true },
  ...[1, 2, 3, 4, 5, 6, 7].map((number) => ({ keys: [`${number}`], run: () => fullSize.toggleLayer(number - 1) })),
];
const GRID_KEYS = [
  { keys: ["ArrowLeft"], run: () => moveFocus(-1), repeats: true },
  { keys: ["ArrowRight"], run: () => moveFocus(1), repeats: true },
  { keys: ["PageUp"], run: () => page > 0 && turnTo(page - 1) },
  { keys: ["PageDown"], run: () => page < pages() - 1 && turnTo(page + 1) },
];
const isInGrid = () => grid.contains(document.activeElement);

listenToKeys(() => (fullSize.isOpen ? FULL_SIZE_KEYS : isInGrid() ? GRID_KEYS : []), { inDialogs: true });

form.addEventListener("input", () => { page = 0; apply(); writeAddress(); });
form.addEventListener("submit", (event) => event.preventDefault());
byId("clear").addEventListener("click", () => { form.reset(); page = 0; apply(); writeAddress(); });
byId("page-before").addEventListener("click", () => turnTo(page - 1));
byId("page-after").addEventListener("click", () => turnTo(page + 1));
byId("page-number").addEventListener("change", () => turnTo(Number(byId("page-number").value) - 1 || 0));
byId("language").addEventListener("click", () => {
  i18n.toggle();
  filterWords();
  draw();
  fullSize.words();
  writeAddress();
});
addEventListener("hashchange", readAddress);

i18n.words = JSON.parse(byId("words").textContent);
makeFilters();
byId("language").hidden = byId("table").hidden = false;
if (matchMedia("(max-width: 860px)").matches) byId("rail-fold").open = false;
readAddress();
