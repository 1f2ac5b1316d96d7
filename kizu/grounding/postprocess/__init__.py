"""What becomes of raw detections: merged, cut into tiles, held against what is known."""
