"""Drawing: a scene (nodes, edges, clusters) from a host and a path, then one reporter each.  Knows paths and hosts, no datapath."""
