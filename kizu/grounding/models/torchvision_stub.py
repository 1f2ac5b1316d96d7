"""Lets packages import that name torchvision at their top but need it only elsewhere."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from types import ModuleType
from typing import Final

STUBBED: Final = {
    "torchvision": (),
    "torchvision.ops": (),
    "torchvision.ops.boxes": ("batched_nms", "box_area"),
    "torchvision.transforms": (),
    "torchvision.transforms.functional": ("resize", "to_pil_image"),
}
_lock = Lock()


@contextmanager
def torchvision_or_stub() -> Iterator[None]:
    """Import inside this block; stand-ins are in place of torchvision where it does not work.

    They are gone again afterwards, so that nobody takes torchvision for installed.
    """
    with _lock:
        if _torchvision_works():
            yield
            return
        added = {name: _stub(name, names) for name, names in STUBBED.items()}
        sys.modules.update(added)
        try:
            yield
        finally:
            for name in added:
                sys.modules.pop(name, None)


def _torchvision_works() -> bool:
    try:
        importlib.import_module("torchvision.transforms.functional")
    except (ImportError, RuntimeError):  # RuntimeError: built for another torch
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        return False
    return True


def _stub(name: str, functions: tuple[str, ...]) -> ModuleType:
    module = ModuleType(name)
    for function in functions:
        setattr(module, function, _refuse)
    return module


def _refuse(*_: object, **__: object) -> object:
    raise NotImplementedError("this function needs torchvision; install it to use it")
