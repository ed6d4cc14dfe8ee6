"""From a host to a model of it: the collector, the readers, the host model. Never imports `visualize`."""
