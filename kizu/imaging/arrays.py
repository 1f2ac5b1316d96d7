"""Names for the arrays that travel through kizu: rows first, colour as RGB, boxes in pixels."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

RgbImage: TypeAlias = NDArray[np.uint8]
"""(H, W, 3) uint8, sRGB."""

Mask: TypeAlias = NDArray[np.bool_]
"""(H, W) bool, true where a pixel belongs."""

FloatMap: TypeAlias = NDArray[np.float32]
"""(H, W) float32."""

Boxes: TypeAlias = NDArray[np.float32]
"""(N, 4) float32 xyxy in pixels; x1 and y1 are exclusive."""
