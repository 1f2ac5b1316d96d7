"""Sentences of the terminal in Japanese, for systems whose language that is.

What kizu says is English where it comes about, so that logs, records and keys are the same on every
machine. Here is what it is in Japanese, sentence by sentence: a message is found by its English form
and shown whole in Japanese, or, where it has no entry, whole in English.
"""

import os
import re
from collections.abc import Mapping
from functools import cache
from typing import Final

_VARIABLES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")
"""Environment variables that name the language of messages; the first that is set counts (POSIX)."""


def is_japanese(environment: Mapping[str, str] | None = None) -> bool:
    """Tell whether the system's language is Japanese.

    Args:
        environment: The environment; the process's own where None.

    Example:
        >>> is_japanese({"LANG": "ja_JP.UTF-8"}), is_japanese({"LC_ALL": "C", "LANG": "ja_JP"})
        (True, False)
    """
    found = os.environ if environment is None else environment
    said = next((found[name] for name in _VARIABLES if found.get(name)), "")
    return re.match(r"ja(?![a-z])", said.lower()) is not None


def told(message: str) -> str:
    """Return a message in the system's language."""
    return in_japanese(message) if is_japanese() else message


def in_japanese(message: str) -> str:
    r"""Return a message in Japanese, line by line; as it is where it has no entry.

    Example:
        >>> in_japanese("skipped: a.png: the file is empty")
        '除外: a.png: ファイルが空です'
        >>> in_japanese("skipped: a.png: of a kind nobody has seen")
        'skipped: a.png: of a kind nobody has seen'
    """
    lines = message.split("\n")
    found = [_sentence(line) if line else line for line in lines]
    if None in found:
        return _sentence(message) or message
    return "\n".join(line or "" for line in found)


def _sentence(sentence: str) -> str | None:
    """Return a sentence in Japanese; None where it, or a sentence inside it, has no entry."""
    for pattern, japanese in _patterns():
        found = pattern.fullmatch(sentence)
        if found is None:
            continue
        parts = found.groupdict()
        inner = {name: _sentence(part) for name, part in parts.items() if name.startswith(_INNER)}
        if None not in inner.values():
            return japanese.format(**{**parts, **inner})
    return None


_INNER: Final = "said"
"""What the name of a place begins with that holds a sentence of its own."""


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    return [(_pattern(english), japanese) for english, japanese in SENTENCES.items()]


def _pattern(english: str) -> re.Pattern[str]:
    """Return what finds a sentence: its words as they are, anything in its places."""
    parts = re.split(r"\{(\w+)\}", english)
    return re.compile("".join(_part(text, row) for row, text in enumerate(parts)), re.DOTALL)


def _part(text: str, row: int) -> str:
    """Return words as they are in even rows, and a place in odd ones; a sentence is the longest."""
    if row % 2 == 0:
        return re.escape(text)
    return f"(?P<{text}>.+)" if text.startswith(_INNER) else f"(?P<{text}>.+?)"


