"""`python -m mock_providers.workers`: one worker; only a parent starts it."""

import sys

from mock_providers.workers.worker import main

sys.exit(main())
