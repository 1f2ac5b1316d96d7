"""What the painter paints: sizes, contrasts, and pictures of all kinds and severities."""
