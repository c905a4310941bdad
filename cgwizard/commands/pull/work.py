"""The work of `cgwizard pull`: choose who pulls, pull, verify."""

from __future__ import annotations

import contextlib
import signal
import sys
from typing import TYPE_CHECKING

from cgwizard.cancel import Cancel
from cgwizard.commands.pull.options import PullOptions, advised, read_token
from cgwizard.engines.builtin import Builtin
from cgwizard.errors import Cancelled, Code, ExitCode, WizardError
from cgwizard.events import ignore
from cgwizard.net.trust import Trust

if TYPE_CHECKING:
    from cgwizard.commands.pull.output import PullOutput
    from cgwizard.engines.model import Engine
    from cgwizard.events import Finished, OnEvent
    from cgwizard.nexus.client import NexusClient
    from cgwizard.registry.client import Registry
    from cgwizard.registry.reference import Reference
    from cgwizard.secrets.secret import Credentials

LOOPBACK_SECONDS = 5.0  # for any answer from this machine


def run(options: PullOptions, *, as_json: bool) -> int:
    """Pull; the exit code."""
    _import_httpx_only()
    from cgwizard.commands.pull import output

    cancel = Cancel()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # The parent process may have it ignored: nohup, a script's "&".
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: cancel.set())
    out = output.output(as_json=as_json, lost=cancel.set)
    work = _Work(options, out, cancel)
    try:
        work.do()
    except Cancelled:
        out.cancelled(options.reference, work.kept)
        return ExitCode.CANCELLED
    except WizardError as error:
        from cgwizard.commands.pull.exit import exit_code

        out.failed(advised(error.problem, options), options.reference)
        return exit_code(error)
    except Exception:
        out.crashed(options.reference)
        raise
    return ExitCode.DONE


def _import_httpx_only() -> None:
    """httpx also imports its own command line where Rich and Pygments are installed. That is
    more than half of its import time, which a user notices when the image is small."""
    if "httpx" not in sys.modules:
        # None makes the import fail, as it does where Rich is not installed.
        sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]


