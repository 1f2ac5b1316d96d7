"""From evidence to masks: which pixels are changed, and where a change ends."""
