"""What makes an edit by a gpt-image model this edit: what is asked, of whom, and what is sent."""

from typing import Final

from pydantic import JsonValue

from kizu.edit.cropping import frame_photo, place_defect
from kizu.edit.gpt_image.pricing import cost_of, most_tokens
from kizu.edit.gpt_image.settings import AzureSettings
from kizu.edit.prompts import PROMPT_VERSION, Wish, compose_prompt
from kizu.edit.regions import region_guide
from kizu.edit.request import EditRequest
from kizu.imaging.arrays import Mask
from kizu.imaging.geometry import Geometry
from kizu.store.keys import content_key, fraction_of

AZURE_VERSION: Final = "1"
"""Changes when the same settings come to send another picture; then edits are bought anew."""


def editor_identity(settings: AzureSettings, *, emulated: bool = False) -> dict[str, JsonValue]:
    """Return what of the settings shapes the picture: never deployment, endpoint or key.

    Args:
        settings: The editor's settings.
        emulated: Whether the emulator is asked; real edits know nothing of it in their keys.
    """
    return {
        **settings.shaping(),
        "input_fidelity": settings.fidelity,
        "version": AZURE_VERSION,
        "prompts": PROMPT_VERSION,
        **({"emulated": True} if emulated else {}),
    }


def ask_for(
    settings: AzureSettings, wish: Wish, source: tuple[int, int], draw: float, phrasing: int
) -> dict[str, JsonValue]:
    """Return what is asked of the model for one photo, the final prompt above all.

    Args:
        settings: The editor's settings.
        wish: What the user wants.
        source: (width, height) of the photo in pixels.
        draw: In [0, 1); chooses where a small defect goes.
        phrasing: Number of the phrasing.
    """
    guide = region_guide(wish.region, None)
    most = wish.area[1] if wish.area else None
    place = place_defect(source, guide, most, draw)
    geometry = frame_photo(source, settings.sizes, place, settings.framing)
    region = wish.region.model_dump(mode="json") if wish.region else None
    return {
        "prompt": compose_prompt(
            wish, geometry, guide, phrasing=phrasing, language=settings.language
        ),
        "region": region,
        "area": list(wish.area) if wish.area else None,
        "draw": draw,
    }


def draw_of(normal_sha256: str, defect: str, variant: int, seed: int) -> float:
    """Draw where a small defect goes: another place for each variant, the same one for ever."""
    key = content_key("place", normal=normal_sha256, defect=defect, variant=variant, seed=seed)
    return round(fraction_of(key), 6)


def frame_for(
    settings: AzureSettings, request: EditRequest, source: tuple[int, int], guide: Mask | None
) -> Geometry:
    """Plan what of a photo is sent, as its prompt was written for.

    Args:
        settings: The editor's settings.
        request: What is asked for.
        source: (width, height) of the photo in pixels.
        guide: The region on a grid over the photo; None for anywhere.
    """
    area, draw = request.ask.get("area"), request.ask.get("draw")
    most = float(area[1]) if isinstance(area, list) else None  # type: ignore[arg-type] # a number
    place = place_defect(source, guide, most, float(draw or 0.0))  # type: ignore[arg-type] # a number
    return frame_photo(source, settings.sizes, place, settings.framing)


def needs_place(request: EditRequest) -> bool:
    """Tell whether a small defect was asked for: without a region it goes onto the object."""
    return "draw" in request.ask and request.ask.get("area") is not None


def most_usd(settings: AzureSettings, request: EditRequest, size: tuple[int, int]) -> float | None:
    """Return the most one call can cost; None where the price is not known.

    Args:
        settings: The editor's settings.
        request: What is asked for.
        size: (width, height) of the picture that is sent.
    """
    output = settings.facts.output_tokens.get((settings.quality, size))
    fidelity_tokens = settings.facts.fidelity_tokens(settings.fidelity, size)
    prompt = str(request.ask["prompt"])
    tokens = most_tokens(prompt, output, fidelity_tokens=fidelity_tokens)
    return cost_of(settings.price_list, tokens)
