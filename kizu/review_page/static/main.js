// Starts the page and leads through it: tasks in, decisions out, keys to everything.

import { ApiError, getNumber, getReview, postDecisions } from "./api.js";
import { i18n } from "./i18n.js";
import { listenToKeys } from "./keys.js";
import { Queue, keyOf } from "./queue.js";
import { Sheet } from "./sheet.js";
import { Single } from "./single.js";
import { WORDS } from "./words.js";

i18n.words = WORDS;

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
const failed = new Set(); // tasks that could not be loaded since the person last asked for one

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

/** Say what the server says, or that it says nothing. */
function sayProblem(error) {
  say(error instanceof ApiError ? error.message : i18n.t("offline", { why: error.message }), "problem");
}

single.onProblem = sayProblem;

function turnTo(name) {
  screen = name;
  for (const id of ["single", "sheet", "done"]) $(id).hidden = id !== name;
}

function told(state) {
  progress = state.progress ?? progress;
  if (state.segmenter) toldOfSegmenter(state.segmenter);
  showProgress();
  if (screen === "done" && queue.ahead.some((task) => !failed.has(keyOf(task)))) go(showNext);
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

/** Show a task and tell whether that went well; if not, the reason is said. */
async function isShown(task) {
  try {
    await showTask(task);
    failed.delete(keyOf(task));
    return true;
  } catch (error) {
    failed.add(keyOf(task));
    sayProblem(error);
    return false;
  }
}

/** Show the next task that can be loaded; one that comes again and could not be ends the search. */
async function showNext() {
  for (;;) {
    const task = await queue.next();
    if (!task || failed.has(keyOf(task))) {
      await showTask(null);
      return;
    }
    if (await isShown(task)) return;
  }
}

/** Show the task before that can be loaded. */
async function showPrevious() {
  const from = queue.position;
  for (let task = queue.previous(); task; task = queue.previous()) {
    if (await isShown(task)) return;
  }
  const isFirst = queue.position === from;
  queue.position = from;
  if (isFirst) say(i18n.t("nothing_before"));
}

/** Go where the person asks; what could not be loaded before is tried again. */
const walk = (move) => go(async () => {
  failed.clear();
  await move();
});

const next = () => walk(showNext);
const previous = () => walk(showPrevious);

const undo = () => go(async () => {
  const task = queue.lastDecided();
  if (!task) {
    say(i18n.t("nothing_decided"));
    return;
  }
  await showTask(task);
  say(i18n.t("went_back"));
});

/** Put a task before the person that is not next; if it cannot be loaded it is not there at all. */
async function open(task) {
  queue.open(task);
  try {
    await showTask(task);
  } catch (error) {
    queue.close();
    throw error;
  }
}

const openAlone = (sample) =>
  go(() => open({ samples: [sample], section: "", sheet: "", from: sheet.task }));

async function openByName(sampleId) {
  const sample = await getNumber(sampleId);
  await open({ samples: [sample], section: "", sheet: "" });
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
  if (result.decision) loaded.detail.decision = result.decision;
  if (!result.stored) {
    single.showDecision();
    say(unstoredWords(result), "problem");
    return;
  }
  single.markStored();
  say(i18n.t("stored", { verdict: i18n.t(verdict) }), "stored");
  if (task.from) {
    sheet.note(task.from, result.number, result.decision); // the sheet leaves it as it is
    await showTask(queue.close());
    return;
  }
  await showNext();
});

/** Return the sentence for a decision that is not stored. */
function unstoredWords({ problem, decision }) {
  if (problem === "decided_meanwhile" && decision) return i18n.t("meanwhile", { who: decision.reviewed_by });
  if (["nothing_marked", "built_anew"].includes(problem)) return i18n.t(problem);
  return i18n.t("not_stored", { why: problem });
}

/** Return the sentences for those of a sheet that are not stored, each once. */
function sheetWords(rest) {
  const isMeanwhile = ({ problem, decision }) => problem === "decided_meanwhile" && decision;
  const people = new Set(rest.filter(isMeanwhile).map((one) => one.decision.reviewed_by));
  const words = rest.filter((one) => !isMeanwhile(one)).map(unstoredWords);
  if (people.size) words.push(i18n.t("sheet_meanwhile", { who: [...people].join(", ") }));
  return [...new Set(words)].join(" ");
}

const decideSheet = () => go(async () => {
  if (!reviewer() && !(await askReviewer())) return;
  const { task } = sheet;
  const wanted = sheet.results();
  const results = wanted.length ? await store(wanted) : [];
  for (const { number, decision, stored } of results) {
    if (decision && stored) sheet.note(task, number, decision);
    else if (decision) sheet.note(task, number, decision, decision.reviewed_by);
  }
  const rest = results.filter((one) => !one.stored);
  if (rest.length) {
    const kept = i18n.t("sheet_kept", { stored: results.length - rest.length, rest: rest.length });
    say(`${kept} ${sheetWords(rest)}`, "problem");
    sheet.show(task);
    return;
  }
  say(i18n.t("stored", { verdict: $("sheet-count").textContent }), "stored");
  await showNext();
});

// keys

const row = (keys, run, label, more = {}) => ({ keys, run, label, ...more });
const hold = (keys, set, label) => row(keys, () => set(true), label, { release: () => set(false) });

const EVERYWHERE = [
  row(["ArrowRight", "j"], next, "key_next"),
  row(["ArrowLeft", "k"], previous, "key_previous"),
  row(["u", "Backspace"], undo, "key_undo"),
  row(["?", "Shift+?", "F1"], () => $("help").showModal(), "key_help", { shown: ["?", "F1"] }),
];

const SINGLE_KEYS = {
  decide_keys: [
    row(["a"], () => decide("accept"), "key_accept"),
    row(["r"], () => decide("reject"), "key_reject"),
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
  if (screen === "single" && single.isDrawing) return []; // a stroke is ended before anything else
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
  window.addEventListener("beforeunload", (event) => { if (single.hasDrafts) event.preventDefault(); });
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
  if (location.hash.length > 1) await go(openHash);
  if (!screen) await go(showNext); // also where what was asked for by name cannot be shown
  words();
  if (!reviewer()) await askReviewer();
}

start().catch(sayProblem);
