// Starts the page and leads through it: tasks in, decisions out, keys to everything.

import { getNumber, getReview, postDecisions } from "./api.js";
import { i18n } from "./i18n.js";
import { listenToKeys } from "./keys.js";
import { Queue } from "./queue.js";
import { Sheet } from "./sheet.js";
import { Single } from "./single.js";

const SECTIONS = ["random", "risk", "held_back", "rest"];
const MESSAGE_MS = 6000; // as long as a sentence takes to be seen and read
const LOADING_MS = 2000; // a segmenter takes some seconds to load
const $ = (id) => document.getElementById(id);

const single = new Single();
const sheet = new Sheet((sample) => openAlone(sample));
const queue = new Queue((state) => told(state));
let screen = ""; // "single", "sheet" or "done"
let isBusy = false; // a decision is on its way: the next one waits for it
let progress = {};
let messageTimer = 0;
let segmenterTimer = 0;

// who reviews

const reviewer = () => localStorage.getItem("kizu-reviewer") ?? "";

function setReviewer(name) {
  localStorage.setItem("kizu-reviewer", name.trim());
  words();
}

/** Return the reviewer's name; asks for it where it is not known. */
function askReviewer() {
  const dialog = $("who");
  $("who-name").value = reviewer();
  dialog.showModal();
  $("who-name").select();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      if ($("who-name").value.trim()) setReviewer($("who-name").value);
      resolve(reviewer());
    }, { once: true });
  });
}

// what is shown

function say(text, kind = "") {
  clearTimeout(messageTimer);
  $("message").textContent = text;
  $("message").dataset.kind = kind;
  $("message").hidden = !text;
  messageTimer = setTimeout(() => { $("message").hidden = true; }, MESSAGE_MS);
}

const sayProblem = (error) => say(i18n.t("offline", { why: error.message }), "problem");
single.onProblem = sayProblem;

function turnTo(name) {
  screen = name;
  for (const id of ["single", "sheet", "done"]) $(id).hidden = id !== name;
}

function told(state) {
  progress = state.progress ?? progress;
  if (state.segmenter) toldOfSegmenter(state.segmenter);
  showProgress();
}

/** Offer click to mark once a segmenter is loaded; until then ask again. */
function toldOfSegmenter({ name, is_loading: isLoading }) {
  single.setSegmenter(name);
  clearTimeout(segmenterTimer);
  if (isLoading) segmenterTimer = setTimeout(async () => told(await getReview()), LOADING_MS);
}

function showProgress() {
  $("progress").replaceChildren(...SECTIONS.filter((name) => progress[name]?.total).map((name) => {
    const { total, decided } = progress[name];
    const item = document.createElement("li");
    item.dataset.section = name;
    item.title = i18n.t(`${name}_hint`);
    const label = Object.assign(document.createElement("span"), { textContent: i18n.t(name) });
    const count = Object.assign(document.createElement("b"), { textContent: `${decided} / ${total}` });
    const bar = Object.assign(document.createElement("progress"), { max: total, value: decided });
    item.append(label, count, bar);
    return item;
  }));
}

function words() {
  i18n.apply();
  $("language").textContent = i18n.language === "en" ? "日本語" : "English";
  $("language").lang = i18n.language === "en" ? "ja" : "en";
  $("who-button").textContent = i18n.t("reviewer", { name: reviewer() || "?" });
  showProgress();
  if (screen === "single") single.words();
  if (screen === "sheet") sheet.words();
}

async function showTask(task) {
  if (!task) {
    turnTo("done");
    return;
  }
  if (task.sheet) {
    turnTo("sheet");
    sheet.show(task);
    return;
  }
  const [sample] = task.samples;
  const loaded = await queue.load(sample);
  if (queue.current !== task) return; // gone on meanwhile
  turnTo("single");
  single.show(task, sample, loaded);
}

/** Go somewhere; what goes wrong is said, and the page stays where it is. */
async function go(move) {
  if (isBusy) return;
  setBusy(true);
  try {
    await move();
  } catch (error) {
    sayProblem(error);
  } finally {
    setBusy(false);
  }
}

/** Keys that come before the next sample is shown are not meant for it: they do nothing. */
function setBusy(on) {
  isBusy = on;
  document.body.setAttribute("aria-busy", on);
}

const next = () => go(async () => showTask(await queue.next()));

const previous = () => go(async () => {
  const task = queue.previous();
  if (task) await showTask(task);
  else say(i18n.t("nothing_before"));
});

