"""Who pulls: the puller that is built in, Docker or Podman, behind one interface."""
