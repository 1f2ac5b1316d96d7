"""Plans a dataset: which edits of which photos it needs, and what is still to be bought."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

from pydantic import JsonValue

from kizu.edit.editor import CropPlanner
from kizu.edit.regions import DrawnMasks, MaskRegion, Region, region_guide
from kizu.edit.request import DefectRequest, EditRequest, ExistingPicture
from kizu.edit.settings import EditorSettings
from kizu.edit.storage import sidecar_path
from kizu.imaging.codecs import decode_png
from kizu.intake import read_normal
from kizu.matching.duplicates import Thumbnail
from kizu.pace import Paces
from kizu.pairing.pairs import Pair, open_pairing, save_pairs
from kizu.samples import PlannedSample, sample_name
from kizu.shards import BuildPlan, save_shards
from kizu.sources import Inventory, NormalImage, Skipped, SourceError
from kizu.spec import DatasetSpec, DefectSpec
from kizu.spec.errors import SpecError
from kizu.splits import (
    NO_GROUPS,
    Groups,
    NearDuplicates,
    find_near_duplicates,
    group_photos,
)
from kizu.store import Marks, Store
from kizu.store.keys import content_key
from kizu.store.rooms import GONE

logger = logging.getLogger(__name__)

MOST_SAMPLES: Final = 200_000
"""Samples of one build, four times what docs/scale.md advises: their plan takes some 700 MB."""


@dataclass(frozen=True)
class Preview:
    """A prompt as it will be sent."""

    defect_type: str
    prompt: str


@dataclass(frozen=True)
class BuildEstimate:
    """What a plan comes to before anything is made.

    Attributes:
        photos: Normal images that can be used.
        edited_photos: Those that get defects.
        requests: Edits the dataset needs.
        stored: Those the store already holds, refusals included.
        to_make: The rest.
        cost_usd: Most the rest can cost; None where the price is not known.
        previews: Final prompts, the first few per defect; empty for editors without any.
        emulated: True if the emulator answers, which bills nothing.
        defects: The same by defect, in the spec's order.
        seconds: How long the stages take for the rest on the workers there are, without those that
            nobody measured.
        measured: Where that was measured: "this store" or "default"; empty where nothing is left.
        unmeasured: Stages that nobody measured, with who does them.
    """

    photos: int
    edited_photos: int
    requests: int
    stored: int
    to_make: int
    cost_usd: float | None
    previews: tuple[Preview, ...] = ()
    emulated: bool = False
    defects: tuple["DefectEstimate", ...] = ()
    seconds: float = 0.0
    measured: str = ""
    unmeasured: tuple[str, ...] = ()

    def in_words(self) -> str:
        """Say in one line what is to be made and what that can cost.

        Example:
            >>> BuildEstimate(4, 4, requests=8, stored=2, to_make=6, cost_usd=0.36).in_words()
            '8 edits of 4 photos: 2 are in the store, 6 to make, for 0.36 USD at most'
        """
        price = f", for {self.cost_usd:.2f} USD at most" if self.cost_usd else ""
        if self.cost_usd is None:
            price = ", at an unknown price"
        return (
            f"{self.requests} {'edit' if self.requests == 1 else 'edits'} of {self.edited_photos} "
            f"{'photo' if self.edited_photos == 1 else 'photos'}: "
            f"{self.stored} are in the store, {self.to_make} to make{price}"
        )


@dataclass(frozen=True)
class DefectEstimate:
    """What a plan comes to for one defect.

    Attributes:
        defect_type: The class.
        photos: Photos that get it.
        requests: Its edits.
        stored: Those the store already holds, refusals included.
        cost_usd: Most the rest can cost; None where the price is not known.
        seconds: How long the stages take for the rest, without those that nobody measured.
    """

    defect_type: str
    photos: int
    requests: int
    stored: int
    cost_usd: float | None
    seconds: float

    @property
    def variants(self) -> int:
        """Edits per photo."""
        return round(self.requests / self.photos) if self.photos else 0

    @property
    def to_make(self) -> int:
        """Edits that the store does not hold."""
        return self.requests - self.stored


@dataclass(frozen=True)
class DatasetPlan:
    """The samples of a dataset, and what none can be planned of.

    Attributes:
        samples: The samples.
        left_out: Photos and pictures without a drawn mask that can be used, each with the reason.
        missing: How many samples they would have been.
    """

    samples: list[PlannedSample]
    left_out: tuple[Skipped, ...]
    missing: int


def plan_samples(
    spec: DatasetSpec,
    images: Iterable[NormalImage],
    pairs: Sequence[Pair] = (),
    groups: Groups = NO_GROUPS,
    *,
    emulated: bool = False,
) -> list[PlannedSample]:
    """List the samples of a dataset that can be planned; arguments as of ``plan_dataset``."""
    return plan_dataset(spec, images, pairs, groups, emulated=emulated).samples


def plan_dataset(
    spec: DatasetSpec,
    images: Iterable[NormalImage],
    pairs: Sequence[Pair] = (),
    groups: Groups = NO_GROUPS,
    *,
    emulated: bool = False,
) -> DatasetPlan:
    """Plan the samples of a dataset: edited photos x defects x variants, in that order.

    Where the editor brings its pictures, these are the samples, in the order of their pairs. A
    photo that lacks its drawn mask is left out, with its samples of that defect.

    Args:
        spec: The dataset.
        images: The photos.
        pairs: The editor's pictures, paired.
        groups: Which photos stay together.
        emulated: Whether the emulator makes the edits, which are others than real ones then.

    Raises:
        SpecError: The editor does not understand a prompt, there are too many samples, or no photo
            has a drawn mask.
    """
    planner = _Planner(spec, groups, emulated=emulated)
    if spec.editor.maker.pictures is not None:
        _check_count(spec, len(pairs), f"{len(pairs):,} pictures")
        return _planned(planner, ((p.picture.name, partial(planner.paired, p)) for p in pairs))
    edited, variants = edited_images(spec, list(images)), sum(d.variants for d in spec.defects)
    _check_count(
        spec, len(edited) * variants, f"{len(edited):,} photos with {variants:,} variants each"
    )
    wanted = (
        (image.name, partial(planner.sample, image, defect, index, variant))
        for image in edited
        for index, defect in enumerate(spec.defects)
        for variant in range(defect.variants)
    )
    return _planned(planner, wanted)


def _planned(
    planner: "_Planner", wanted: Iterable[tuple[str, Callable[[], PlannedSample]]]
) -> DatasetPlan:
    """Plan samples, each given with the file it is made of; what lacks its mask is left out."""
    samples: list[PlannedSample] = []
    left_out: list[Skipped] = []
    for name, plan in wanted:
        try:
            samples.append(plan())
        except _NoMaskError as error:
            left_out.append(Skipped(name, str(error)))
    planner.check_masks()
    return DatasetPlan(samples, tuple(dict.fromkeys(left_out)), len(left_out))


def _check_count(spec: DatasetSpec, count: int, made_of: str) -> None:
    if count > MOST_SAMPLES:
        raise SpecError(
            f"{spec.origin}: {made_of} are {count:,} samples; {MOST_SAMPLES:,} are the most of one "
            "build. Lower defects.*.variants or images.max_edited, or make several datasets, each "
            "of a part of the photos"
        )


def edited_images(spec: DatasetSpec, images: Sequence[NormalImage]) -> list[NormalImage]:
    """Choose the photos that get defects: a draw that more photos or a higher bound only extend."""
    drawn = sorted(images, key=lambda image: content_key("edited", sha256=image.sha256))
    chosen = {image.sha256 for image in drawn[: spec.images.max_edited]}
    return [image for image in images if image.sha256 in chosen]


def plan_build(
    spec: DatasetSpec,
    inventory: Inventory,
    annotators: tuple[str, ...],
    store: Store,
    shard_size: int,
    pairs: Sequence[str] = (),
    *,
    stored_only: bool = False,
) -> BuildPlan:
    """Plan the samples of all usable photos and store them as shards.

    Args:
        spec: The dataset.
        inventory: The photos.
        annotators: Versions of the annotators at hand.
        store: The store.
        shard_size: Samples per shard.
        pairs: Where it is stored which of the editor's own pictures were paired.
        stored_only: Leave out samples whose edit the store does not hold.

    Raises:
        SourceError: No photo can be used, or no edit is in the store where only those count.
    """
    if spec.has_normals:
        inventory.check_usable()
    pairing = open_pairing(pairs, store)
    if spec.editor.maker.pictures is not None:
        pairing.check_usable()
    photos = split_photos(inventory.images, pairing.pairs)
    near = near_duplicates(spec, photos, store)
    near.save(store, spec.name)
    groups = group_photos(spec, photos, near)
    for note in groups.notes:
        logger.warning("%s", note)
    planned = plan_dataset(
        spec, inventory.images, pairing.pairs, groups, emulated=spec.editor.is_emulated()
    )
    samples, is_stored = planned.samples, _stored(store)
    if stored_only:
        samples = [s for s in samples if is_stored(s)]
        if not samples:
            raise SourceError(
                f"the store {store.url} holds no edit of {spec.name!r}; "
                "build without stored_only first"
            )
    shards = save_shards(samples, spec, annotators, store, shard_size)
    skipped = (*inventory.skipped, *pairing.left_out)
    unreadable = sum(skip.unreadable for skip in skipped)
    if planned.left_out:
        pairs = (*pairs, save_pairs(planned.left_out, store))
    return BuildPlan(
        shards=tuple(shards),
        photos=len(inventory.images),
        samples=len(samples),
        left_out=len(planned.samples) - len(samples) + planned.missing + unreadable,
        pairs=tuple(pairs),
        groups=groups.save(store),
    )


def split_photos(images: Iterable[NormalImage], pairs: Iterable[Pair]) -> list[NormalImage]:
    """Return all photos that are drawn into splits; of pictures without normals, the pictures."""
    return [*images, *(pair.normal for pair in pairs if not pair.has_normal)]


def near_duplicates(
    spec: DatasetSpec,
    photos: Sequence[NormalImage],
    store: Store,
    thumbnails: Mapping[str, Thumbnail] | None = None,
    *,
    keep: bool = True,
) -> NearDuplicates:
    """Find photos that show the same, if the spec asks for it.

    Args:
        spec: The dataset.
        photos: All photos that are drawn into splits.
        store: The store.
        thumbnails: Those of photos that the store may not have, by SHA-256.
        keep: Whether thumbnails that are made are stored.
    """
    if not spec.images.near_duplicates:
        return NearDuplicates()
    return find_near_duplicates(
        spec.name,
        photos,
        store,
        lambda image: decode_png(read_normal(store, image, spec.images.path, spec.images.decoding)),
        thumbnails,
        keep=keep,
    )


def estimate_build(
    spec: DatasetSpec,
    samples: Sequence[PlannedSample],
    photos: int,
    store: Store,
    finished: AbstractSet[str] | None = None,
) -> BuildEstimate:
    """Compare a plan with what the store holds; changes nothing.

    Args:
        spec: The dataset.
        samples: What is planned.
        photos: How many photos can be used.
        store: The store.
        finished: Ids of samples of which no stage has anything left to make; None for those that
            have an edit.
    """
    is_stored = _stored(store)
    missing = [s for s in samples if not is_stored(s)]
    lacking = {sample.sample_id for sample in missing}
    left = [s for s in samples if s.sample_id not in finished] if finished is not None else missing
    paces = Paces(store, spec) if left else None

    def of_defect(kind: str) -> DefectEstimate:
        planned = [s for s in samples if s.defect_type == kind]
        to_make = [s for s in planned if s.sample_id in lacking]
        return DefectEstimate(
            defect_type=kind,
            photos=len({s.normal.sha256 for s in planned}),
            requests=len(planned),
            stored=len(planned) - len(to_make),
            cost_usd=_most_usd(spec.editor, to_make),
            seconds=_seconds(paces, to_make, [s for s in left if s.defect_type == kind]),
        )

    defects = tuple(of_defect(defect.defect_type) for defect in spec.defects)
    costs = [defect.cost_usd for defect in defects]
    return BuildEstimate(
        photos=photos,
        edited_photos=len({sample.normal.sha256 for sample in samples}),
        requests=len(samples),
        stored=len(samples) - len(missing),
        to_make=len(missing),
        cost_usd=None if None in costs else round(sum(cost or 0.0 for cost in costs), 6),
        previews=_previews(spec.editor, samples),
        emulated=spec.editor.is_emulated(),
        defects=defects,
        seconds=sum(defect.seconds for defect in defects),
        measured=paces.measured if paces else "",
        unmeasured=paces.unmeasured if paces else (),
    )


def _seconds(
    paces: Paces | None, edited: Sequence[PlannedSample], judged: Sequence[PlannedSample]
) -> float:
    """Return how long the stages take for samples without an edit, and for all that are left."""
    if paces is None:
        return 0.0
    sizes = ([s.normal.megapixels for s in samples] for samples in (edited, judged))
    return paces.seconds(*sizes)


def _stored(store: Store) -> Callable[[PlannedSample], bool]:
    """Return what tells whether the store holds a sample's edit, or that it was refused."""
    marks = Marks(store)
    return lambda sample: marks.of(sidecar_path(sample.request.key)) != GONE


