"""What the page says of a certificate, in both languages, and its curve."""

from dataclasses import dataclass
from typing import Final

from kizu.certify.certificate import Certificate
from kizu.report.translations import Language

_STRATA: Final = {
    "en": {
        "accepted": "Accepted labels",
        "repaired": "Labels without their side effects",
        "testimony": "Labels that annotators alone propose",
    },
    "ja": {
        "accepted": "採用されたラベル",
        "repaired": "余分な変化を除いたラベル",
        "testimony": "テキスト検出だけによるラベル",
    },
}
_NOT_COVERED_JA: Final = (
    "基準より確からしさの低いラベル、および採用されていないサンプル",
    "確認されたものとは異なる指示文、モデル、検出器、kizu のバージョン",
    "確認されたものとは異なる種類の写真",
    "確認者が誤りと見なす範囲 (マスクの半分) を超えた輪郭の正確さ",
    "確認者の見落とし",
)
_WIDTH, _HEIGHT = 320, 120  # px of the plot's inside
_LEAST_TOP: Final = 0.1
"""Share of wrong labels at the top of the plot, at least."""


def stratum_title(certificate: Certificate, language: Language) -> str:
    """Say which labels a certificate is of."""
    return _STRATA[language].get(certificate.stratum, certificate.stratum)


def certificate_sentence(certificate: Certificate, language: Language) -> str:
    """Say what a certificate comes to."""
    if language == "en":
        return certificate.sentence
    asked = f"誤ったラベルが {certificate.max_wrong:.3g} 以下であること"
    sure = f"信頼度 {certificate.confidence:.0%}"
    if certificate.is_certified:
        return (
            f"証明済み: {asked} ({sure})。採用 {certificate.accepted} 件のうち "
            f"{certificate.covered} 件が対象です (無作為確認 {certificate.decisions} 件、"
            f"誤り {certificate.wrong} 件)。"
        )
    if certificate.alarms:
        return "証明は無効になりました: 新しいサンプルの性質が確認時と異なります。"
    if not certificate.accepted:
        return "採用されたサンプルがありません。"
    more = certificate.missing_reviews
    return f"未証明: {asked}を示すには、あと {more} 件の誤りのない無作為確認が必要です ({sure})。"


def not_covered(certificate: Certificate, language: Language) -> tuple[str, ...]:
    """Say what a certificate says nothing of."""
    return certificate.not_covered if language == "en" else _NOT_COVERED_JA


@dataclass(frozen=True)
class Curve:
    """The share of wrong labels against how much of the accepted labels, as SVG coordinates.

    Attributes:
        width: Of the plot's inside, px.
        height: Likewise.
        bound: Points of the upper bound, "x,y x,y".
        found: Points of the share that the reviewers found.
        asked_y: Height of the share that was asked for.
        top: The share at the top, in words.
    """

    width: int
    height: int
    bound: str
    found: str
    asked_y: float
    top: str


def curve_of(certificate: Certificate) -> Curve | None:
    """Return what is drawn of a certificate; None as long as nothing was reviewed."""
    points = [point for point in certificate.curve if point.n]
    if not points:
        return None
    top = min(1.0, max(_LEAST_TOP, *(point.bound for point in points)))

    def at(fraction: float, share: float) -> str:
        return f"{_WIDTH * fraction:.1f},{_HEIGHT * (1 - min(share / top, 1)):.1f}"

    return Curve(
        width=_WIDTH,
        height=_HEIGHT,
        bound=" ".join(at(point.fraction, point.bound) for point in points),
        found=" ".join(at(point.fraction, point.wrong / point.n) for point in points),
        asked_y=round(_HEIGHT * (1 - certificate.max_wrong / top), 1),
        top=f"{top:.0%}",
    )