class _Work:
    def __init__(self, options: PullOptions, out: PullOutput, cancel: Cancel) -> None:
        self._options, self._out, self._cancel = options, out, cancel
        self._trust = Trust(ca_file=options.ca_file)
        self.kept = f"nothing of {options.reference} was kept"  # said when the user stops it

    def do(self) -> None:
        from cgwizard.registry.reference import Reference

        options = self._options
        reference = Reference.parse(options.reference)
        # A mistake in these is reported before anything is tried.
        token = read_token(options.upstream_token) if options.upstream_token else None
        nexus_url = ""
        if options.nexus:
            from cgwizard.nexus.address import normalize

            nexus_url = normalize(options.nexus)
        self._warn(reference, nexus_url, with_token=token is not None)
        engine = self._engine()
        if isinstance(engine, Builtin):
            plain_http = self._plain_http(reference.host)
            finished = self._pull(engine, reference, plain_http, self._out.event)
        else:
            plain_http, finished = self._by_engine(engine, reference)
        if options.verify_layers:
            layers = f"{finished.unpacked} {'layer' if finished.unpacked == 1 else 'layers'}"
            self._out.note(f"{layers} unpacked: what is inside matches the image's config")
        if options.output:
            self.kept = f"{reference} is in {options.output}"
        extra: dict[str, object] = {}
        if options.verify_upstream:
            extra = self._verify(reference, finished, plain_http, token, nexus_url)
        self._out.finished(finished, extra)

    def _warn(self, reference: Reference, nexus_url: str, *, with_token: bool) -> None:
        """Before anything is sent."""
        options = self._options
        urls = [f"http://{reference.host}"] if options.plain_http else []
        urls = [*urls, nexus_url] if options.credentials else []
        if with_token:
            urls.append(options.registry or options.upstream or "")
        if urls:
            from cgwizard.commands.common import warn_unencrypted

            warn_unencrypted(*urls)

    def _engine(self) -> Engine:
        options = self._options
        if options.engine in {"docker", "podman"}:
            from cgwizard.engines.find import get

            return get(options.engine)
        only_builtin = (
            options.output or options.ca_file or options.verify_layers or options.platform == "all"
        )
        if options.engine == "auto" and not only_builtin:
            from cgwizard.engines.find import find

            for found in find():
                if found.engine:
                    return found.engine
        sink = None
        if options.output:
            from cgwizard.registry.layout import LayoutSink

            sink = LayoutSink(options.output)
        return Builtin(trust=self._trust, sink=sink, verify_uncompressed=options.verify_layers)

    def _pull(
        self, engine: Engine, reference: Reference, plain_http: bool, on_event: OnEvent
    ) -> Finished:
        return engine.pull(
            reference,
            self._options.credentials,
            platform=self._options.platform,
            on_event=on_event,
            cancel=self._cancel,
            plain_http=plain_http,
        )

    def _by_engine(self, engine: Engine, reference: Reference) -> tuple[bool, Finished]:
        """Pull; also whether the registry speaks plain HTTP. The engine may accept that only
        when the user asked for it: else the pull would prove what `docker pull` does not."""
        from cgwizard.engines import manifest_info

        self.kept = f"what {engine.name} has by now is its own to keep"
        self._out.note(f"{engine.name} {engine.version} at {engine.socket} pulls and keeps it")
        plain_http, known = self._options.plain_http, None
        try:
            plain_http = self._plain_http(reference.host)
            with self._registry(reference, plain_http) as registry:
                platform = self._options.platform
                known = manifest_info.ask(registry, reference, platform, self._cancel)
        except WizardError as error:
            if manifest_info.fails_the_engine_too(error):
                raise
        events = manifest_info.CompletedEvents(known, self._out.event)
        finished = self._pull(engine, reference, self._options.plain_http, events)
        return plain_http, events.complete(finished)

    def _plain_http(self, host: str) -> bool:
        """Like docker, accept plain HTTP from a registry on this machine without being asked.
        A port of HTTPS answers 400 to this question, or not at all. The question holds no
        secret."""
        if self._options.plain_http or not _is_loopback(host):
            return self._options.plain_http
        from cgwizard.registry.retry import RetryPolicy

        patience = RetryPolicy(answer_seconds=LOOPBACK_SECONDS)
        try:
            with Builtin().registry(host, plain_http=True, patience=patience) as registry:
                return self._cancel.run(registry.ping, registry.abort).status != 400
        except Cancelled:
            return True  # the pull sees it too, and ends in order
        except WizardError as error:
            # Where nothing answers, the pull fails by what the user asked for, which is HTTPS.
            return error.code not in {Code.REGISTRY_HTTP_HTTPS_MISMATCH, Code.REGISTRY_CUT}

    def _registry(self, reference: Reference, plain_http: bool) -> Registry:
        return Builtin(trust=self._trust).registry(
            reference.host, self._options.credentials, plain_http=plain_http
        )

    def _nexus(self, reference: Reference, plain_http: bool, url: str) -> NexusClient | None:
        """Nexus at the address that the user gave, or where the image came from, if Nexus's own
        port serves it by path. The question for that holds no secret."""
        from cgwizard.nexus.client import NexusClient
        from cgwizard.proof.upstream import names_of

        here = f"{'http' if plain_http else 'https'}://{reference.host}"
        if not url and len(names_of(reference.repository)) == 1:
            return None
        client = NexusClient(url or here, self._options.credentials, self._trust, self._cancel)
        if not url:
            try:
                client.server()
            except WizardError:
                client.close()
                return None
        return client

    def _verify(
        self,
        reference: Reference,
        finished: Finished,
        plain_http: bool,
        token: Credentials | None,
        nexus_url: str,
    ) -> dict[str, object]:
        """Report every check; what goes into the last JSON line. Raises WizardError
        `cache-stale-tag`."""
        from urllib.parse import urlsplit

        from cgwizard.commands.pull.checks import Verification
        from cgwizard.proof import upstream
        from cgwizard.proof.checks import PullChecks
        from cgwizard.registry.client import Registry

        other = self._options.registry or self._options.upstream
        url = other or upstream.UPSTREAM
        asked = urlsplit(url).netloc if self._options.registry else "cgr.dev"
        trust = self._trust if other else Trust()
        states: dict[str, str] = {}
        nexus = self._nexus(reference, plain_http, nexus_url)
        with contextlib.closing(nexus) if nexus else contextlib.nullcontext():
            verification = Verification(
                PullChecks(reference, finished, self._cancel),
                lambda: self._registry(reference, plain_http),
                lambda: Registry(url, token, trust=trust, name=asked),
                token is not None,
                nexus,
                lambda: self._pull(Builtin(trust=self._trust), reference, plain_http, ignore),
                asked=asked,
            )
            for result in verification.results():
                self._cancel.check()
                self._out.check(result)
                states[result.id] = result.state
        name = upstream.names_of(reference.repository)[0]
        lines = upstream.cosign_lines(reference, finished.digest, name, plain_http=plain_http)
        self._out.note("To verify the signature:")
        for line in lines:
            self._out.note(f"  {line}")
        return {"checks": states, "verify": list(lines)}


def _is_loopback(host: str) -> bool:
    """``host`` may have a port, and has brackets around an IPv6 address."""
    from cgwizard.net.proxies import is_loopback

    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    return is_loopback(name.lower().strip("[]"))
