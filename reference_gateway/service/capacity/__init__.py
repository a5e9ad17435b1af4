"""Who is let in, who waits and for how long, and which channel is left alone."""
