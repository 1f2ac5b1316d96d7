"""What past builds teach the next one: yields of prompts, and what their phrases find."""
