"""Loads transformers models from local folders, all or nothing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kizu.grounding.errors import GroundingUnavailable, WeightsUnavailable
from kizu.grounding.settings import GroundingSettings
from kizu.grounding.weights import Weights

if TYPE_CHECKING:
    import torch

SHOWN_TENSORS = 3


def load_model(
    model_class: Any,  # transformers' classes share no typed base
    weights: Weights,
    settings: GroundingSettings,
    system: str,
    encoder: str,
) -> Any:
    """Return the model with these weights, in inference mode, on the chosen device.

    Args:
        model_class: Class with `from_pretrained`.
        weights: Its files.
        settings: Device and precision.
        system: Who loads it; named in errors.
        encoder: Dotted name of the part that may compute in 16 bits.

    Raises:
        WeightsUnavailable: If files are damaged, or lack a tensor that the model needs (it would
            otherwise start with random numbers).
    """
    import torch
    from safetensors import SafetensorError

    try:
        with _no_progress_bars():
            model, report = model_class.from_pretrained(
                weights.path, dtype=torch.float32, local_files_only=True, output_loading_info=True
            )
    except (OSError, SafetensorError, RuntimeError, ValueError, KeyError) as error:
        raise WeightsUnavailable(_damaged(system, weights, error)) from error
    missing = sorted(report["missing_keys"])
    if missing:
        raise WeightsUnavailable(
            f"{system}: {str(weights.path)!r} lacks {len(missing)} of the model's tensors "
            f"({', '.join(missing[:SHOWN_TENSORS])}...); download the model again"
        )
    model = model.to(torch_device(settings)).eval().requires_grad_(requires_grad=False)
    if settings.precision != "float32":
        compute_in_16_bits(model.get_submodule(encoder), model.device, settings)
    return model


def compute_in_16_bits(encoder: Any, device: "torch.device", settings: GroundingSettings) -> None:
    """Let one part of a model compute in the settings' precision, and hand on float32.

    Only the image encoder, which takes most of the time, may: in 16 bits a coordinate of a
    1000 px image is known to one to four pixels.
    """
    import torch

    forward = encoder.forward
    dtype = {"bfloat16": torch.bfloat16, "float16": torch.float16}[settings.precision]

    def autocast_forward(*inputs: object, **options: object) -> object:
        with torch.autocast(device.type, dtype):
            return _in_float32(forward(*inputs, **options))

    encoder.forward = autocast_forward


def load_part(part_class: Any, weights: Weights, system: str, **options: object) -> Any:
    """Return a tokenizer or an image processor from the model's folder.

    Raises:
        WeightsUnavailable: If its files are missing or damaged.
    """
    try:
        return part_class.from_pretrained(weights.path, local_files_only=True, **options)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsUnavailable(_damaged(system, weights, error)) from error


def padded_tokens(tokenizer: Any, texts: Sequence[str], model: Any) -> dict[str, "torch.Tensor"]:
    """Return (P, T) ids and attention mask of P texts, each as long as the model's text encoder.

    Equal lengths make a text's tokens independent of the texts beside it.
    """
    encoded = tokenizer(
        list(texts),
        padding="max_length",
        truncation=True,
        max_length=model.config.text_config.max_position_embeddings,
        return_tensors="pt",
    ).to(model.device)
    return {name: encoded[name] for name in ("input_ids", "attention_mask")}


def torch_device(settings: GroundingSettings) -> "torch.device":
    """Return the device the settings ask for.

    Raises:
        GroundingUnavailable: If they ask for a GPU that is not there.
    """
    import torch

    has_gpu = torch.cuda.is_available()
    if settings.device == "cuda" and not has_gpu:
        raise GroundingUnavailable(
            "device is 'cuda' but torch sees no CUDA GPU; set grounding.device to 'auto'"
        )
    return torch.device("cuda" if has_gpu and settings.device != "cpu" else "cpu")


def _in_float32(value: Any) -> Any:  # any nesting of tensors
    import torch

    if isinstance(value, torch.Tensor):
        return value.float() if value.is_floating_point() else value
    if isinstance(value, dict):  # transformers' outputs are dictionaries too
        for name, part in value.items():
            value[name] = _in_float32(part)
        return value
    if isinstance(value, list | tuple):
        return type(value)(_in_float32(part) for part in value)
    return value


@contextmanager
def _no_progress_bars() -> Iterator[None]:
    from transformers.utils import logging

    bars: Any = logging  # its functions have no types
    if not bars.is_progress_bar_enabled():
        yield
        return
    bars.disable_progress_bar()
    try:
        yield
    finally:
        bars.enable_progress_bar()


def _damaged(system: str, weights: Weights, error: Exception) -> str:
    cause = str(error).strip().split("\n", maxsplit=1)[0]
    return (
        f"{system}: cannot read {str(weights.path)!r} ({type(error).__name__}: {cause}); "
        "download the model again or give another folder"
    )
