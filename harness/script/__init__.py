"""The scenario language: read, found by id, played in a world. Straight stories only; a choice is a machine's."""
