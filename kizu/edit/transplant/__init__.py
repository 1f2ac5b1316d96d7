"""The editor that moves the user's own real defects onto normal images."""
