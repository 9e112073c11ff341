"""Neural cold-start methods from the literature: trained with torch, asked without it."""
