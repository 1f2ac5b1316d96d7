"""What the page says in English and Japanese; a dataset's own words are shown as they are."""

from collections.abc import Mapping
from typing import Final, Literal

Language = Literal["en", "ja"]

WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "subtitle": "Synthetic defects, labelled: look before you trust",
        "version": "Version",
        "notes": "Please note",
        "yield": "Yield per defect",
        "yield_caption": "How many edits were planned, made, and what became of them",
        "defect": "Defect",
        "planned": "Planned",
        "edited": "Edited",
        "refused": "Refused",
        "failed": "Failed",
        "accept": "Accept",
        "review": "Review",
        "reject": "Reject",
        "fractions": "Fractions",
        "cost": "Cost (USD)",
        "total": "Total",
        "next_steps": "Next steps",
        "proven": "What is proven",
        "decisions": "Random decisions",
        "wrong_found": "Wrong",
        "photographs": "Photographs",
        "reviewers": "By",
        "reviewed": "When",
        "not_covered": "What it does not cover, and how it was proven",
        "curve": "Share of wrong labels against the share of accepted labels, surest first",
        "curve_x": "surest part of the accepted labels, to all",
        "curve_bound": "upper bound",
        "curve_found": "found",
        "curve_asked": "asked for",
        "skipped": "Skipped files",
        "samples": "Samples",
        "no_samples": "This build has no samples to show yet.",
        "no_match": "No sample matches these filters.",
        "page": "Page",
        "pages": "Pages",
        "page_before": "Page before",
        "page_after": "Next page",
        "plots": "Plots",
        "photo": "Photograph",
        "all_photos": "all",
        "finder": "Found by text",
        "nobody": "nobody",
        "reviewer": "Reviewed by",
        "size": "Size of the label",
        "no_label": "no label",
        "fair_mix": "fair mix, best first",
        "label": "Label",
        "canvas": "Picture; drag moves it, the wheel or + and - zoom",
        "zoom": "Zoom",
        "zoom_in": "Zoom in",
        "zoom_out": "Zoom out",
        "fit": "Fit",
        "real": "One image pixel on one screen pixel",
        "side_by_side": "Side by side",
        "normal_file": "normal (file)",
        "published_file": "published (file)",
        "mask_file": "mask (file)",
        "small_only": "The files at full size are not beside this page; these are small pictures.",
        "smaller_here": "This one-file page holds smaller pictures than the dataset.",
        "matching": "{count} of {all} samples",
        "filters": "Filters",
        "clear_filters": "Clear filters",
        "search": "Search",
        "search_hint": "prompt, phrase, sample…",
        "verdict": "Verdict",
        "reason": "Reason",
        "sort": "Sort by",
        "as_built": "as built",
        "reverse": "Reverse order",
        "picture_size": "Picture size",
        "normal_picture": "Normal",
        "edited_picture": "Published",
        "outlined_picture": "Outlines",
        "heat_picture": "Anomaly map",
        "legend": "Legend",
        "changed_legend": "label: what changed (measured)",
        "grounded_legend": "found from text (dashed: its box)",
        "found_by_legend": "{name} (dashed: its box)",
        "window_legend": "enlarged below",
        "heat_legend": "times the noise floor",
        "prompt": "Prompt",
        "phrases": "Phrases found",
        "open": "Open sample {id} large",
        "close": "Close",
        "previous": "Previous sample",
        "next": "Next sample",
        "blink": "Blink",
        "show": "Show",
        "shortcuts": "← → step / hold b: normal / l blink / s side by side / o outlines / "
        "t anomaly map / f fit / z 1:1 / + - zoom / esc close",
        "enter_hint": "Click a sample, or press Enter on it, to see it large.",
        "javascript": "The samples need JavaScript; contact_sheet.png shows some of them.",
        "footer_beside": "Made by kizu. The pictures lie in files beside this page; "
        "'kizu report NAME --single FILE' makes one file of up to 200 samples.",
        "footer": "Made by kizu. This page needs no network: keep or send it as one file.",
    },
    "ja": {
        "subtitle": "合成した欠陥画像とラベル。使う前に目で確かめるためのページです",
        "version": "バージョン",
        "notes": "ご確認ください",
        "yield": "欠陥ごとの歩留まり",
        "yield_caption": "計画した編集の数と、その結果の内訳",
        "defect": "欠陥",
        "planned": "計画",
        "edited": "編集済み",
        "refused": "拒否",
        "failed": "失敗",
        "accept": "採用",
        "review": "要確認",
        "reject": "不採用",
        "fractions": "割合",
        "cost": "費用 (USD)",
        "total": "合計",
        "next_steps": "次の手順",
        "proven": "証明された精度",
        "decisions": "無作為確認",
        "wrong_found": "誤り",
        "photographs": "写真",
        "reviewers": "確認者",
        "reviewed": "時期",
        "not_covered": "対象外の事項と証明の方法",
        "curve": "誤ったラベルの割合 (確からしい順)",
        "curve_x": "採用ラベルのうち確からしい部分 (右端が全体)",
        "curve_bound": "上限",
        "curve_found": "確認された割合",
        "curve_asked": "目標",
        "skipped": "読み飛ばしたファイル",
        "samples": "サンプル",
        "no_samples": "このビルドには、まだ表示できるサンプルがありません。",
        "no_match": "条件に合うサンプルはありません。",
        "page": "ページ",
        "pages": "ページ",
        "page_before": "前のページ",
        "page_after": "次のページ",
        "plots": "グラフ",
        "photo": "写真",
        "all_photos": "すべて",
        "finder": "テキストで検出",
        "nobody": "なし",
        "reviewer": "確認者",
        "size": "ラベルの大きさ",
        "no_label": "ラベルなし",
        "fair_mix": "まんべんなく (確かなものから)",
        "label": "ラベル",
        "canvas": "画像 (ドラッグで移動、ホイールまたは + - で拡大縮小)",
        "zoom": "表示倍率",
        "zoom_in": "拡大",
        "zoom_out": "縮小",
        "fit": "全体",
        "real": "画像の 1 画素を画面の 1 画素で表示",
        "side_by_side": "並べて表示",
        "normal_file": "正常画像 (ファイル)",
        "published_file": "公開画像 (ファイル)",
        "mask_file": "マスク (ファイル)",
        "small_only": "原寸のファイルがないため、縮小画像を表示しています。",
        "smaller_here": "この単一ファイル版の画像は縮小されています。",
        "matching": "{all} 件中 {count} 件",
        "filters": "絞り込み",
        "clear_filters": "条件をクリア",
        "search": "検索",
        "search_hint": "指示文、語句、サンプル名…",
        "verdict": "判定",
        "reason": "理由",
        "sort": "並べ替え",
        "as_built": "作成順",
        "reverse": "逆順にする",
        "picture_size": "画像の大きさ",
        "normal_picture": "正常",
        "edited_picture": "公開画像",
        "outlined_picture": "輪郭",
        "heat_picture": "異常度マップ",
        "legend": "凡例",
        "changed_legend": "ラベル: 変化した領域 (差分)",
        "grounded_legend": "テキストから検出 (破線は枠)",
        "found_by_legend": "{name} (破線は枠)",
        "window_legend": "下段に拡大した範囲",
        "heat_legend": "ノイズ水準に対する倍率",
        "prompt": "指示文",
        "phrases": "検出された語句",
        "open": "サンプル {id} を拡大表示",
        "close": "閉じる",
        "previous": "前のサンプル",
        "next": "次のサンプル",
        "blink": "交互に表示",
        "show": "表示",
        "shortcuts": "← → 移動 / b を押す間 正常 / l 交互表示 / s 並べる / o 輪郭 / "
        "t 異常度 / f 全体 / z 等倍 / + - 拡大縮小 / Esc 閉じる",
        "enter_hint": "サンプルをクリックするか Enter キーを押すと、大きく表示します。",
        "javascript": "表示には JavaScript が必要です。一部は contact_sheet.png にあります。",
        "footer_beside": "kizu が作成。画像はこのページのそばのファイルにあります。"
        "「kizu report NAME --single FILE」で 200 件まで 1 つのファイルにまとめられます。",
        "footer": "kizu が作成。ネットワークは不要で、1 つのファイルとして保存・送付できます。",
    },
}

