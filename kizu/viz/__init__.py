"""Pictures of masks and detections, for reports and terminals."""
