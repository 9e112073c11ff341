"""How well the engine answers, by fixed protocols."""