REASONS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "agree": "both agree",
        "diff_only": "clear change, unconfirmed",
        "disagree": "text finds another place",
        "annotator_unavailable": "no annotator",
        "diff_only_trusted": "clear change, trusted prompt",
        "no_visible_change": "no visible change",
        "side_effect": "something else changed too",
        "unsharp": "hardly visible",
        "wrong_kind": "another kind of defect",
        "no_normal": "no normal image",
        "not_grounded": "not grounded",
        "outside_region": "outside the region",
        "redrawn": "redrawn",
        "too_large": "too large",
        "too_small": "too small",
    },
    "ja": {
        "agree": "差分とテキスト検出が一致",
        "diff_only": "差分のみで判定",
        "disagree": "差分とテキスト検出が不一致",
        "annotator_unavailable": "テキスト検出器なし",
        "diff_only_trusted": "差分のみで判定 (実績のある指示文)",
        "no_visible_change": "目に見える変化なし",
        "side_effect": "他の場所も変化",
        "unsharp": "変化が不明瞭",
        "wrong_kind": "別の種類の欠陥",
        "no_normal": "正常画像なし",
        "not_grounded": "テキストで検出できず",
        "outside_region": "指定領域の外",
        "redrawn": "全体が描き直された",
        "too_large": "変化が大きすぎる",
        "too_small": "変化が小さすぎる",
    },
}

