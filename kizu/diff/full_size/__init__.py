"""Large pictures: found at the working size, looked at again at full size."""
