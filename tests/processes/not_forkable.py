"""A module whose import starts a thread, which no fork takes along."""

import threading

threading.Thread(target=threading.Event().wait, daemon=True).start()
