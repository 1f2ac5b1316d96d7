"""How much speaks for a change at each pixel, in units of the pair's own noise floor."""
