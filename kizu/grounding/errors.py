"""What can keep an annotator from working: for a whole run, or for one image."""


class GroundingUnavailable(Exception):  # noqa: N818 - names a state the user can end, not a bug
    """A text-grounding system cannot be used here; the message says why and the way out."""


class WeightsUnavailable(GroundingUnavailable):
    """A system's weights are missing, unreachable, of another model, or damaged."""


class ImageFailure(Exception):  # noqa: N818 - becomes an `AnnotationFailure`, one image's result
    """One image cannot be annotated; the others can."""