def _most_usd(editor: EditorSettings, samples: Sequence[PlannedSample]) -> float | None:
    """Return the most edits can cost, as far as can be told without the photos."""
    maker = editor.make()
    costs = [maker.most_usd(sample.request, _sent_size(maker, sample)) for sample in samples]
    return None if None in costs else round(sum(cost or 0.0 for cost in costs), 6)


def _sent_size(maker: CropPlanner, sample: PlannedSample) -> tuple[int, int]:
    source = (sample.normal.width, sample.normal.height)
    return maker.plan_crop(sample.request, source, region_guide(sample.region, None)).model


def _previews(editor: EditorSettings, samples: Sequence[PlannedSample]) -> tuple[Preview, ...]:
    prompts: dict[str, dict[str, None]] = {}
    for sample in samples:
        seen = prompts.setdefault(sample.defect_type, {})
        prompt = editor.sent_prompt(sample.request)
        if prompt is not None and len(seen) < _PREVIEWS_PER_DEFECT:
            seen[prompt] = None
    return tuple(Preview(kind, prompt) for kind, seen in prompts.items() for prompt in seen)


_PREVIEWS_PER_DEFECT: Final = 3


class _NoMaskError(ValueError):
    """A photo has no drawn mask of its own that can be used; others may have theirs."""


