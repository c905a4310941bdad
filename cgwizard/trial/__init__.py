"""A trial Nexus in a container of this machine, for those who have no Nexus at hand yet."""
