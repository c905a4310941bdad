"""Where secrets come from and stay beside the keyring: variables, files, an encrypted file."""