class _Planner:
    """Plans one sample at a time; what photos share is worked out once."""

    def __init__(self, spec: DatasetSpec, groups: Groups, *, emulated: bool) -> None:
        self._spec = spec
        self._groups = groups
        self._identity = spec.editor.identity(emulated=emulated)
        self._masks = DrawnMasks()
        self._masked: set[int] = set()
        self._unmasked: dict[tuple[int, str], str] = {}

    def sample(
        self, image: NormalImage, defect: DefectSpec, index: int, variant: int
    ) -> PlannedSample:
        """Plan one edit of one photo."""
        region = self._region(image, defect, index)
        request = EditRequest(
            normal_sha256=image.sha256,
            ask=self._ask(image, defect, index, variant, region),
            editor=self._identity,
            variant=variant,
            seed=self._spec.seed,
        )
        return PlannedSample(
            sample_id=sample_name(
                image.name, defect.defect_type, f"{variant:03d}", request.key[:8]
            ),
            normal=image,
            defect_type=defect.defect_type,
            prompt=defect.wording(variant),
            phrases=defect.grounding_phrases,
            region=region,
            expected_area=defect.expected_area,
            request=request,
            in_group=self._groups.group_of(image),
        )

    def paired(self, pair: Pair) -> PlannedSample:
        """Plan the label of one picture that is there."""
        shown, image, picture = pair.shown, pair.normal, pair.picture
        defect = next(d for d in self._spec.defects if d.defect_type == shown.defect_type)
        index = self._spec.defects.index(defect)
        region = shown.region or self._region(image, defect, index)
        existing = ExistingPicture(picture.name, picture.sha256, pair.geometry, pair.decoding)
        request = EditRequest(
            normal_sha256=image.sha256,
            ask=self._ask(image, defect, index, 0, region, existing),
            editor=self._identity,
            variant=0,
            seed=0,  # nothing is drawn
        )
        return PlannedSample(
            sample_id=sample_name(picture.name, defect.defect_type, request.key[:8]),
            normal=image,
            has_normal=pair.has_normal,
            picture=picture,
            defect_type=defect.defect_type,
            prompt=shown.prompt or defect.wording(0),
            phrases=shown.phrases or defect.grounding_phrases,
            region=region,
            expected_area=defect.expected_area,
            request=request,
            in_group=self._groups.group_of(image),
        )

    def _region(self, image: NormalImage, defect: DefectSpec, index: int) -> Region | None:
        if not isinstance(defect.region, MaskRegion):
            return defect.region
        told = self._unmasked.get((index, image.name))
        if told is None:
            try:
                mask = self._masks.of(defect.region.path, image.name)
            except ValueError as error:
                told = f"defects.{index}.region.path: {error}"
            else:
                self._masked.add(index)
                return mask
            self._unmasked[index, image.name] = told
        raise _NoMaskError(told)

    def check_masks(self) -> None:
        """Refuse a place of drawn masks that had none for any photo.

        Raises:
            SpecError: It is wrong, as far as can be told.
        """
        for (index, _), told in self._unmasked.items():
            if index not in self._masked:
                raise SpecError(f"{self._spec.origin}: {told}")

    def _ask(
        self,
        image: NormalImage,
        defect: DefectSpec,
        index: int,
        variant: int,
        region: Region | None,
        picture: ExistingPicture | None = None,
    ) -> dict[str, JsonValue]:
        """Return what is asked of the editor."""
        wanted = DefectRequest(
            normal_sha256=image.sha256,
            source=(image.width, image.height),
            category=self._spec.images.category,
            defect_type=defect.defect_type,
            prompt=defect.wording(0),
            wording=defect.wording(variant),
            variant=variant,
            seed=self._spec.seed,
            placement=defect.placement,
            severity=defect.severity,
            region=region,
            area=(defect.area.min_fraction, defect.area.max_fraction) if defect.area else None,
            picture=picture,
        )
        try:
            return self._spec.editor.describe(wanted)
        except SourceError as error:  # names the setting of the editor's own pictures
            raise SpecError(f"{self._spec.origin}: {error}") from error
        except ValueError as error:
            raise SpecError(f"{self._spec.origin}: defects.{index}.prompt: {error}") from error


def spec_warnings(spec: DatasetSpec, today: date) -> list[str]:
    """Return what a person should know before money is spent, one sentence per thing.

    Args:
        spec: The dataset.
        today: Decides which models are retired.
    """
    words = [" ".join((each.wording(0), *each.wordings, each.placement)) for each in spec.defects]
    notices = [*spec.remarks]
    notices += [each.notice for each in spec.grounding.annotators if each.notice]
    return [*notices, *spec.editor.warnings(words, today)]
