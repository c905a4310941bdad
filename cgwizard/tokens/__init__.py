"""Pull tokens: read from what a user pastes, from Docker's files, or made by ``chainctl``."""
