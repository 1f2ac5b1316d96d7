"""Everything the store holds of one sample: its edit, and what was made from it."""

from functools import cached_property
from typing import Final

from kizu.agree.proof import NOTHING_PROVEN, Proof, Settled, settle
from kizu.agree.verdict import WITHOUT_DIFF, Agreement, Verdict
from kizu.grounding.storage import DetectionsRecord
from kizu.review import Decision, DecisionDamagedError, find_decision
from kizu.samples import PlannedSample
from kizu.shards import Shard
from kizu.stages import DIFF, GROUNDING, LAST_STAGES, VERDICT
from kizu.stages.inputs import SampleInputs
from kizu.store import StageFolder, Store
from kizu.store.keys import content_key
from kizu.versions import CARD_VERSION, DIFF_VERSION, FUSE_VERSION, OUTLINE_VERSION, VERDICT_VERSION

DAMAGED: Final = "damaged"
"""Stands for the key of a decision that cannot be read."""


class SampleOutputs(SampleInputs):
    """One sample's outputs; each record and picture is read once, when it is asked for.

    Attributes:
        proof: What reviews have proven of the dataset.
        undecided: True where it is known that nobody has decided on it.
        decision_problem: What is wrong with the stored decision, once it was asked for; empty if
            nothing is.
    """

    def __init__(
        self,
        store: Store,
        shard: Shard,
        sample: PlannedSample,
        proof: Proof = NOTHING_PROVEN,
        *,
        undecided: bool = False,
    ) -> None:
        """Point at a sample; nothing is read.

        Args:
            store: The store.
            shard: The shard the sample is in.
            sample: The sample.
            proof: What reviews have proven of the dataset.
            undecided: True where it is known that nobody has decided on it, as when its version was
                named; a decision since then is one for the next version.
        """
        super().__init__(store, shard, sample)
        self.proof = proof
        self.undecided = undecided
        self.decision_problem = ""

    @property
    def diff(self) -> StageFolder:
        """Where the comparison with the normal image lies."""
        return DIFF.folder(self)

    @property
    def verdict(self) -> StageFolder:
        """Where the verdict lies."""
        return VERDICT.folder(self)

    @property
    def card_key(self) -> str:
        """The key of the report's pictures: no stage makes them, the report draws what it shows.

        Raises:
            FileNotFoundError: There is no edited picture to make a key from.
        """
        decided = {"decision": self.decision_key} if self.decision_key else {}
        counts = self.proof.has_any and self.agreement is not None
        proven = self.settled.model_dump(mode="json") if counts else {}
        told = {"prompt": self.sample.prompt} if self.sample.picture else {}  # else in the edit
        return content_key(
            "card",
            version=CARD_VERSION,
            verdict=VERDICT.key(self),
            sample_id=self.sample.sample_id,
            composite=self.shard.spec.publish.composite,
            **decided,
            **proven,
            **told,
        )

    @cached_property
    def agreement(self) -> Agreement | None:
        """What the verdict stage says; None while any stage has something left to make."""
        if not self.has_picture or not all(stage.is_done(self) for stage in LAST_STAGES):
            return None
        return VERDICT.result(self)

    @property
    def judged(self) -> Agreement:
        """What the verdict stage has said.

        Raises:
            FileNotFoundError: There is no verdict.
        """
        if self.agreement is None:
            raise FileNotFoundError(
                f"the verdict of {self.sample.sample_id} is not in the store; build again"
            )
        return self.agreement

    @cached_property
    def decision(self) -> Decision | None:
        """What a person last decided on this picture with this mask; None where nobody did.

        None as well where that is damaged: then ``decision_problem`` says so, and the sample is to
        be reviewed again, whatever else speaks for it.
        """
        if self.undecided:
            return None
        try:
            return find_decision(self) if self.has_picture else None
        except DecisionDamagedError as damage:
            self.decision_problem = str(damage)
            return None

    @property
    def decision_key(self) -> str:
        """A key of what a person decided; empty where nobody did."""
        if self.decision is not None:
            return self.decision.key
        return DAMAGED if self.decision_problem else ""

    @property
    def made_by(self) -> str:
        """A key of what decides how far reviews of other samples speak for this one.

        Another prompt, model or annotator, another setting or version of the comparison is another
        maker.

        Raises:
            FileNotFoundError: There is no edited picture.
        """
        return content_key(
            "made_by",
            defect_type=self.sample.defect_type,
            prompt=self.sample.prompt,
            model=self.picture.model,
            phrases=list(self.sample.phrases),
            annotators=list(self.shard.annotators),
            asked=[
                [
                    each.annotator,
                    each.asks_rivals,
                    each.asks_on_normal,
                    *([OUTLINE_VERSION] if each.outlines else []),
                ]
                for each in self.shard.spec.grounding.annotators
            ],
            agree=self.shard.spec.agree.shaping(),
            area=self.sample.expected_area.shaping(),
            diff=self.shard.spec.diff.shaping(),
            versions=[DIFF_VERSION, FUSE_VERSION, VERDICT_VERSION],
        )

    @cached_property
    def settled(self) -> Settled:
        """What becomes of the sample, with what is proven of its dataset.

        Raises:
            FileNotFoundError: There is no verdict.
        """
        return settle(self.judged, self.made_by, self.shard.spec.agree, self.proof)

    @property
    def final_verdict(self) -> Verdict:
        """A person's verdict where there is one, else that of kizu.

        Raises:
            FileNotFoundError: There is no verdict.
        """
        if self.decision:
            return self.decision.verdict
        return Verdict.REVIEW if self.decision_problem else self.settled.verdict

    @property
    def is_labelled_by_annotators(self) -> bool:
        """True where the diff cannot speak, and what annotators found is the candidate for review.

        Of a redrawn picture that nobody looked at, the diff's mask is still the best there is.

        Raises:
            FileNotFoundError: There is no verdict.
        """
        looked = bool(self.shard.annotators) or not self.sample.has_normal
        return looked and self.judged.reason in WITHOUT_DIFF

    @cached_property
    def detections(self) -> tuple[DetectionsRecord, ...]:
        """What each annotator found on the edited picture, in the order of their versions."""
        return GROUNDING.results(self)
