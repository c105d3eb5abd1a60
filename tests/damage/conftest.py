"""Settings of the property tests: no deadline per example, because a busy machine is no fault."""

from hypothesis import settings

settings.register_profile("onemap", deadline=None)
settings.load_profile("onemap")
