"""Everything lives in the plugin, which does nothing outside a run."""

pytest_plugins = ("steward.plugin",)