const undo = () => go(async () => {
  const task = queue.lastDecided();
  if (!task) {
    say(i18n.t("nothing_decided"));
    return;
  }
  await showTask(task);
  say(i18n.t("went_back"));
});

const openAlone = (sample) => go(async () => {
  const task = { samples: [sample], section: "", sheet: "", from: sheet.task };
  queue.open(task);
  await showTask(task);
});

async function openByName(sampleId) {
  const sample = await getNumber(sampleId);
  queue.open({ samples: [sample], section: "", sheet: "" });
  await showTask(queue.current);
}

// decisions

/** Store decisions; returns what came of each. */
async function store(decisions) {
  const answer = await postDecisions({ reviewed_by: reviewer(), decisions });
  queue.markDecided(answer.results.filter((one) => one.decision).map((one) => one.number));
  told(answer);
  return answer.results;
}

const decide = (verdict) => go(async () => {
  if (!reviewer() && !(await askReviewer())) return;
  const { loaded, task } = single;
  const [result] = await store([single.result(verdict)]);
  loaded.detail.decision = result.decision;
  if (!result.stored) {
    single.showDecision();
    sayUnstored(result);
    return;
  }
  say(i18n.t("stored", { verdict: i18n.t(verdict) }), "stored");
  if (task.from) {
    noteOnSheet(task.from, result);
    await showTask(queue.close());
    return;
  }
  await showTask(await queue.next());
});

/** A sample of a sheet was decided alone: the sheet shows that, and leaves it as it is. */
function noteOnSheet(task, { number, decision }) {
  task.seen.set(number, decision);
  if (decision.verdict === "reject") task.struck.add(number);
  else task.struck.delete(number);
}

function sayUnstored({ problem, decision }) {
  if (problem === "decided_meanwhile") say(i18n.t("meanwhile", { who: decision.reviewed_by }), "problem");
  else if (problem === "nothing_marked") say(i18n.t("nothing_marked"), "problem");
  else say(i18n.t("not_stored", { why: problem }), "problem");
}

const decideSheet = () => go(async () => {
  if (!reviewer() && !(await askReviewer())) return;
  const { task } = sheet;
  const wanted = sheet.results();
  const results = wanted.length ? await store(wanted) : [];
  for (const { number, decision } of results) if (decision) task.seen.set(number, decision);
  const rest = results.filter((one) => !one.stored);
  if (rest.length) {
    say(i18n.t("sheet_kept", { stored: results.length - rest.length, rest: rest.length }), "problem");
    const left = new Set(rest.map((one) => one.number));
    task.samples = task.samples.filter((one) => left.has(one.number));
    sheet.show(task);
    return;
  }
  say(i18n.t("stored", { verdict: $("sheet-count").textContent }), "stored");
  await showTask(await queue.next());
});

// keys

const row = (keys, run, label, more = {}) => ({ keys, run, label, ...more });
const hold = (keys, set, label) => row(keys, () => set(true), label, { release: () => set(false) });

const EVERYWHERE = [
  row(["u", "Backspace"], undo, "key_undo"),
  row(["?", "Shift+?", "F1"], () => $("help").showModal(), "key_help", { shown: ["?", "F1"] }),
];

const SINGLE_KEYS = {
  decide_keys: [
    row(["a"], () => decide("accept"), "key_accept"),
    row(["r"], () => decide("reject"), "key_reject"),
    row(["ArrowRight", "j"], next, "key_next"),
    row(["ArrowLeft", "k"], previous, "key_previous"),
    row(["m"], () => single.otherMask(), "key_other"),
    row(["n"], () => $("note").focus(), "key_note"),
    ...EVERYWHERE,
  ],
  look_keys: [
    hold(["b"], (on) => single.blink(on), "key_blink"),
    hold(["h"], (on) => single.hide(on), "key_hide"),
    row(["t"], () => single.toggleHeat(), "key_heat"),
    row(["d"], () => single.toggleSideBySide(), "key_side"),
    ...[1, 2, 3, 4, 5, 6, 7].map((number) => row([`${number}`], () => single.toggleLayer(number - 1),
      number === 1 ? "key_layers" : "", { shown: number === 1 ? ["1 – 7"] : [] })),
    row(["f", "0"], () => single.view.fit(), "key_fit"),
    row(["o"], () => single.view.real(), "key_real"),
    row(["+", "=", ";"], () => single.view.zoom(1), "key_zoom", { repeats: true, shown: ["+"] }),
    row(["-"], () => single.view.zoom(-1), "", { repeats: true }),
    hold(["Space"], (on) => single.holdSpace(on), "key_pan"),
  ],
  draw_keys: [
    row(["v"], () => single.setTool("hand"), "key_hand"),
    row(["p"], () => single.setTool("brush"), "key_brush"),
    row(["e"], () => single.setTool("eraser"), "key_eraser"),
    row(["s"], () => single.setTool("click"), "key_click"),
    row(["["], () => single.resize(-1), "key_size", { repeats: true }),
    row(["]"], () => single.resize(1), "", { repeats: true }),
    row(["Mod+z"], () => single.undoStroke(), "key_undo_stroke", { repeats: true }),
    row(["Mod+Shift+z", "Mod+y"], () => single.redoStroke(), "key_redo_stroke",
      { repeats: true, shown: ["Mod+Shift+z"] }),
    row(["Delete"], () => single.clearMask(), "key_clear"),
  ],
};

