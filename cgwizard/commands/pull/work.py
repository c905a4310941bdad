"""The work of `cgwizard pull`: choose who pulls, pull, prove."""

from __future__ import annotations

import contextlib
import signal
import sys
from typing import TYPE_CHECKING

from cgwizard.cancel import Cancel
from cgwizard.commands.pull.options import Asked, advised, read_token
from cgwizard.engines.builtin import Builtin
from cgwizard.errors import Cancelled, Code, ExitCode, WizardError
from cgwizard.events import ignore
from cgwizard.net.client import Trust

if TYPE_CHECKING:
    from cgwizard.commands.pull.output import Output
    from cgwizard.engines.model import Engine
    from cgwizard.events import Finished, OnEvent
    from cgwizard.nexus.client import NexusClient
    from cgwizard.registry.client import Registry
    from cgwizard.registry.reference import Reference
    from cgwizard.secrets.secret import Credentials

LOOPBACK_SECONDS = 5.0  # for any answer from this machine


def run(asked: Asked, *, as_json: bool) -> int:
    """Do what was asked for; the exit code."""
    _import_httpx_only()
    from cgwizard.commands.pull import output

    cancel = Cancel()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Ignored by who started this: nohup, a script's "&".
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: cancel.set())
    out = output.output(as_json=as_json, lost=cancel.set)
    work = _Work(asked, out, cancel)
    try:
        work.do()
    except Cancelled:
        out.cancelled(asked.reference, work.kept)
        return ExitCode.CANCELLED
    except WizardError as error:
        from cgwizard.commands.pull.exit import exit_code

        out.failed(advised(error.problem, asked), asked.reference)
        return exit_code(error)
    except Exception:
        out.crashed(asked.reference)
        raise
    return ExitCode.DONE


def _import_httpx_only() -> None:
    """httpx imports its own command line too, where it finds what that needs, and with it Rich
    and Pygments: more than half of its import time, which the pull of a small image feels."""
    if "httpx" not in sys.modules:
        # None makes the import fail, as it does where Rich is not installed.
        sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]


