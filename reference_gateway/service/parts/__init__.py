"""Parts of the port to the store, one file for each that grew its own."""