_EXPLANATIONS_JA: Final = {
    "agree": "差分とテキスト検出が、同じ場所を示しています。",
    "diff_only": "変化は明瞭で、想定した大きさです。テキスト検出による裏付けはありません。",
    "disagree": "テキスト検出は、変化した場所とは別の場所を示しています。",
    "annotator_unavailable": "変化を裏付けるテキスト検出器がありませんでした。",
    "diff_only_trusted": "変化は明瞭です。"
    "この指示文が求めた欠陥を描くことは、目視確認で示されています。",
    "no_visible_change": "画像自身のノイズを超える変化がありません。",
    "side_effect": "テキスト検出が示す場所のほかにも変化があります。マスクには含めていません。",
    "unsharp": "変化が画像自身のノイズからほとんど区別できず、輪郭が確かではありません。",
    "wrong_kind": "変化した場所に、このデータセットの別の欠陥が検出されました。",
    "no_normal": "比較する正常画像がありません。マスクはテキスト検出の結果です。",
    "not_grounded": "変化した場所に、指定した語句は検出されませんでした。",
    "outside_region": "変化の多くが、指定した領域の外にあります。",
    "redrawn": "画像全体が描き直されたため、変化した場所を特定できません。"
    "マスクはテキスト検出の結果です。",
    "too_large": "変化した領域が、想定した面積より大きくなっています。",
    "too_small": "変化した領域が、想定した面積より小さくなっています。",
}

_METRICS_JA: Final = {
    "area_fraction": "面積の割合",
    "boundary_f": "輪郭の一致率",
    "box_iou": "枠 IoU",
    "rival_confidence": "別の欠陥の確信度",
    "score": "確からしさ",
    "sharp_fraction": "明瞭な部分の割合",
    "strength": "変化の強さ",
    "testimony_containment": "検出包含率",
    "unexplained_fraction": "説明されない変化の割合",
    "unmoved_fraction": "変化のない検出の割合",
    "box_area_ratio": "枠の面積比",
    "confidence": "確信度",
    "detections": "検出数",
    "detections_elsewhere": "別の場所の検出数",
    "drift": "変化以外のずれ",
    "mask_containment": "マスク包含率",
    "mask_iou": "マスク IoU",
    "match_rate": "位置合わせ一致率",
    "outside_fraction": "領域外の割合",
    "unjudged_fraction": "比較できなかった割合",
    "reviewed_by": "確認者",
}

_FACTS_JA: Final = {
    "Annotator": "テキスト検出器",
    "Cost": "費用",
    "Editor": "編集モデル",
    "Photos": "写真",
    "Samples": "サンプル",
    "Seed": "シード",
}

_UNITS: Final = {"px": "px", "usd": "USD", "s": "s", "percent": "%"}


def reason_label(reason: str, language: Language) -> str:
    """Return a reason in a few words.

    Example:
        >>> reason_label("not_grounded", "en"), reason_label("odd_light", "ja")
        ('not grounded', 'odd light')
    """
    return REASONS[language].get(reason, reason.replace("_", " "))


def explanation_text(reason: str, explanation: str, language: Language) -> str:
    """Return a reason's sentence in the page's language, or the given one where there is none."""
    return _EXPLANATIONS_JA.get(reason, explanation) if language == "ja" else explanation


def fact_label(label: str, language: Language) -> str:
    """Return a fact's label in the page's language, or the given one where there is none."""
    return _FACTS_JA.get(label, label) if language == "ja" else label


def metric_label(name: str, language: Language) -> str:
    """Return a metric's name, its unit in brackets.

    Example:
        >>> metric_label("mask_iou", "en"), metric_label("area_px", "en")
        ('mask IoU', 'area (px)')
    """
    if language == "ja" and name in _METRICS_JA:
        return _METRICS_JA[name]
    words = name.split("_")
    unit = _UNITS.get(words[-1]) if len(words) > 1 else None
    text = " ".join("IoU" if word == "iou" else word for word in words[: -1 if unit else None])
    return f"{text} ({unit})" if unit else text
