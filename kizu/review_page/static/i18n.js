// Words of the page in English and Japanese.

const WORDS = {
  en: {
    progress: "Progress", help: "Keys and help", close: "Close", picture: "Picture; keys: press ?",
    zoom: "Zoom", zoom_in: "Zoom in", zoom_out: "Zoom out", fit: "Fit", side_by_side: "Side by side", blink: "Hold: normal",
    decide: "Decide", outlines: "Outlines", label: "Label", heat: "Evidence of change", opacity: "Opacity",
    mask: "Mask", tools: "Tools", hand: "Move", brush: "Brush", eraser: "Eraser", click: "Click to mark", size: "Size",
    undo_stroke: "Undo stroke (Ctrl+Z)", redo_stroke: "Redo stroke (Ctrl+Shift+Z)", other_mask: "Next mask", clear: "Clear",
    note: "Note", accept: "Accept", reject: "Reject", previous: "Back", next: "Skip", undo: "Undo",
    normal: "Normal", edited: "Edited", edited_only: "Edited (no normal image)", heat_shown: "Evidence",
    random: "Random draw", risk: "Riskiest accepted", held_back: "Held back, clear", rest: "Waiting for review", chosen: "Chosen",
    random_hint: "Random draws prove how many of the accepted are wrong.",
    risk_hint: "Most wrong ones are among these. They do not count for the proof.",
    held_back_hint: "The change is clear, but nobody confirmed what it is.",
    rest_hint: "The rule cannot tell; look closely.", chosen_hint: "Opened by its name.",
    question: "{type}: right kind, right mask?", rule_accept: "The rule accepts", rule_review: "The rule cannot tell", rule_reject: "The rule rejects",
    decided_accept: "{who} accepted this on {when}.", decided_reject: "{who} rejected this on {when}.", decided_again: "A new decision takes its place.",
    meanwhile: "{who} has decided on this meanwhile. Decide again to take its place, or skip.",
    built_anew: "The dataset was built anew meanwhile. Load the page again to go on.",
    sheet_meanwhile: "Decided by {who} meanwhile, and marked as they decided: A leaves that, another mark takes its place.", decided_by: "{who} decided",
    nothing_marked: "Nothing is marked. Draw the defect, or reject.", not_stored: "Not stored: {why}",
    mask_published: "As published: {px} px", mask_drawn: "Changed by you: {px} px", mask_other: "{name}: {px} px",
    source_published: "published label", source_union: "label or {name}", source_intersection: "label and {name}",
    segmenting: "Marking…", clicked: "Click adds, Shift+click takes away, drag draws a box; S begins another object.",
    sheet: "Contact sheet", sheet_question: "Strike out what is not: {type}", sheet_hint: "Click, or arrow keys and X, strikes out; A accepts the others. Hold B: normal, hold H: no outline. Enter opens one alone.",
    accept_others: "Accept {yes}, reject {no}", struck: "struck out", sheet_kept: "{stored} stored; {rest} could not be, they are still shown.",
    done: "Everything is decided.", done_hint: "The next build takes the decisions in:",
    who: "Who reviews?", who_hint: "Your name is stored with every decision.", start: "Start", reviewer: "Reviewer: {name}",
    nothing_before: "Nothing before this.", nothing_decided: "Nothing decided to go back to.", went_back: "Your last decision. Decide again to change it.",
    stored: "Stored: {verdict}.", offline: "The server does not answer: {why}",
    key_accept: "Accept", key_reject: "Reject", key_next: "Skip, to the next", key_previous: "To the one before", key_undo: "Back to the last decision, to decide anew",
    key_blink: "Hold: the normal image", key_hide: "Hold: hide outlines", key_heat: "Evidence of change", key_side: "Side by side",
    key_layers: "Label, annotators: on or off", key_fit: "Fit", key_real: "One to one", key_zoom: "Zoom (or wheel)", key_pan: "Hold and drag: move the picture",
    key_hand: "Move", key_brush: "Brush (Shift+click: straight line)", key_eraser: "Eraser", key_click: "Click to mark", key_size: "Smaller, larger brush",
    key_undo_stroke: "Undo stroke", key_redo_stroke: "Redo stroke", key_other: "Another mask", key_clear: "Clear the mask", key_note: "Note", key_help: "This help",
    key_strike: "Strike out", key_open: "Open alone", key_arrows: "Choose", sheet_keys: "On a contact sheet", decide_keys: "Decide", look_keys: "Look", draw_keys: "Draw",
  },
  ja: {
    progress: "進み具合", help: "キー操作とヘルプ", close: "閉じる", picture: "画像 (キー操作は ? を押す)",
    zoom: "表示倍率", zoom_in: "拡大", zoom_out: "縮小", fit: "全体", side_by_side: "並べて表示", blink: "押す間: 正常",
    decide: "判定", outlines: "輪郭", label: "ラベル", heat: "変化の強さ", opacity: "不透明度",
    mask: "マスク", tools: "ツール", hand: "移動", brush: "ブラシ", eraser: "消しゴム", click: "クリック選択", size: "太さ",
    undo_stroke: "描画を元に戻す (Ctrl+Z)", redo_stroke: "やり直す (Ctrl+Shift+Z)", other_mask: "別のマスク", clear: "消去",
    note: "メモ", accept: "採用", reject: "不採用", previous: "戻る", next: "後回し", undo: "取り消し",
    normal: "正常", edited: "編集後", edited_only: "編集後 (正常画像なし)", heat_shown: "変化の強さ",
    random: "無作為抽出", risk: "採用のうち要注意", held_back: "保留 (変化は明瞭)", rest: "確認待ち", chosen: "指定",
    random_hint: "無作為抽出の判定だけが、採用品の誤り率の証明に使われます。",
    risk_hint: "誤りの多くはこの中にあります。証明には使われません。",
    held_back_hint: "変化は明瞭ですが、種類が確認されていません。",
    rest_hint: "自動では判定できません。よく見てください。", chosen_hint: "名前で開いたサンプルです。",
    question: "{type}: 種類とマスクは正しいですか", rule_accept: "自動判定: 採用", rule_review: "自動判定: 要確認", rule_reject: "自動判定: 不採用",
    decided_accept: "{who} さんが採用と判定済み ({when})。", decided_reject: "{who} さんが不採用と判定済み ({when})。", decided_again: "改めて判定すると置き換わります。",
    meanwhile: "{who} さんが先に判定しました。もう一度判定すると置き換わります。後回しもできます。",
    built_anew: "データセットが作り直されました。ページを読み込み直してください。",
    sheet_meanwhile: "{who} さんが先に判定し、その判定どおりに印が付いています。A ではそのまま残り、印を変えると置き換わります。", decided_by: "{who} さんが判定",
    nothing_marked: "マスクが空です。欠陥を描くか、不採用にしてください。", not_stored: "保存できませんでした: {why}",
    mask_published: "公開ラベルのまま: {px} px", mask_drawn: "修正済み: {px} px", mask_other: "{name}: {px} px",
    source_published: "公開ラベル", source_union: "ラベルと {name} の和", source_intersection: "ラベルと {name} の積",
    segmenting: "選択中…", clicked: "クリックで追加、Shift+クリックで除外、ドラッグで枠。S で次の対象へ。",
    sheet: "一覧シート", sheet_question: "{type} でないものに印を付けてください", sheet_hint: "クリック、または矢印キーと X で印。A で残りをまとめて採用。B を押す間は正常画像、H を押す間は輪郭なし。Enter で 1 枚を開く。",
    accept_others: "{yes} 枚を採用、{no} 枚を不採用", struck: "不採用の印", sheet_kept: "{stored} 件を保存しました。残り {rest} 件は保存できず、表示しています。",
    done: "すべて判定済みです。", done_hint: "次のビルドで判定が反映されます:",
    who: "お名前", who_hint: "判定ごとに記録されます。", start: "始める", reviewer: "確認者: {name}",
    nothing_before: "これより前はありません。", nothing_decided: "取り消せる判定がありません。", went_back: "直前の判定です。改めて判定すると置き換わります。",
    stored: "保存: {verdict}", offline: "サーバーが応答しません: {why}",
    key_accept: "採用", key_reject: "不採用", key_next: "後回しにして次へ", key_previous: "前へ", key_undo: "直前の判定に戻って判定し直す",
    key_blink: "押す間: 正常画像", key_hide: "押す間: 輪郭を隠す", key_heat: "変化の強さ", key_side: "並べて表示",
    key_layers: "ラベル・検出器の表示切替", key_fit: "全体を表示", key_real: "等倍", key_zoom: "拡大・縮小 (ホイールも可)", key_pan: "押しながらドラッグ: 画像を移動",
    key_hand: "移動", key_brush: "ブラシ (Shift+クリック: 直線)", key_eraser: "消しゴム", key_click: "クリック選択", key_size: "ブラシを細く・太く",
    key_undo_stroke: "描画を元に戻す", key_redo_stroke: "やり直す", key_other: "別のマスク", key_clear: "マスクを消去", key_note: "メモ", key_help: "このヘルプ",
    key_strike: "不採用の印", key_open: "1 枚を開く", key_arrows: "選ぶ", sheet_keys: "一覧シート", decide_keys: "判定", look_keys: "表示", draw_keys: "描画",
  },
};

const browserLanguage = () => (navigator.language.startsWith("ja") ? "ja" : "en");

export const i18n = {
  language: localStorage.getItem("kizu-language") || browserLanguage(),

  /** Return the words of a key, {names} replaced. */
  t(key, values = {}) {
    const words = WORDS[this.language][key] ?? key;
    return words.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  },

  /** Change to the other language and remember it. */
  toggle() {
    this.language = this.language === "en" ? "ja" : "en";
    localStorage.setItem("kizu-language", this.language);
    this.apply();
  },

  /** Put the words into the page. */
  apply() {
    document.documentElement.lang = this.language;
    for (const node of document.querySelectorAll("[data-t]")) node.textContent = this.t(node.dataset.t);
    for (const node of document.querySelectorAll("[data-t-label]")) {
      node.setAttribute("aria-label", this.t(node.dataset.tLabel));
      if (node.tagName === "BUTTON") node.title = this.t(node.dataset.tLabel);
    }
  },
};
