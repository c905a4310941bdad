"""Docker connectors: separate ports that open and close with their repositories."""

from __future__ import annotations

from cgwizard.practice.serving import App, Running, Servers, listen, log


class Connectors:
    """At most one open port for each repository."""

    def __init__(self, servers: Servers, host: str) -> None:
        self._servers, self._host = servers, host
        self._open: dict[str, Running] = {}

    async def open(
        self, repository: str, http_port: int | None, https_port: int | None, app: App
    ) -> None:
        """Listen where the settings say. What cannot be opened is said in the log only, as in
        Nexus, where the repository is saved all the same."""
        if https_port is not None:
            log.warning(
                "Could not configure https connector on port %s for %s: "
                "Unsupported HTTP Scheme: https",
                https_port,
                repository,
            )
        if http_port is None:
            return
        try:
            sock = listen(http_port, self._host)
        except (OSError, OverflowError) as error:
            log.warning(
                "Could not open connector on port %s for %s: %s", http_port, repository, error
            )
            return
        self._open[repository] = await self._servers.serve(app, sock)

    async def close(self, repository: str) -> None:
        """Stop serving on the repository's port, which is free afterwards."""
        running = self._open.pop(repository, None)
        if running is not None:
            await self._servers.stop(running)