class _Work:
    def __init__(self, asked: Asked, out: Output, cancel: Cancel) -> None:
        self._asked, self._out, self._cancel = asked, out, cancel
        self.kept = f"nothing of {asked.reference} was kept"  # for who stops it

    def do(self) -> None:
        from cgwizard.registry.reference import Reference

        asked = self._asked
        reference = Reference.parse(asked.reference)
        # What is wrong with these is told before anything is tried.
        token = read_token(asked.upstream_token) if asked.upstream_token else None
        nexus = ""
        if asked.nexus:
            from cgwizard.nexus.address import normalize

            nexus = normalize(asked.nexus)
        engine = self._engine()
        if isinstance(engine, Builtin):
            plain_http = self._plain_http(reference.host)
            result = self._pull(engine, reference, plain_http, self._out.event)
        else:
            plain_http, result = self._by_engine(engine, reference)
        if asked.verify_layers:
            layers = f"{result.unpacked} {'layer' if result.unpacked == 1 else 'layers'}"
            self._out.note(f"{layers} unpacked: what is inside matches the image's config")
        if asked.output:
            self.kept = f"{reference} is in {asked.output}"
        extra: dict[str, object] = {}
        if asked.verify:
            extra = self._prove(reference, result, plain_http, token, nexus)
        self._out.finished(result, extra)

    def _engine(self) -> Engine:
        asked = self._asked
        if asked.engine in {"docker", "podman"}:
            from cgwizard.engines.find import get

            return get(asked.engine)
        only_builtin = (
            asked.output or asked.ca_file or asked.verify_layers or asked.platform == "all"
        )
        if asked.engine == "auto" and not only_builtin:
            from cgwizard.engines.find import find

            for found in find():
                if found.engine:
                    return found.engine
        sink = None
        if asked.output:
            from cgwizard.registry.layout import LayoutSink

            sink = LayoutSink(asked.output)
        return Builtin(trust=self._trust, sink=sink, verify_uncompressed=asked.verify_layers)

    @property
    def _trust(self) -> Trust:
        return Trust(ca_file=self._asked.ca_file)

    def _pull(
        self, engine: Engine, reference: Reference, plain_http: bool, on_event: OnEvent
    ) -> Finished:
        return engine.pull(
            reference,
            self._asked.credentials,
            platform=self._asked.platform,
            on_event=on_event,
            cancel=self._cancel,
            plain_http=plain_http,
        )

    def _by_engine(self, engine: Engine, reference: Reference) -> tuple[bool, Finished]:
        """Pull, and whether the registry speaks plain HTTP. The engine is told to accept that
        only when the user said so: else the pull would prove what `docker pull` does not."""
        from cgwizard.engines import manifest_info

        self.kept = f"what {engine.name} has by now is its own to keep"
        self._out.note(f"{engine.name} {engine.version} at {engine.socket} pulls and keeps it")
        plain_http, told = self._asked.plain_http, None
        try:
            plain_http = self._plain_http(reference.host)
            with self._registry(reference, plain_http) as registry:
                told = manifest_info.ask(registry, reference, self._asked.platform, self._cancel)
        except WizardError as error:
            if error.code in manifest_info.HOPELESS:
                raise
        informed = manifest_info.Informed(told, self._out.event)
        result = self._pull(engine, reference, self._asked.plain_http, informed)
        return plain_http, informed.complete(result)

    def _plain_http(self, host: str) -> bool:
        """As docker does, a registry on this machine may do without TLS unasked. A port of HTTPS
        answers 400 to this question, or not at all; nothing secret is in it."""
        if self._asked.plain_http or not _is_loopback(host):
            return self._asked.plain_http
        from cgwizard.registry.retry import RetryPolicy

        patience = RetryPolicy(answer_seconds=LOOPBACK_SECONDS)
        try:
            with Builtin().registry(host, plain_http=True, patience=patience) as registry:
                return self._cancel.run(registry.ping, registry.abort).status != 400
        except Cancelled:
            return True  # which the pull sees as well, and then ends in order
        except WizardError as error:
            # Who does not answer at all gets the failure for what was asked: HTTPS no more.
            return error.code not in {Code.REGISTRY_HTTP_HTTPS_MISMATCH, Code.REGISTRY_CUT}

    def _registry(self, reference: Reference, plain_http: bool) -> Registry:
        return Builtin(trust=self._trust).registry(
            reference.host, self._asked.credentials, plain_http=plain_http
        )

    def _nexus(self, reference: Reference, plain_http: bool, url: str) -> NexusClient | None:
        """Nexus itself: where the user says that it is, or where the image came from, if
        Nexus's own port serves it by path. Nothing secret is in the question."""
        from cgwizard.nexus.client import NexusClient
        from cgwizard.proof.upstream import names_of

        if url:
            return NexusClient(url, self._asked.credentials, self._trust, self._cancel)
        if len(names_of(reference.repository)) == 1:
            return None
        here = f"{'http' if plain_http else 'https'}://{reference.host}"
        client = NexusClient(here, self._asked.credentials, self._trust, self._cancel)
        try:
            client.server()
        except WizardError:
            client.close()
            return None
        return client

    def _prove(
        self,
        reference: Reference,
        result: Finished,
        plain_http: bool,
        token: Credentials | None,
        nexus_url: str,
    ) -> dict[str, object]:
        """Tell what is proved; what a program may want of it. Raises WizardError when cgr.dev
        has another digest."""
        from cgwizard.commands.pull.checks import Verification
        from cgwizard.proof import upstream
        from cgwizard.proof.checks import PullChecks
        from cgwizard.registry.client import Registry

        url = self._asked.upstream or upstream.UPSTREAM
        states: dict[str, str] = {}
        nexus = self._nexus(reference, plain_http, nexus_url)
        with contextlib.closing(nexus) if nexus else contextlib.nullcontext():
            verification = Verification(
                PullChecks(reference, result, self._cancel),
                lambda: self._registry(reference, plain_http),
                lambda: Registry(url, token, name="cgr.dev"),
                token is not None,
                nexus,
                lambda: self._pull(Builtin(trust=self._trust), reference, plain_http, ignore),
            )
            for found in verification.results():
                self._cancel.check()
                self._out.check(found)
                states[found.id] = found.state
        name = upstream.names_of(reference.repository)[0]
        lines = upstream.cosign_lines(reference, result.digest, name, plain_http=plain_http)
        self._out.note("To verify the signature:")
        for line in lines:
            self._out.note(f"  {line}")
        return {"checks": states, "verify": list(lines)}


def _is_loopback(host: str) -> bool:
    name = (host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host).lower()
    return name in {"localhost", "[::1]"} or (name.startswith("127.") and name.count(".") == 3)