SENTENCES: Final[Mapping[str, str]] = {
    # kizu init
    "Wrote {file} for {count} photos that can be used.": "使える写真 {count} 枚に対して {file} を書き出しました。",
    "{file} exists already; delete it or choose another name with --output": "{file} はすでにあります。削除するか、--output で別の名前を指定してください",
    "Describe your defects in it. Then:": "欠陥の説明を書き込んでから、次を実行してください:",
    "  kizu check {file}   # what is ready here, and what adds the rest": "  kizu check {file}   # この環境で足りているものと、足りないものの入れ方",
    "  kizu plan {file}    # what would be made, and what it costs": "  kizu plan {file}    # 何を作り、いくらかかるか",
    "  kizu build {file}": "  kizu build {file}",
    "warning: {said}": "注意: {said}",
    "16-bit photos: {count}; each is scaled by its own brightest pixel, so equal parts may come out unequally bright; before edits are bought, write the bits that your camera fills as images.depth_bits (12, say)": "16 ビットの写真が {count} 枚あります。写真ごとに一番明るい画素に合わせて縮尺が決まるため、同じ部品でも明るさが違って見えることがあります。編集を買う前に、カメラが使うビット数を images.depth_bits に書いてください(12 など)",
    "they are small (shorter side {px} px): a scratch is a pixel or two wide there, and a gpt-image model gets them enlarged; photograph nearer if you can": "写真が小さめです(短辺 {px} px)。傷の幅が 1、2 画素しかなく、gpt-image には拡大して渡されます。できれば近くから撮影してください",
    "skipped: {name}: {said}": "除外: {name}: {said}",
    "the file is empty": "ファイルが空です",
    "its name does not end like an image's ({kinds})": "画像の拡張子ではありません ({kinds})",
    "it is not an image, or its header is damaged": "画像ではないか、ヘッダーが壊れています",
    "it is damaged or cut off ({why})": "壊れているか、途中で切れています ({why})",
    "it is a {kind} file; save it as {formats}": "{kind} ファイルです。{formats} として保存してください",
    "it is {size}; the shorter side needs {px} pixels or more": "大きさが {size} です。短辺は {px} 画素以上必要です",
    "it cannot be read ({why})": "読み込めません ({why})",
    # the most usual errors
    "{place}: {path} does not exist; give a folder, a pattern like 'photos/*.jpg' or a URL": "{place}: {path} がありません。フォルダー、'photos/*.jpg' のようなパターン、または URL を指定してください",
    "{place}: {path} is a file; give a folder, a pattern like 'photos/*.jpg' or a URL": "{place}: {path} はファイルです。フォルダー、'photos/*.jpg' のようなパターン、または URL を指定してください",
    "{place}: no files in {path}; give the folder of your photos": "{place}: {path} にファイルがありません。写真のフォルダーを指定してください",
    "images.path: none of {count} files can be used ({why})": "images.path: {count} 個のファイルはどれも使えません ({why})",
    "{file}: no such file; 'kizu init FOLDER' writes one": "{file}: ファイルがありません。「kizu init フォルダー」で作れます",
    "{file}: cannot be read ({why}); check the path": "{file}: 読み込めません ({why})。パスを確かめてください",
    "{file}: is a folder; give the path of a spec file": "{file}: フォルダーです。仕様ファイルのパスを指定してください",
    "{file}: line {line}: {said}": "{file}: {line} 行目: {said}",
    "{file}: is not YAML: line {line}: {why}": "{file}: YAML ではありません: {line} 行目: {why}",
    "{file}: line {line} is not UTF-8 text; save the file as UTF-8": "{file}: {line} 行目が UTF-8 ではありません。UTF-8 で保存してください",
    "{file}: line {line} is not UTF-8 text (perhaps {encoding}); save the file as UTF-8": "{file}: {line} 行目が UTF-8 ではありません ({encoding} かもしれません)。UTF-8 で保存してください",
    "{setting} is not a setting; did you mean {near}?": "{setting} という設定はありません。{near} ではありませんか",
    "{setting} is not a setting; check the spelling or remove it": "{setting} という設定はありません。綴りを確かめるか、削除してください",
    "{setting} is missing; add it": "{setting} がありません。追加してください",
    "{setting} is empty; give a value, or remove the line": "{setting} が空です。値を書くか、行を削除してください",
    "{setting} is called {now} now; rename it": "{setting} の名前は {now} に変わりました。書き換えてください",
    "{setting}: there is no {value}; did you mean {near}?": "{setting}: {value} はありません。{near} ではありませんか",
    "{setting}: there is no {value}; choose one of {choices}": "{setting}: {value} はありません。次から選んでください: {choices}",
    "{setting} is given twice, first in line {first}; remove one of the two": "{setting} が二度書かれています(最初は {first} 行目)。どちらかを削除してください",
    "{setting}: takes settings of its own, as 'name: value' below it": "{setting}: 下の行に「名前: 値」の形で設定を書いてください",
    "{file}: grounding.annotator {name} has demonstration weights, five words, synthetic defects, too little to judge paid edits; choose another, or set force_demo_weights: true beside it": "{file}: grounding.annotator {name} はデモ用の重み(合成の欠陥、五つの言葉)で、有料の編集の判定には不十分です。別の検出器を選ぶか、並べて force_demo_weights: true と書いてください",
    "{key} is not set; set it where the workers run, name a Prefect Secret block in editor.secret_block": "{key} が設定されていません。ワーカーの環境変数に設定するか、editor.secret_block に Prefect の Secret ブロックの名前を書いてください",
    "{key} is not set; set it where the workers run, name a Prefect Secret block in editor.secret_block, or sign in with editor.auth entra": "{key} が設定されていません。ワーカーの環境変数に設定するか、editor.secret_block に Prefect の Secret ブロックの名前を書くか、editor.auth: entra でサインインしてください",
    "there is no dataset {name} in {store}; 'kizu build' makes one": "{store} にデータセット {name} はありません。「kizu build」で作れます",
    "Stopped: all that was made is kept; go on with: {command}": "中断しました。ここまでの結果は保存されています。続きはこのコマンドで: {command}",
    # kizu check
    "photos": "写真",
    "annotator": "検出器",
    "editor": "エディター",
    "store": "保存先",
    "space": "容量",
    "effort": "見積もり",
    "spec": "仕様",
    "prefect": "Prefect",
    "ready": "OK",
    "warning": "注意",
    "problem": "問題",
    "{count} can be used": "{count} 枚が使えます",
    "{count} can be used, {skipped} cannot ('kizu plan' names them)": "{count} 枚が使えます。{skipped} 個のファイルは使えません(「kizu plan」で名前を表示)",
    "{count} can be used; {said}": "{count} 枚が使えます。{said}",
    "none can be used; name another folder in images.path": "使える写真がありません。images.path に別のフォルダーを指定してください",
    "none can be used, {skipped} cannot ('kizu plan' names them); name another folder in images.path": "使える写真がありません({skipped} 個のファイルは使えません。「kizu plan」で名前を表示)。images.path に別のフォルダーを指定してください",
    "{name} is here: demonstration weights, five words, synthetic defects": "{name} があります: デモ用の重み(合成の欠陥、五つの言葉)",
    "{name}: demonstration weights, five words, synthetic defects": "{name}: デモ用の重み(合成の欠陥、五つの言葉)",
    "{name} is here": "{name} があります",
    "none looks. {said}": "検出器は使いません。{said}",
    "Clear changes are accepted without one (agree.without_grounding).": "検出器がなくても、明瞭な変化は採用されます (agree.without_grounding)。",
    "Without one every clear change waits for a person (agree.without_grounding).": "検出器がないと、明瞭な変化はすべて人の確認待ちになります (agree.without_grounding)。",
    "Samples are not grounded: {system}: the weights {name} are not on this machine; a build fetches them if it reaches the hub. {said}": "{system} の重み {name} がこの環境にありません。ハブに接続できれば、ビルドがダウンロードします。{said}",
    "What adds what is missing:": "足りないものを入れるコマンド:",
    "  {command}  # size unknown: the hub does not answer": "  {command}  # 大きさは不明(ハブが応答しません)",
    "  {command}  # {megabytes} MB": "  {command}  # {megabytes} MB",
    "{name} works here, free of charge": "{name} がこの環境で無料で使えます",
    "{name} is emulated, which bills nothing": "{name} はエミュレーターが応答します(課金されません)",
    "{host} does not answer; check the endpoint, the network and its proxy": "{host} が応答しません。エンドポイント、ネットワーク、プロキシを確かめてください",
    "{name} has endpoint and key; whether the deployment takes them is only known from the first edit, which is paid for": "{name} のエンドポイントとキーがあります。デプロイで使えるかどうかは、最初の編集(有料)で分かります",
    "{store} can be written": "{store} に書き込めます",
    "about {needed} are needed, {free} are free": "約 {needed} が必要、空きは {free}",
    "about {needed} are needed; the store has no end": "約 {needed} が必要です(保存先に上限はありません)",
    "about {needed} are needed, {free} are free; make room, or name another store with --store": "約 {needed} が必要ですが、空きは {free} です。空きを作るか、--store で別の保存先を指定してください",
    "{count} edits are to be made, in about {minutes} minutes on {slots} workers, free of charge": "作る編集は {count} 件、約 {minutes} 分(ワーカー {slots})、無料",
    "{count} edits are to be made, in about {minutes} minutes on {slots} workers, for at most {usd} USD": "作る編集は {count} 件、約 {minutes} 分(ワーカー {slots})、最大 {usd} USD",
    "{count} edits are to be made, in about {minutes} minutes on {slots} workers, at a cost that is not known": "作る編集は {count} 件、約 {minutes} 分(ワーカー {slots})、費用は不明",
    "{said}; not counted, for not measured: {what}": "{said}(実測がなく含まれないもの: {what})",
    "a build starts a server of its own, and ends it": "ビルドが自分のサーバーを起動し、終了します",
    "the server at {host} answers": "{host} のサーバーが応答します",
    "no server answers at {host}; start it, or unset PREFECT_API_URL to build without one": "{host} のサーバーが応答しません。起動するか、PREFECT_API_URL の設定を外してください",
    "Next: kizu plan {file}, then kizu build {spec}": "次: kizu plan {file}、その後 kizu build {spec}",
    # kizu plan
    "look at photos": "写真を確認",
    "{count} photos are known by size and time and not read; 'kizu plan --rehash' reads them.": "{count} 枚は大きさと時刻が同じため、読み直していません(「kizu plan --rehash」で読み直します)。",
    "Plan of {name}": "{name} の計画",
    "defect": "欠陥",
    "variants": "バリエーション",
    "in store": "保存済み",
    "to make": "作る",
    "to buy": "買う",
    "USD": "USD",
    "minutes": "分",
    "unknown": "不明",
    "all": "合計",
    "{count} photos can be used. It costs nothing ({who}).": "使える写真は {count} 枚。費用はかかりません ({who})。",
    "{count} photos can be used. USD are the most it can cost ({who}).": "使える写真は {count} 枚。USD は最大の費用です ({who})。",
    "{count} photos can be used. What it costs is not known ({who}).": "使える写真は {count} 枚。費用は不明です ({who})。",
    "Minutes: as earlier builds of this store took, on {slots} workers.": "時間: この保存先での過去のビルドの実測による(ワーカー {slots})。",
    "Minutes: by defaults (docs/own-photos.md), on {slots} workers; after a build of 8 or more samples, by this machine's own.": "時間: 既定値 (docs/ja/own-photos.md) による(ワーカー {slots})。8 件以上ビルドした後は、この環境の実測によります。",
    "Not in them, for nobody measured it here: {what}.": "実測がないため時間に含まれないもの: {what}",
    "{groups} groups of {photos} photos, the largest of {most}: {said_train} to train, {said_test} to test.": "写真 {photos} 枚、{groups} グループ(最大 {most} 枚): 学習用 {said_train}、テスト用 {said_test}。",
    "{groups} groups ({photos} photos)": "{groups} グループ({photos} 枚)",
    "1 group ({photos} photos)": "1 グループ({photos} 枚)",
    "1 group (1 photo)": "1 グループ(1 枚)",
    # the end of a build
    "start Prefect": "Prefect を起動",
    "take in": "写真の取り込み",
    "compare photos": "写真の比較",
    "edit": "編集",
    "diff": "差分",
    "grounding": "検出",
    "fuse": "統合",
    "verdict": "判定",
    "publish": "公開",
    "report": "レポート",
    "[bold]{name}[/] {version}: {said}": "[bold]{name}[/] {version}: {said}",
    "{count} samples: {accepted} accepted, {review} to review, {rejected} rejected": "サンプル {count} 件: 採用 {accepted}、要確認 {review}、不採用 {rejected}",
    "{said}, {count} refused": "{said}、拒否 {count}",
    "{said}, {count} not asked": "{said}、依頼中止 {count}",
    "{said}, {count} failed": "{said}、失敗 {count}",
    "{said}, {count} waiting": "{said}、待ち {count}",
    "stage": "工程",
    "made": "作成",
    "kept": "既存",
    "refused": "拒否",
    "failed": "失敗",
    "waiting": "待ち",
    "seconds": "秒",
    "Nothing changed since this version was published.": "このバージョンの公開後、変更はありません。",
    "The build took {seconds} s; a stage's seconds are those of all its workers.": "ビルドは {seconds} 秒かかりました(工程の秒数は全ワーカーの合計)。",
    "Photos and {file} are in {folder}.": "写真と {file} は {folder} にあります。",
    "stopped: {why}": "停止: {why}",
    "Paid for {name} so far: {requests} requests, {usd} USD.": "{name} のこれまでの支払い: {requests} 件、{usd} USD。",
    "Not certified: {more} more reviews without an error would be needed to prove that at most {percent} of the labels are wrong, each of another photograph, and the accepted samples are of {photos} photographs; review all of them, or add photographs.": "未証明: ラベルの誤りが {percent} 以下と証明するには、別々の写真の確認があと {more} 件(誤りなし)必要ですが、採用サンプルの写真は {photos} 枚です。すべて確認するか、写真を追加してください。",
    "Not certified: {more} more reviews without an error would be needed to prove that at most {percent} of the labels are wrong, each of another photograph, and the accepted samples are of 1 photograph; review all of them, or add photographs.": "未証明: ラベルの誤りが {percent} 以下と証明するには、別々の写真の確認があと {more} 件(誤りなし)必要ですが、採用サンプルの写真は 1 枚です。すべて確認するか、写真を追加してください。",
    "Not certified: {said_reviews} without an error prove that at most {percent} of the labels are wrong, with {sure} confidence.": "未証明: {said_reviews}に誤りがなければ、ラベルの誤りが {percent} 以下と証明されます(信頼度 {sure})。",
    "1 more review": "あと 1 件の確認",
    "{more} more reviews": "あと {more} 件の確認",
    "Nothing to certify: no sample is accepted.": "証明の対象がありません。採用されたサンプルがありません。",
    "Next:": "次の手順:",
    "judge the {count} samples to review": "要確認の {count} 件を判定する",
    "takes the decisions in": "判定を取り込む",
    "makes only what is missing": "足りないものだけを作る",
    "says what is damaged, and has made anew what costs nothing": "壊れたものを示し、無料のものは作り直す",
    "shows every sample in the browser": "すべてのサンプルをブラウザーで見る",
    "prints the folder to train on": "学習に使うフォルダーを表示する",
    "hands it to another tool; twelve formats": "他のツールに渡す(十二の形式)",
    "Report: {address}": "レポート: {address}",
    "Photos whose size and time did not change were not read; --rehash reads them.": "大きさと時刻が同じ写真は読み直していません(--rehash で読み直します)。",
    "- {said}": "- {said}",
    # what to do next, in the terminal and in the report
    "Nothing is published: no sample came as far as a verdict.": "判定まで進んだサンプルがないため、何も公開していません。",
    "{count} files were left out; see the list of skipped files.": "{count} 個のファイルを除外しました。除外したファイルの一覧を見てください。",
    "{count} edits show no change: describe the defect more strongly, or give it a region.": "{count} 件の編集には変化が見られません。欠陥をもっと強く書くか、region を指定してください。",
    "Version {version} is published, but the latest version stays {latest}: samples, photos or the annotator are missing. Set publish.latest to 'always' to take such versions all the same.": "バージョン {version} を公開しましたが、最新版は {latest} のままです(サンプル、写真、または検出器が足りません)。それでも最新版とするには publish.latest を 'always' にしてください。",
    "Version {version} is published, but the latest version is not set: samples, photos or the annotator are missing. Set publish.latest to 'always' to take such versions all the same.": "バージョン {version} を公開しましたが、最新版は未設定です(サンプル、写真、または検出器が足りません)。それでも最新版とするには publish.latest を 'always' にしてください。",
    "Nobody could confirm the changes: give the annotator its weights, or set agree.without_grounding to 'accept' to trust the diff alone.": "変化を裏付ける検出器がありませんでした。検出器の重みを入れるか、差分だけを信頼するなら agree.without_grounding を 'accept' にしてください。",
    "Look at the {count} samples to review with 'kizu review {name}', and build again; till then they are published with split 'review', outside train and test.": "要確認の {count} 件を「kizu review {name}」で確認してから、もう一度ビルドしてください。それまでは train と test に入らず、split 'review' として公開されます。",
    "Train on {address}; samples.parquet lists it.": "学習には {address} を使ってください。一覧は samples.parquet にあります。",
    "{count} samples are not made yet: {why}.": "まだ作られていないサンプルが {count} 件あります: {why}。",
    "{count} edits wait: {why}.": "編集 {count} 件が待機中です: {why}。",
    "{count} samples failed ({why}). Mend the cause and build again: only they are made.": "サンプル {count} 件が失敗しました ({why})。原因を直してもう一度ビルドすると、その分だけを作ります。",
}
"""What is said, in English with places in braces, and in Japanese with the same places.

A place whose name begins with ``said`` holds a sentence that is looked up as well. The first entry
that fits counts.
"""
