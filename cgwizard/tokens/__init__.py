"""Pull tokens: read from what a person pastes, from Docker's files, or made by ``chainctl``."""
