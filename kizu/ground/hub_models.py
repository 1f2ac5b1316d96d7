"""Loads transformers models from local folders, all or nothing."""

from typing import TYPE_CHECKING, Any

from kizu.ground.errors import GroundingUnavailable, WeightsUnavailable
from kizu.ground.settings import GroundSettings
from kizu.ground.weights import Weights

if TYPE_CHECKING:
    import torch

SHOWN_TENSORS = 3


def load_model(model_class: Any, weights: Weights, settings: GroundSettings, system: str) -> Any:  # noqa: ANN401 - transformers' classes share no typed base
    """Return the model with these weights, in inference mode, on the chosen device.

    Raises:
        WeightsUnavailable: If files are damaged, or lack a tensor that the model needs (it would
            otherwise start with random numbers).
    """
    from safetensors import SafetensorError  # noqa: PLC0415 - heavy

    dtype = torch_dtype(settings)
    try:
        model, report = model_class.from_pretrained(
            weights.path, dtype=dtype, local_files_only=True, output_loading_info=True
        )
    except (OSError, SafetensorError, RuntimeError, ValueError, KeyError) as error:
        raise WeightsUnavailable(_damaged(system, weights, error)) from error
    missing = sorted(report["missing_keys"])
    if missing:
        raise WeightsUnavailable(
            f"{system}: {str(weights.path)!r} lacks {len(missing)} of the model's tensors "
            f"({', '.join(missing[:SHOWN_TENSORS])}...); download the model again"
        )
    return model.to(torch_device(settings)).eval().requires_grad_(requires_grad=False)


def load_part(part_class: Any, weights: Weights, system: str, **options: object) -> Any:  # noqa: ANN401 - as above
    """Return a tokenizer or an image processor from the model's folder.

    Raises:
        WeightsUnavailable: If its files are missing or damaged.
    """
    try:
        return part_class.from_pretrained(weights.path, local_files_only=True, **options)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsUnavailable(_damaged(system, weights, error)) from error


def torch_device(settings: GroundSettings) -> "torch.device":
    """Return the device the settings ask for.

    Raises:
        GroundingUnavailable: If they ask for a GPU that is not there.
    """
    import torch  # noqa: PLC0415 - heavy

    has_gpu = torch.cuda.is_available()
    if settings.device == "cuda" and not has_gpu:
        raise GroundingUnavailable(
            "device is 'cuda' but torch sees no CUDA GPU; set ground.device to 'auto'"
        )
    return torch.device("cuda" if has_gpu and settings.device != "cpu" else "cpu")


def torch_dtype(settings: GroundSettings) -> "torch.dtype":
    """Return the torch number format of the settings' precision."""
    import torch  # noqa: PLC0415 - heavy

    return {
        "float32": torch.float32,
        "bfloat16": torch.bfloat16,
        "float16": torch.float16,
    }[settings.precision]


def _damaged(system: str, weights: Weights, error: Exception) -> str:
    cause = str(error).strip().split("\n", maxsplit=1)[0]
    return (
        f"{system}: cannot read {str(weights.path)!r} ({type(error).__name__}: {cause}); "
        "download the model again or give another folder"
    )
