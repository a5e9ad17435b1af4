"""The front doors: how an SDK that insists on the vendors' own host names still ends up at the simulator."""