const SHEET_KEYS = [
  row(["a"], decideSheet, "key_accept"),
  row(["x", "Space"], () => sheet.strike(), "key_strike"),
  row(["ArrowRight"], () => sheet.move(1, 0), "key_arrows", { repeats: true }),
  row(["ArrowLeft"], () => sheet.move(-1, 0), "", { repeats: true }),
  row(["ArrowDown"], () => sheet.move(0, 1), "", { repeats: true }),
  row(["ArrowUp"], () => sheet.move(0, -1), "", { repeats: true }),
  row(["Enter"], () => sheet.open(), "key_open"),
  row(["n", "j"], next, "key_next"),
  row(["p", "k"], previous, "key_previous"),
  hold(["b"], (on) => sheet.look(on ? "normal" : "outlined"), "key_blink"),
  hold(["h"], (on) => sheet.look(on ? "published" : "outlined"), "key_hide"),
  ...EVERYWHERE,
];

function keysOfScreen() {
  if (screen === "single") return Object.values(SINGLE_KEYS).flat();
  return screen === "sheet" ? SHEET_KEYS : EVERYWHERE;
}

const NAMES = { ArrowRight: "→", ArrowLeft: "←", ArrowUp: "↑", ArrowDown: "↓", Backspace: "⌫", Delete: "Del", Enter: "⏎" };

const keyName = (name) => NAMES[name] ?? name.replace("Mod+", "Ctrl+").replace(/(^|\+)([a-z])$/, (_, plus, letter) => plus + letter.toUpperCase());

/** Fill the help with the keys: of those that do one thing in two directions, both in one row. */
function showHelp() {
  const tables = { ...SINGLE_KEYS, sheet_keys: SHEET_KEYS.slice(0, -EVERYWHERE.length) };
  $("help-keys").replaceChildren(...Object.entries(tables).map(([title, rows]) => {
    const part = document.createElement("section");
    const list = document.createElement("dl");
    let keys = null;
    for (const one of rows) {
      if (one.label) {
        keys = document.createElement("dt");
        list.append(keys, Object.assign(document.createElement("dd"), { textContent: i18n.t(one.label) }));
      }
      const shown = one.shown ?? one.keys;
      keys.append(...shown.map((name) => Object.assign(document.createElement("kbd"), { textContent: keyName(name) })));
    }
    part.append(Object.assign(document.createElement("h3"), { textContent: i18n.t(title) }), list);
    return part;
  }));
}

function listen() {
  const clicks = {
    accept: () => decide("accept"), reject: () => decide("reject"), next, previous, undo, "done-undo": undo,
    "sheet-accept": decideSheet, "sheet-next": next, "sheet-previous": previous,
    "help-button": () => $("help").showModal(), "who-button": askReviewer,
    language: () => { i18n.toggle(); words(); showHelp(); },
  };
  for (const [id, run] of Object.entries(clicks)) $(id).addEventListener("click", run);
  listenToKeys(keysOfScreen);
  window.addEventListener("hashchange", () => location.hash.length > 1 && go(openHash));
}

const openHash = () => openByName(decodeURIComponent(location.hash.slice(1)));

async function start() {
  if (location.search) history.replaceState(null, "", location.pathname + location.hash); // the token
  listen();
  words();
  showHelp();
  const first = queue.refill(); // while the server tells of the dataset
  const review = await getReview();
  $("dataset").textContent = review.dataset;
  $("version").textContent = review.version;
  document.title = `${review.dataset} · kizu review`;
  if (review.reviewer && !reviewer()) localStorage.setItem("kizu-reviewer", review.reviewer);
  told(review);
  await first;
  await go(async () => (location.hash.length > 1 ? openHash() : showTask(await queue.next())));
  words();
  if (!reviewer()) await askReviewer();
}

start().catch(sayProblem);
