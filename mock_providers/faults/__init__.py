"""Everything that can go wrong on purpose: one file for each fault, and the rules that say when it strikes."""
