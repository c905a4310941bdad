"""What each code means and what to do about it; `docs/errors.md` is written from here.

`cgwizard.errors.codes` loads this module when the first code is explained.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from cgwizard.errors.codes import NEW_PULL_TOKEN, Code
from cgwizard.errors.exit_codes import ExitCode, PullExit


class Area(StrEnum):
    """What a code is about: its chapter in `docs/errors.md`."""

    CONNECT = "Connecting to Nexus"
    CHANGES = "Repositories and changes"
    CONNECTORS = "Connectors"
    REMOTE = "Nexus's way to the registry"
    TOKENS = "Pull tokens"
    NAMES = "Names of images"
    PULL = "Pulling"
    KEPT = "What Nexus keeps"
    ANONYMOUS = "Access without signing in"
    DIAGNOSIS = "Diagnosis"
    ENGINES = "Container engines and the trial Nexus"
    SECRETS = "Keyring and secrets"
    RUNS = "Runs on a server"


class CatalogEntry(NamedTuple):
    area: Area
    meaning: str
    next_step: str
    pull_exit: ExitCode | PullExit | None = None
    """How `cgwizard pull` ends, where it has an exit code for this."""


ENTRIES = {
    # Connecting to Nexus
    Code.CA_FILE_UNREADABLE: CatalogEntry(
        Area.CONNECT,
        "The file is missing, not readable, or holds no certificate in PEM or DER form.",
        "Name a file of certificates (PEM, which begins with -----BEGIN CERTIFICATE-----, or DER).",
        ExitCode.USAGE,
    ),
    Code.CLIENT_PROXY_IN_THE_WAY: CatalogEntry(
        Area.CONNECT,
        "A variable of this shell (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY) sends the request to a "
        "proxy that does not let it through, wants a sign-in, is not there, or speaks SOCKS, "
        "which cannot be used here.",
        "Add the host to NO_PROXY and start again, or correct the proxy.",
        PullExit.NO_ANSWER,
    ),
    Code.LOGIN_WRONG: CatalogEntry(
        Area.CONNECT,
        "The user name or the password is wrong; a password from the keyring may have been "
        "changed since. One that is not UTF-8 is not sent.",
        "Check both once; Nexus locks a user out after a few wrong ones.",
        PullExit.SIGN_IN,
    ),
    Code.NEXUS_ANSWER_BROKEN: CatalogEntry(
        Area.CONNECT,
        "Another kind of server listens there, or something on the way cuts connections.",
        "Check the port; behind a reverse proxy, look at its log.",
    ),
    Code.NEXUS_ANSWER_TOO_BIG: CatalogEntry(
        Area.CONNECT,
        "What answers is not Nexus, or something on the way alters its answers.",
        "Check the address, and what stands between here and Nexus.",
    ),
    Code.NEXUS_ANSWER_UNEXPECTED: CatalogEntry(
        Area.CONNECT,
        "What answered is not what this version of Nexus answers: a single sign-on page, a "
        "proxy's error page, or an unknown version.",
        "Try again without what stands between here and Nexus (proxy, single sign-on).",
    ),
    Code.NEXUS_BEHIND_PROXY_STRIPS_AUTH: CatalogEntry(
        Area.CONNECT,
        "A reverse proxy in front of Nexus takes the Authorization header away.",
        "Let it pass the header on (nginx: proxy_set_header Authorization $http_authorization;),"
        " or use Nexus's own port.",
    ),
    Code.NEXUS_BLOBSTORE_FULL: CatalogEntry(
        Area.CONNECT,
        "Nexus cannot store what it fetches: pulls of what is not cached fail with 500.",
        "Make room on its disk, or clean up.",
    ),
    Code.NEXUS_CE_LIMIT: CatalogEntry(
        Area.CONNECT,
        "The Community Edition is over its limit of components or requests.",
        "Ask the owner of this Nexus: clean up, or get a license.",
        PullExit.NO_ANSWER,
    ),
    Code.NEXUS_CERTIFICATE_CHANGED: CatalogEntry(
        Area.CONNECT,
        "The certificate was renewed, or something answers in its place.",
        "Ask the administrator for the new fingerprint, then confirm it here.",
    ),
    Code.NEXUS_CONTEXT_PATH: CatalogEntry(
        Area.CONNECT,
        "Nexus lives under a path, such as /nexus.",
        "Use the address that is shown, or that of Nexus's web page with its path.",
    ),
    Code.NEXUS_DNS: CatalogEntry(
        Area.CONNECT,
        "The name is mistyped, or known only inside another network or by its full name; or the "
        "name server did not answer.",
        "Check the name, the VPN and the name server; try the name with its domain.",
    ),
    Code.NEXUS_ENDPOINT_MISSING: CatalogEntry(
        Area.CONNECT,
        "This version or edition of Nexus does not have this call.",
        "Compare Nexus's version with what this step needs.",
    ),
    Code.NEXUS_EULA: CatalogEntry(
        Area.CONNECT,
        "The Community Edition refuses every pull with 403 until someone accepts it.",
        "Read and accept it: in the step Connect, or in Nexus's own pages.",
        PullExit.NO_ANSWER,
    ),
    Code.NEXUS_FILTERED: CatalogEntry(
        Area.CONNECT,
        "The host is off or in a network that cannot be reached from here.",
        "Check the VPN, the route and the firewall.",
    ),
    Code.NEXUS_FORBIDDEN: CatalogEntry(
        Area.CONNECT,
        "This user lacks a privilege; its name is shown where it is known.",
        "Sign in as an administrator, or have the privilege added to a role of this user.",
    ),
    Code.NEXUS_HTTP_HTTPS_MISMATCH: CatalogEntry(
        Area.CONNECT,
        "The port speaks HTTPS and was asked in plain HTTP, or the other way round.",
        "Use the address that is shown.",
    ),
    Code.NEXUS_LOCKED_OUT: CatalogEntry(
        Area.CONNECT,
        "Too many wrong passwords: Nexus refuses this user, with the right one too.",
        "Wait 15 minutes without any sign-in as this user, then try once.",
        PullExit.SIGN_IN,
    ),
    Code.NEXUS_NO_ANSWER: CatalogEntry(
        Area.CONNECT,
        "Nexus is starting or overloaded, or another kind of server listens there.",
        "Check that this is Nexus's own port, then try again.",
    ),
    Code.NEXUS_NO_DOCKER: CatalogEntry(
        Area.CONNECT,
        "This is the open core, or the format is switched off on this node.",
        "Use Nexus Repository Community or Pro, with the docker format enabled.",
    ),
    Code.NEXUS_NOT_FOUND: CatalogEntry(
        Area.CONNECT,
        "It does not exist, or this user may not see it.",
        "Check the name and the user's privileges.",
    ),
    Code.NEXUS_NOT_NAMED: CatalogEntry(
        Area.CONNECT,
        "The journal names more than one Nexus.",
        "Name one, for example `cgwizard undo https://nexus.example.com`.",
    ),
    Code.NEXUS_NOT_NEXUS: CatalogEntry(
        Area.CONNECT,
        "Another product or a web page answers at this address.",
        "Check host and port, and the context path if Nexus has one (often /nexus).",
    ),
    Code.NEXUS_PAGE_OF_ANOTHER: CatalogEntry(
        Area.CONNECT,
        "A filter, a sign-in page or another web server between here and Nexus refused the "
        "request with a page of its own; Nexus was not asked.",
        "Have the address of Nexus allowed there, or ask it without what stands between.",
    ),
    Code.NEXUS_READ_ONLY: CatalogEntry(
        Area.CONNECT,
        "Nexus is in read-only mode, for a backup or because it is over a limit, or is starting.",
        "Ask its administrator to end the read-only mode; while it starts, wait a minute.",
        PullExit.NO_ANSWER,
    ),
    Code.NEXUS_REDIRECTED: CatalogEntry(
        Area.CONNECT,
        "A sign-in page or another server stands in front; a redirect is not followed, so that "
        "no password goes to a place that you did not name.",
        "If that is the address of Nexus, type it; else ask for one that leads to Nexus without "
        "a sign-in page.",
    ),
    Code.NEXUS_REFUSED: CatalogEntry(
        Area.CONNECT,
        "Nothing listens there: Nexus is stopped or still starting, uses another port (8081, "
        "8443, 443), or its container does not publish this one.",
        "Check the port, and that Nexus runs (docker ps shows published ports).",
    ),
    Code.NEXUS_REQUEST_INVALID: CatalogEntry(
        Area.CONNECT,
        "Nexus does not accept a value; its message says which.",
        "Change it as the message says; nothing was changed in Nexus.",
    ),
    Code.NEXUS_SERVER_ERROR: CatalogEntry(
        Area.CONNECT,
        "An error inside Nexus.",
        "Look at nexus.log, by the fault id where one is shown.",
    ),
    Code.NEXUS_SIGN_IN_NEEDED: CatalogEntry(
        Area.CONNECT,
        "User name or password is missing.",
        "Enter both.",
    ),
    Code.NEXUS_SIGN_IN_UNAVAILABLE: CatalogEntry(
        Area.CONNECT,
        "Nexus cannot ask its user back-end (LDAP or database) now; the password was not judged.",
        "Wait a minute, then sign in again.",
    ),
    Code.NEXUS_STARTING: CatalogEntry(
        Area.CONNECT,
        "This machine is slow or short of memory, or what was started is no Nexus.",
        "Look at the memory and the disk of the engine, then try again.",
    ),
    Code.NEXUS_TLS_EXPIRED: CatalogEntry(
        Area.CONNECT,
        "The certificate was not renewed, or the clock of this machine is wrong.",
        "Check the clock, then have the certificate renewed.",
    ),
    Code.NEXUS_TLS_FAILED: CatalogEntry(
        Area.CONNECT,
        "The server's TLS settings and this machine's have nothing in common, it asks for a "
        "client certificate, or it is no TLS server.",
        "Check the scheme and port; the server's TLS versions are in its log.",
    ),
    Code.NEXUS_TLS_NAME: CatalogEntry(
        Area.CONNECT,
        "The server is known under another name, or another server answers.",
        "Use the name that stands in the certificate.",
    ),
    Code.NEXUS_TLS_UNTRUSTED: CatalogEntry(
        Area.CONNECT,
        "The server uses an authority of your own that this machine does not know, or something "
        "on the way replaces its certificate.",
        "Name the authority's CA file, or compare the fingerprint and confirm it.",
    ),
    Code.NEXUS_TOO_SLOW: CatalogEntry(
        Area.CONNECT,
        "Nexus is overloaded, or the network in between is very slow.",
        "Try again; if it stays so, look at the load of the Nexus server.",
    ),
    Code.NEXUS_UNAVAILABLE: CatalogEntry(
        Area.CONNECT,
        "Nexus is restarting or overloaded, or a reverse proxy does not reach it.",
        "Wait a minute and try again; then look at nexus.log.",
    ),
    Code.NEXUS_WRONG_PORT_IS_CONNECTOR: CatalogEntry(
        Area.CONNECT,
        "This port is a docker connector or another registry, not Nexus's own port.",
        "Use the port of Nexus's web page, 8081 unless it was changed.",
    ),
    Code.NO_ADMIN_PRIVILEGE: CatalogEntry(
        Area.CONNECT,
        "The user has no role with repository-admin privileges.",
        "Sign in as an administrator, or give the user the role nx-admin.",
    ),
    Code.PASSWORD_MISSING: CatalogEntry(
        Area.CONNECT,
        "No password was saved for this user and this Nexus.",
        "Type the password.",
    ),
    Code.URL_INVALID: CatalogEntry(
        Area.CONNECT,
        "The address was mistyped, or it is not the address of a web server.",
        "Type it as in the browser, for example `https://nexus.example.com`.",
    ),
    # Repositories and changes
    Code.BLOB_STORE_MISSING: CatalogEntry(
        Area.CHANGES,
        "The blob store was removed or renamed meanwhile.",
        "Choose another blob store.",
    ),
    Code.BLOB_STORE_UNKNOWN: CatalogEntry(
        Area.CHANGES,
        "The answers were written for another Nexus.",
        "Name one of these as blob-store under [developer].",
    ),
    Code.CHANGE_NOT_UNDONE: CatalogEntry(
        Area.CHANGES,
        "A change could not be taken back: Nexus did not answer, or never tells the password "
        "that was there before.",
        "What stays is named; go on from there, or set it in Nexus's own pages.",
    ),
    Code.CHANGE_UNKNOWN: CatalogEntry(
        Area.CHANGES,
        "The connection or Nexus failed while it worked: it may be done or not.",
        "When Nexus answers again, Enter here: what is there is looked at first.",
    ),
    Code.CREDENTIALS_WOULD_BE_LOST: CatalogEntry(
        Area.CHANGES,
        "Every change replaces the whole repository, its stored password included.",
        "Use it as it is, choose another name, or edit it in Nexus's own pages.",
    ),
    Code.JOURNAL_NOT_WRITTEN: CatalogEntry(
        Area.CHANGES,
        "The folder cannot be written to, or the disk is full; nothing was sent to Nexus.",
        "Make room, or set XDG_STATE_HOME to a folder of yours and start again.",
    ),
    Code.JOURNAL_UNREADABLE: CatalogEntry(
        Area.CHANGES,
        "Another version of cgwizard wrote it, or the file was damaged.",
        "Begin a new run: it asks Nexus what is there.",
    ),
    Code.PATH_AND_PORT_COMBINED: CatalogEntry(
        Area.CHANGES,
        "From 3.83 on a repository is reached by path or by a port of its own, not by both.",
        "Choose one of the two.",
    ),
    Code.REPOSITORY_EXISTS: CatalogEntry(
        Area.CHANGES,
        "There is a docker (proxy) of this name that differs from what was chosen, or that came "
        "meanwhile.",
        "Use it as it is, change it as shown, or choose another name; in answers `existing = "
        '"use"` or `"change"`.',
    ),
    Code.REPOSITORY_MISSING: CatalogEntry(
        Area.CHANGES,
        "It was removed, or this user may not see it.",
        "Make it again, or have the user given the right to read it.",
    ),
    Code.REPOSITORY_NAME_TAKEN: CatalogEntry(
        Area.CHANGES,
        "Names are unique over all formats, so that no docker (proxy) can have this one.",
        "Choose another name.",
    ),
    Code.REPOSITORY_NAME_UPPERCASE: CatalogEntry(
        Area.CHANGES,
        "From 3.89 on Nexus wants docker repositories in lower case.",
        "Write the name in lower case.",
    ),
    Code.REPOSITORY_NOT_AS_SENT: CatalogEntry(
        Area.CHANGES,
        "Nexus changed what was sent, or someone else edited it meanwhile.",
        "Look at the repository in Nexus, then try again.",
    ),
    Code.REPOSITORY_NOT_FOUND: CatalogEntry(
        Area.CHANGES,
        "Someone removed it meanwhile.",
        "Go back one step and make it again, or choose a repository of its own.",
    ),
    Code.REPOSITORY_NOT_FOUND_AFTER_CHANGE: CatalogEntry(
        Area.CHANGES,
        "Someone removed it meanwhile, or this user may not see it.",
        "Give the user the right to read docker repositories, then try again.",
    ),
    Code.REPOSITORY_OFFLINE: CatalogEntry(
        Area.CHANGES,
        "An administrator took it offline.",
        "Set it online in Nexus, or choose another name.",
        PullExit.NO_ANSWER,
    ),
    Code.REPOSITORY_WITHOUT_CONNECTOR: CatalogEntry(
        Area.CHANGES,
        "Clients reach it by path, by a group or by a reverse proxy, which is not checked here.",
        "Give it a port to have it checked.",
    ),
    Code.ROLE_OR_USER_EXISTS: CatalogEntry(
        Area.CHANGES,
        "There is a role or a user of this name, which someone made meanwhile.",
        "Enter looks again; or choose another name.",
    ),
    Code.ROLE_OR_USER_NOT_AS_SENT: CatalogEntry(
        Area.CHANGES,
        "Nexus left out something of a role or a user that was made or changed.",
        "Look at the role and the user in Nexus, then try again.",
    ),
    Code.ROUTING_RULE: CatalogEntry(
        Area.CHANGES,
        "Names that the rule blocks are unknown here though the registry has them.",
        "Look whether the rule lets your images through.",
    ),
    # Connectors
    Code.CONNECTOR_FIREWALLED: CatalogEntry(
        Area.CONNECTORS,
        "Nothing comes back from the port: a firewall drops the packets.",
        "Have the port opened between the clients and the Nexus server.",
    ),
    Code.CONNECTOR_HTTPS_WITHOUT_KEYSTORE: CatalogEntry(
        Area.CONNECTORS,
        "Nexus opens an HTTPS connector only with a keystore of its own, and only logs it when "
        "there is none; or the port is not published.",
        "Choose HTTP, or give Nexus a keystore (`jetty-https.xml`), or publish the port.",
    ),
    Code.CONNECTOR_MANY: CatalogEntry(
        Area.CONNECTORS,
        "Sonatype advises at most 20 connectors: each has threads of its own. Nexus does not "
        "enforce it.",
        "Go on, or free connectors (path-based routing, a reverse proxy).",
    ),
    Code.CONNECTOR_NO_FREE_PORT: CatalogEntry(
        Area.CONNECTORS,
        "A firewall or port scanner trap may answer on every port.",
        "Type a port that you know to be free on the Nexus server.",
    ),
    Code.CONNECTOR_NOT_PUBLISHED: CatalogEntry(
        Area.CONNECTORS,
        "Nexus runs in a container that does not publish the connector's port; a container has "
        "the ports it was started with.",
        "Start the container anew with `-p PORT:PORT` (a volume keeps its data), or choose a "
        "port that is published.",
    ),
    Code.CONNECTOR_OTHER_SERVICE: CatalogEntry(
        Area.CONNECTORS,
        "Another program listens on the connector's port, so that Nexus could not open it (it "
        "only logs that).",
        "Stop that program and restart Nexus, or choose another port.",
    ),
    Code.CONNECTOR_PORT_INVALID: CatalogEntry(
        Area.CONNECTORS,
        "Ports are whole numbers from 1 to 65535.",
        "Type a free port, such as 5051.",
    ),
    Code.CONNECTOR_PORT_OF_NEXUS: CatalogEntry(
        Area.CONNECTORS,
        "The address of this Nexus has this port, so it cannot be a connector's, too.",
        "Choose another, such as 5051.",
    ),
    Code.CONNECTOR_PORT_OF_OTHER_REPOSITORY: CatalogEntry(
        Area.CONNECTORS,
        "A port belongs to one repository.",
        "Choose another port; the wizard proposes one that is free.",
    ),
    Code.CONNECTOR_PORT_TAKEN: CatalogEntry(
        Area.CONNECTORS,
        "Another program listens on this port.",
        "Choose another port; the wizard proposes one that is free.",
    ),
    Code.CONNECTOR_PORT_UNREAD: CatalogEntry(
        Area.CONNECTORS,
        "Another repository's port is not known here, so that the one that is chosen may be its.",
        "Compare the ports in Nexus's own pages; Nexus refuses one that is in use.",
    ),
    Code.CONNECTOR_PRIVILEGED_PORT: CatalogEntry(
        Area.CONNECTORS,
        "Nexus runs as an ordinary user and may not open ports below 1024; it saves the "
        "repository and only logs the failure.",
        "Choose a port from 1024 on.",
    ),
    Code.CONNECTOR_TLS_FAILED: CatalogEntry(
        Area.CONNECTORS,
        "Nothing speaks TLS there: the connector is not open, or is a plain one.",
        "Look at the repository's connector in Nexus, then try again.",
    ),
    # Nexus's way to the registry
    Code.HOST_DNS: CatalogEntry(
        Area.REMOTE,
        "This machine finds no address for the host.",
        "Check the name servers of this machine.",
    ),
    Code.HOST_HTTP: CatalogEntry(
        Area.REMOTE,
        "Something on the way answers in the host's place, or cuts the connection.",
        "Have the host allowed in the filter that answers.",
    ),
    Code.HOST_PROXY: CatalogEntry(
        Area.REMOTE,
        "The proxy that the environment names does not let the request through.",
        "Correct HTTPS_PROXY, or have the host allowed in the proxy.",
    ),
    Code.HOST_REFUSED: CatalogEntry(
        Area.REMOTE,
        "Nothing listens at the host, or a firewall refuses the connection.",
        "Have HTTPS to the host opened for this machine.",
    ),
    Code.HOST_TIMEOUT: CatalogEntry(
        Area.REMOTE,
        "Nothing comes back from the host: a firewall drops the packets.",
        "Have HTTPS to the host opened for this machine.",
    ),
    Code.HOST_TLS: CatalogEntry(
        Area.REMOTE,
        "Something cuts or spoils TLS (some firewalls block .dev), or the clock is off.",
        "Have the host taken out of TLS inspection, and check the clock of this machine.",
    ),
    Code.HOST_TLS_INTERCEPTED: CatalogEntry(
        Area.REMOTE,
        "This machine trusts that authority, but it is none of the public ones known here: "
        "probably something on the way decrypts TLS.",
        "Nexus must trust it as well, by its trust store.",
    ),
    Code.REMOTE_AUTO_BLOCKED: CatalogEntry(
        Area.REMOTE,
        "Nexus could not reach the remote and does not ask it for a while (40 s at first).",
        "Find out why it could not, then try again after that time.",
        PullExit.NO_ANSWER,
    ),
    Code.REMOTE_BLOB_HOST_BLOCKED: CatalogEntry(
        Area.REMOTE,
        "The manifest comes from cgr.dev, blobs come from another host, which Nexus cannot reach.",
        "Have HTTPS to the host that is shown opened for Nexus.",
        PullExit.NO_ANSWER,
    ),
    Code.REMOTE_DNS: CatalogEntry(
        Area.REMOTE,
        "The Nexus server finds no address for the remote.",
        "Check the name servers of the Nexus server.",
        PullExit.NO_ANSWER,
    ),
    Code.REMOTE_EGRESS: CatalogEntry(
        Area.REMOTE,
        "The Nexus server cannot open a connection to the remote.",
        "Have HTTPS to cgr.dev opened for the Nexus server, or set its outbound proxy.",
        PullExit.NO_ANSWER,
    ),
    Code.REMOTE_INDEX_TYPE: CatalogEntry(
        Area.REMOTE,
        "Searches go to Docker Hub's index; with HUB, names without a / get library/.",
        'Choose "Use proxy registry" as Docker Index.',
        PullExit.NO_ANSWER,
    ),
    Code.REMOTE_MANUALLY_BLOCKED: CatalogEntry(
        Area.REMOTE,
        "An administrator blocked the remote of this repository.",
        "Unblock it in the settings of the repository.",
        PullExit.NO_ANSWER,
    ),
    Code.REMOTE_PROXY_AUTH: CatalogEntry(
        Area.REMOTE,
        "The outbound proxy of Nexus wants a sign-in.",
        "Give Nexus the user and password of its HTTP proxy.",
        PullExit.NO_ANSWER,
    ),
    Code.REMOTE_PROXY_NEEDED: CatalogEntry(
        Area.REMOTE,
        "The network lets requests out by a proxy only, and Nexus has none.",
        "Set the HTTP and HTTPS proxy of Nexus (Settings > System > HTTP).",
        PullExit.NO_ANSWER,
    ),
    Code.REMOTE_TLS_INTERCEPTED: CatalogEntry(
        Area.REMOTE,
        "Nexus does not trust the certificate it gets for the registry: something on the way "
        "decrypts TLS.",
        "Add that authority's certificate to Nexus's trust store and let the repository use the "
        "trust store, or have cgr.dev taken out of the interception.",
        PullExit.NO_ANSWER,
    ),
    Code.REMOTE_URL_HTTP: CatalogEntry(
        Area.REMOTE,
        "The remote storage begins with http://; the registry speaks HTTPS only.",
        "Set it to exactly `https://cgr.dev/`.",
        PullExit.NO_ANSWER,
    ),
    Code.REMOTE_URL_NO_HOST: CatalogEntry(
        Area.REMOTE,
        "The remote storage has no host.",
        "Set it to exactly `https://cgr.dev/`.",
        PullExit.NO_ANSWER,
    ),
    Code.REMOTE_URL_PATH: CatalogEntry(
        Area.REMOTE,
        "The remote storage has a path, so that every image is unknown.",
        "Set it to exactly `https://cgr.dev/`.",
        PullExit.NO_ANSWER,
    ),
    Code.REMOTE_URL_TYPO: CatalogEntry(
        Area.REMOTE,
        "The remote storage is nearly, but not quite, the registry's address.",
        "Set it to exactly `https://cgr.dev/`.",
        PullExit.NO_ANSWER,
    ),
    Code.UPSTREAM_DOWN: CatalogEntry(
        Area.REMOTE,
        "The registry itself fails, or something on the way answers in its place.",
        "Look at https://status.cgr.dev, then try again.",
    ),
    # Pull tokens
    Code.CHAINCTL_FAILED: CatalogEntry(
        Area.TOKENS,
        "chainctl could not do it and says no more than that.",
        "Run the same command in another terminal to see more, or paste a token.",
    ),
    Code.CHAINCTL_MISSING: CatalogEntry(
        Area.TOKENS,
        "chainctl is not installed on this machine.",
        "Install it (https://edu.chainguard.dev/chainguard/chainctl/), or make the token "
        "elsewhere and paste it.",
    ),
    Code.CHAINCTL_NETWORK: CatalogEntry(
        Area.TOKENS,
        "chainctl cannot reach Chainguard from this machine.",
        "Let this machine reach console-api.enforce.dev and issuer.enforce.dev by HTTPS, or make"
        " the token on another one and paste it.",
    ),
    Code.CHAINCTL_NO_RIGHT: CatalogEntry(
        Area.TOKENS,
        "The signed-in person may not make pull tokens: that needs the capabilities identity "
        "(create) and role_bindings (create).",
        "Ask an administrator of the organization for the role registry.pull_token_creator, or "
        "for a pull token.",
    ),
    Code.CHAINCTL_NOT_SIGNED_IN: CatalogEntry(
        Area.TOKENS,
        "Nobody is signed in to chainctl here, or the session has ended.",
        "Run `chainctl auth login` in another terminal (`chainctl auth login --headless` without"
        " a browser), then try again.",
    ),
    Code.CHAINCTL_TIMEOUT: CatalogEntry(
        Area.TOKENS,
        "chainctl waits for a sign-in in a browser, or cannot reach Chainguard.",
        "Run `chainctl auth login` in another terminal (`chainctl auth login --headless` without"
        " a browser), then try again.",
    ),
    Code.CHAINCTL_TTL: CatalogEntry(
        Area.TOKENS,
        "A pull token is valid from one hour to 8,760 hours (a year); an organization's plan may"
        " allow only 720 or 168.",
        "Choose a shorter time, such as 720 hours (30 days).",
    ),
    Code.CHAINCTL_UNKNOWN_ORGANIZATION: CatalogEntry(
        Area.TOKENS,
        "There is no organization of that name, or the signed-in person cannot see it.",
        "Compare with `chainctl iam organizations list`: the name is usually a domain.",
    ),
    Code.DOCKER_CONFIG_BROKEN: CatalogEntry(
        Area.TOKENS,
        "The file is damaged, or not readable by this user.",
        "Repair it (docker and podman need it too), or paste the pull token.",
    ),
    Code.DOCKER_HELPER_FAILED: CatalogEntry(
        Area.TOKENS,
        "The helper waits for somebody (a locked keyring, a sign-in in a browser) or broke.",
        "Paste the pull token instead.",
    ),
    Code.DOCKER_HELPER_MISSING: CatalogEntry(
        Area.TOKENS,
        "The credentials are kept by a program that is not installed for this user.",
        "Paste the pull token instead.",
    ),
    Code.TOKEN_EMPTY: CatalogEntry(
        Area.TOKENS,
        "Nothing was pasted or typed.",
        "Paste what chainctl prints, whole.",
    ),
    Code.TOKEN_EXPIRED: CatalogEntry(
        Area.TOKENS,
        "Pull tokens live 30 days unless they were made for longer.",
        f"Make a new one: `{NEW_PULL_TOKEN}`.",
    ),
    Code.TOKEN_EXPIRES_SOON: CatalogEntry(
        Area.TOKENS,
        "The pull token ends within a few days; afterwards Nexus does not find private images, "
        "nor free ones through the same repository.",
        f"Make a new one (`{NEW_PULL_TOKEN}`) and run the guide again.",
    ),
    Code.TOKEN_NEEDED_AGAIN: CatalogEntry(
        Area.TOKENS,
        "A change sends the whole configuration again, that password included.",
        "Enter the pull token of the repository again.",
    ),
    Code.TOKEN_NOT_IN_NEXUS: CatalogEntry(
        Area.TOKENS,
        "The repository does not hold this pull token, so that private images are unknown to it.",
        "Give the repository the pull token (step Add token auth).",
    ),
    Code.TOKEN_OTHER_IN_NEXUS: CatalogEntry(
        Area.TOKENS,
        "The repository of the free images holds a sign-in; when that ends, the free images fail"
        " with it.",
        "Take it away, or replace it by a token that you know to be valid.",
    ),
    Code.TOKEN_OTHER_REGISTRY: CatalogEntry(
        Area.TOKENS,
        "What was pasted signs in to another registry than cgr.dev.",
        f"Paste what `{NEW_PULL_TOKEN}` prints.",
    ),
    Code.TOKEN_REFUSED: CatalogEntry(
        Area.TOKENS,
        "The token was revoked, or belongs to another organization, or the organization has no "
        "such image.",
        "Check the image's name; `chainctl auth pull-token list` shows the tokens.",
        PullExit.SIGN_IN,
    ),
    Code.TOKEN_REVOKED: CatalogEntry(
        Area.TOKENS,
        "Its date has not passed, so that it was revoked (its identity was deleted), or it is "
        "not a token of this registry.",
        "`chainctl auth pull-token list` shows the living ones; make a new one.",
    ),
    Code.TOKEN_STUCK: CatalogEntry(
        Area.TOKENS,
        "The repository holds a password that the registry refuses (a mistyped, older or ended "
        "one), or still uses the one from before a change.",
        "Give the repository the token again; if that does not help, make the repository anew or"
        " restart Nexus.",
    ),
    Code.TOKEN_TRUNCATED: CatalogEntry(
        Area.TOKENS,
        "The token's end or middle was lost while it was copied.",
        "Paste the whole output of chainctl again.",
    ),
    Code.TOKEN_UNREADABLE: CatalogEntry(
        Area.TOKENS,
        "No pull token can be read from what was pasted.",
        f"Paste the whole output of `{NEW_PULL_TOKEN}`.",
        PullExit.NO_ANSWER,
    ),
    Code.TOKEN_WRONG_KIND: CatalogEntry(
        Area.TOKENS,
        "This is a sign-in of another kind than a pull token for images: a person's session, or "
        "a token for libraries.",
        f"Make a pull token: `{NEW_PULL_TOKEN}`.",
    ),
    # Names of images
    Code.IMAGE_UNKNOWN: CatalogEntry(
        Area.NAMES,
        "The registry itself does not have the image: the name or the tag is wrong.",
        "Check both in the directory of images, https://images.chainguard.dev.",
    ),
    Code.NAME_DIGEST: CatalogEntry(
        Area.NAMES,
        "What follows the @ is not a digest.",
        "Write sha256: and its 64 hexadecimal digits in lower case, or leave it out.",
        ExitCode.USAGE,
    ),
    Code.NAME_EMPTY: CatalogEntry(
        Area.NAMES,
        "There is no name.",
        "Write one, such as `chainguard/wolfi-base`.",
        ExitCode.USAGE,
    ),
    Code.NAME_HOST: CatalogEntry(
        Area.NAMES,
        "The host is none: a name, an IPv4 address, or an IPv6 address in brackets, with or "
        "without a port.",
        "Write HOST or HOST:PORT before the first slash.",
        ExitCode.USAGE,
    ),
    Code.NAME_IS_ID: CatalogEntry(
        Area.NAMES,
        "64 hexadecimal digits are the id of an image, not a name.",
        "Write a name, such as `chainguard/wolfi-base`.",
        ExitCode.USAGE,
    ),
    Code.NAME_MISSING_NAMESPACE: CatalogEntry(
        Area.NAMES,
        "An image's name through Nexus has its namespace, as at cgr.dev.",
        "Write `chainguard/wolfi-base`, or `ORGANIZATION/IMAGE`.",
        ExitCode.USAGE,
    ),
    Code.NAME_PORT: CatalogEntry(
        Area.NAMES,
        "There is no such port.",
        "Write a port from 1 to 65535.",
        ExitCode.USAGE,
    ),
    Code.NAME_REPOSITORY: CatalogEntry(
        Area.NAMES,
        "What stands between host and tag is no repository name.",
        "Use small letters and digits, with single . _ - between them and / between parts.",
        ExitCode.USAGE,
    ),
    Code.NAME_REPOSITORY_IN_PATH: CatalogEntry(
        Area.NAMES,
        "The name of the repository in Nexus stands in the image's name; with a connector of its"
        " own it does not belong there.",
        "Leave it out: `HOST:PORT/chainguard/wolfi-base`.",
        ExitCode.USAGE,
    ),
    Code.NAME_SCHEME: CatalogEntry(
        Area.NAMES,
        "An image's name has no scheme.",
        "Leave `https://` out.",
        ExitCode.USAGE,
    ),
    Code.NAME_TAG: CatalogEntry(
        Area.NAMES,
        "What stands behind the last colon is no tag: letters, digits, _ . - and at most 128 of "
        "them.",
        "Correct it.",
        ExitCode.USAGE,
    ),
    Code.NAME_TOO_LONG: CatalogEntry(
        Area.NAMES,
        "A name has at most 255 characters before its tag.",
        "Use a shorter name.",
        ExitCode.USAGE,
    ),
    Code.NAME_UPPERCASE: CatalogEntry(
        Area.NAMES,
        "A repository name is in lower case.",
        "Write it in lower case.",
        ExitCode.USAGE,
    ),
    Code.NAME_WITH_UPSTREAM_HOST: CatalogEntry(
        Area.NAMES,
        "The registry's own host stands in the image's name.",
        "Leave it out: `HOST:PORT/chainguard/wolfi-base`, not "
        "`HOST:PORT/cgr.dev/chainguard/wolfi-base`.",
        ExitCode.USAGE,
    ),
    Code.TAG_NOT_FREE: CatalogEntry(
        Area.NAMES,
        "Of the free images only the tags latest and latest-dev are given to everybody.",
        "Pull the tag latest, or an image of your organization.",
    ),
    # Pulling
    Code.ANSWER_TOO_LARGE: CatalogEntry(
        Area.PULL,
        "This is no answer of a registry, or one made to harm.",
        "Check the name, and who pushed that image.",
        PullExit.NO_ANSWER,
    ),
    Code.BLOB_UNKNOWN: CatalogEntry(
        Area.PULL,
        "The registry has the manifest but not this blob of it.",
        "Have its copy of the image removed and fetched anew.",
        PullExit.NOT_THERE,
    ),
    Code.CANCELLED: CatalogEntry(
        Area.PULL,
        "The pull was stopped: Ctrl+C, SIGTERM, SIGHUP, or nobody read its output any more.",
        "Pull again when you want to.",
    ),
    Code.CHALLENGE_WRONG_HOST: CatalogEntry(
        Area.PULL,
        "The reverse proxy before the connector sets Host or X-Forwarded-* wrongly, or Nexus's "
        "base URL is wrong.",
        "Correct X-Forwarded-Proto, -Host and -Port there, then the base URL.",
        PullExit.NO_ANSWER,
    ),
    Code.CRASHED: CatalogEntry(
        Area.PULL,
        "An error of cgwizard's own. Standard error says where the report is; no secret is in it.",
        "Send that report to whoever maintains cgwizard.",
    ),
    Code.DIFF_ID_MISMATCH: CatalogEntry(
        Area.PULL,
        "A layer's uncompressed bytes are not those that the image's config names.",
        "Have Nexus's copy of the image removed and fetched anew; if it stays so, the image was "
        "built wrongly.",
        PullExit.WRONG_BYTES,
    ),
    Code.DIGEST_MISMATCH: CatalogEntry(
        Area.PULL,
        "The bytes are not those of the digest: a broken copy in the cache, or something on the "
        "way changes what it carries.",
        "Have Nexus's copy of the image removed and fetched anew, then pull again.",
        PullExit.WRONG_BYTES,
    ),
    Code.LAYER_CORRUPT: CatalogEntry(
        Area.PULL,
        "A layer arrived whole and cannot be unpacked: it was broken before it was pushed.",
        "Have the image built and pushed again.",
        PullExit.WRONG_BYTES,
    ),
    Code.LAYER_TOO_LARGE: CatalogEntry(
        Area.PULL,
        "A layer unpacks to far more than its size: it is made to fill disks.",
        "Do not use the image; look who pushed it.",
        PullExit.WRONG_BYTES,
    ),
    Code.MANIFEST_INVALID: CatalogEntry(
        Area.PULL,
        "The image is broken, or made to harm.",
        "Ask who pushed the image to push it again.",
        PullExit.WRONG_BYTES,
    ),
    Code.MANIFEST_UNKNOWN: CatalogEntry(
        Area.PULL,
        "Nexus says manifest unknown when the registry refuses its pull token.",
        "Give the repository a valid pull token.",
        PullExit.NOT_THERE,
    ),
    Code.NO_LOGIN: CatalogEntry(
        Area.PULL,
        "The host shows this image only to those who signed in.",
        "Give a user name: --username NAME.",
        PullExit.SIGN_IN,
    ),
    Code.NO_READ_PRIVILEGE: CatalogEntry(
        Area.PULL,
        "The sign-in was taken, but this user may not read this repository.",
        "Have the user given a role that reads this repository.",
        PullExit.SIGN_IN,
    ),
    Code.NOT_ENTITLED: CatalogEntry(
        Area.PULL,
        "The token is valid, but not for this image: it belongs to another organization, or the "
        "organization does not have the image.",
        "Check the image's name, and of which organization the token was made.",
        PullExit.SIGN_IN,
    ),
    Code.OUTPUT_FAILED: CatalogEntry(
        Area.PULL,
        "The disk is full, or the folder may not be written to.",
        "Make room, or name another folder.",
    ),
    Code.OUTPUT_NOT_A_LAYOUT: CatalogEntry(
        Area.PULL,
        "An OCI image layout goes into a folder of its own.",
        "Name a new or empty folder, or one that holds a layout.",
        ExitCode.USAGE,
    ),
    Code.PLATFORM: CatalogEntry(
        Area.PULL,
        "The image was not built for this platform.",
        "Choose one that is there with `--platform`.",
        PullExit.NOT_THERE,
    ),
    Code.RANGE_WRONG: CatalogEntry(
        Area.PULL,
        "This server, or a cache before it, cannot go on in the middle of a layer, or sends a "
        "part where the whole was asked for. The layer was begun anew a few times.",
        "Try again; if it stays so, pull from another network.",
        PullExit.NO_ANSWER,
    ),
    Code.RATE_LIMITED: CatalogEntry(
        Area.PULL,
        "The host asks for fewer requests.",
        "Wait for some minutes, then try again.",
        PullExit.NO_ANSWER,
    ),
    Code.REDIRECT_LOOP: CatalogEntry(
        Area.PULL,
        "The registry or a proxy before it sends us round in a circle.",
        "Check the base URL and the forwarded headers of that proxy.",
        PullExit.NO_ANSWER,
    ),
    Code.REGISTRY_ANSWER: CatalogEntry(
        Area.PULL,
        "What answers does so in a way that the distribution specification does not know.",
        "Check that the address is that of a registry.",
        PullExit.NO_ANSWER,
    ),
    Code.REGISTRY_CUT: CatalogEntry(
        Area.PULL,
        "The connection was cut, or the copy there is not whole.",
        "Try again; if it stops at the same byte, have that copy removed.",
        PullExit.NO_ANSWER,
    ),
    Code.REGISTRY_DNS: CatalogEntry(
        Area.PULL,
        "The host's name leads to no address.",
        "Check the DNS of this machine, and a name that was typed for typing errors.",
        PullExit.NO_ANSWER,
    ),
    Code.REGISTRY_HTTP_HTTPS_MISMATCH: CatalogEntry(
        Area.PULL,
        "This port speaks HTTPS and was asked in plain HTTP.",
        "Use https:// for this address.",
        PullExit.NO_ANSWER,
    ),
    Code.REGISTRY_NO_ANSWER: CatalogEntry(
        Area.PULL,
        "The connection stands, but no answer came in time: the server is overloaded, or waits "
        "for the registry behind it.",
        "Try again; if it stays so, look at its log.",
        PullExit.NO_ANSWER,
    ),
    Code.REGISTRY_NOT_HERE: CatalogEntry(
        Area.PULL,
        "What answers at this address is not a registry, or a proxy does not pass /v2/ on, or a "
        "sign-in page or a filter answers in its place.",
        "Check host and port: for Nexus the port of the connector, not that of its pages. Open "
        "the address in a browser to see whose page it is.",
        PullExit.NO_ANSWER,
    ),
    Code.REGISTRY_REDIRECT: CatalogEntry(
        Area.PULL,
        "The registry, or a proxy before it, sends us elsewhere in a way that cannot be "
        "followed, or with a link that is refused there.",
        "Check the base URL and the forwarded headers of that proxy; for a link that is refused,"
        " compare the clocks.",
        PullExit.NO_ANSWER,
    ),
    Code.REGISTRY_REFUSED: CatalogEntry(
        Area.PULL,
        "Nothing listens there: the host is down, the port is another one, or it is not published.",
        "Check the port; for Nexus, whether the repository's connector is up and published.",
        PullExit.NO_ANSWER,
    ),
    Code.REGISTRY_STALLED: CatalogEntry(
        Area.PULL,
        "The line to the registry hangs, or what stands between lost the connection.",
        "Try again; if it stays so, pull from another network.",
        PullExit.NO_ANSWER,
    ),
    Code.REGISTRY_TIMEOUT: CatalogEntry(
        Area.PULL,
        "Nothing answers there: a firewall drops the packets, or the host is down.",
        "Check the host and port, then the firewall between.",
        PullExit.NO_ANSWER,
    ),
    Code.REGISTRY_TLS: CatalogEntry(
        Area.PULL,
        "The registry and this machine find no common way to speak TLS.",
        "Check that the port speaks HTTPS, and what stands between.",
        PullExit.NO_ANSWER,
    ),
    Code.REGISTRY_TLS_EXPIRED: CatalogEntry(
        Area.PULL,
        "The certificate is out of date, or the clock of this machine is wrong.",
        "Check the clock, then have the certificate renewed.",
        PullExit.NO_ANSWER,
    ),
    Code.REGISTRY_TLS_NAME: CatalogEntry(
        Area.PULL,
        "The certificate was made for another name.",
        "Use the name that stands in the certificate.",
        PullExit.NO_ANSWER,
    ),
    Code.REGISTRY_TLS_UNTRUSTED: CatalogEntry(
        Area.PULL,
        "The certificate comes from an authority that this machine does not trust.",
        "Name the file of your own CA, or confirm the certificate's fingerprint.",
        PullExit.NO_ANSWER,
    ),
    Code.REGISTRY_UNAVAILABLE: CatalogEntry(
        Area.PULL,
        "The registry, or a proxy before it, is failing; Nexus answers so when its remote or its"
        " disk fails.",
        "Look at its log and state; try again later.",
        PullExit.NO_ANSWER,
    ),
    Code.REGISTRY_UNREACHABLE: CatalogEntry(
        Area.PULL,
        "No connection to the registry can be made from here.",
        "Check the address and the network.",
        PullExit.NO_ANSWER,
    ),
    Code.SIGN_IN_NOT_SHOWN: CatalogEntry(
        Area.PULL,
        "A sign-in was given and nobody looked at it: the server refuses without asking for one, "
        "or a redirect leads to another host, to which no sign-in is passed on.",
        "See what stands before the registry: it must pass WWW-Authenticate on, and redirect to "
        "no host that wants a sign-in.",
        PullExit.SIGN_IN,
    ),
    Code.SIZE_MISMATCH: CatalogEntry(
        Area.PULL,
        "The registry's copy is damaged, or something between changes it.",
        "Have that copy removed and fetched anew.",
        PullExit.WRONG_BYTES,
    ),
    Code.ZSTD_MISSING: CatalogEntry(
        Area.PULL,
        "A layer is compressed with zstd, and this Python was built without it.",
        "Run cgwizard with another Python, or pull without `--verify-layers`.",
    ),
    # What Nexus keeps
    Code.CACHE_CORRUPT: CatalogEntry(
        Area.KEPT,
        "Nexus's stored copy is damaged, or a proxy between here and Nexus changes it.",
        "Delete that asset in Nexus (it fetches it anew), then check its disk.",
    ),
    Code.CACHE_STALE_TAG: CatalogEntry(
        Area.KEPT,
        "The tag moved at the registry and Nexus still has the older image (metadata max age).",
        "Enter invalidates the repository's cache and pulls again.",
        PullExit.NOT_SAME,
    ),
    Code.NEGATIVE_CACHE: CatalogEntry(
        Area.KEPT,
        "Nexus asked for this name when it did not exist (or was not allowed), and remembers that.",
        "Invalidate the cache of the repository in Nexus, then pull again.",
    ),
    # Access without signing in
    Code.ANONYMOUS_OFF: CatalogEntry(
        Area.ANONYMOUS,
        "Nexus answers 401 to everybody who does not sign in.",
        "Sign in to pull, or switch anonymous access on in Nexus.",
    ),
    Code.ANONYMOUS_SEES_PRIVATE: CatalogEntry(
        Area.ANONYMOUS,
        "Anonymous access is on and the repository does not force a sign-in: whoever reaches the"
        " port gets the private images.",
        "Set the repository to force basic authentication, or switch anonymous access off.",
    ),
    Code.ANONYMOUS_USER_CHANGED: CatalogEntry(
        Area.ANONYMOUS,
        "Docker's anonymous way works with Nexus's own user anonymous only.",
        "Set it back to anonymous, or sign in to pull.",
    ),
    Code.REALM_MISSING: CatalogEntry(
        Area.ANONYMOUS,
        "Without it Nexus cannot let docker in anonymously.",
        "Add DockerToken to the active realms, or sign in to pull.",
    ),
    # Diagnosis
    Code.CHECK_FAILED: CatalogEntry(
        Area.DIAGNOSIS,
        "A check of the diagnosis failed by a mistake of its own; the others are not affected.",
        "Report it with the crash report's details; what it would have found out is unknown.",
    ),
    Code.COMPARE_BOTH_FAIL: CatalogEntry(
        Area.DIAGNOSIS,
        "It is not the repository that is wrong, but what both need: Nexus's way to the "
        "registry, the pull token or the image's name.",
        "Look at the network, the token and the name.",
    ),
    Code.COMPARE_LEFT_BEHIND: CatalogEntry(
        Area.DIAGNOSIS,
        "A repository of an earlier comparison could not be removed then.",
        "Delete the repository that is named in Nexus; nobody needs it.",
    ),
    Code.COMPARE_ONLY_FRESH_FAILS: CatalogEntry(
        Area.DIAGNOSIS,
        "The repository serves what it has cached, or has something that a new one lacks.",
        "Look whether images that were never pulled arrive.",
    ),
    Code.COMPARE_ONLY_FRESH_WORKS: CatalogEntry(
        Area.DIAGNOSIS,
        "A fresh repository serves the image, the one in question does not: its settings or what"
        " it holds are wrong.",
        "Make the repository anew, or give it the settings of a new one.",
    ),
    Code.NO_RESULT: CatalogEntry(
        Area.DIAGNOSIS,
        "A check did not come to a result in the time it has.",
        "Run the diagnosis again, by itself; a slow network shows as this first.",
    ),
    # Container engines and the trial Nexus
    Code.CLIENT_PLAIN_HTTP: CatalogEntry(
        Area.ENGINES,
        "The connector speaks plain HTTP, which a container engine refuses unless it is told to "
        "allow it.",
        "Add the registry to the engine's insecure registries; the exact setting is told.",
        PullExit.ENGINE,
    ),
    Code.CLIENT_UNTRUSTED_CA: CatalogEntry(
        Area.ENGINES,
        "The engine does not trust the authority that made the registry's certificate.",
        "Put the authority's certificate (PEM) where the engine looks for it; the place is told.",
        PullExit.ENGINE,
    ),
    Code.ENGINE_ABSENT: CatalogEntry(
        Area.ENGINES,
        "The engine is not installed or not running, or the docker context that is named does "
        "not exist.",
        'Start it, or pull without it: `--engine builtin`, `engine = "builtin"` under `[pull]`.',
        PullExit.ENGINE,
    ),
    Code.ENGINE_ANSWER: CatalogEntry(
        Area.ENGINES,
        "What listens on this socket is neither Docker nor Podman, or a very old one.",
        "Check DOCKER_HOST and CONTAINER_HOST, or pull without it: `--engine builtin`.",
        PullExit.ENGINE,
    ),
    Code.ENGINE_CREDENTIAL_HELPER: CatalogEntry(
        Area.ENGINES,
        "The engine's configuration names a credential helper that is missing or fails.",
        "Install the helper, or take its line out of the configuration.",
        PullExit.ENGINE,
    ),
    Code.ENGINE_DISK_FULL: CatalogEntry(
        Area.ENGINES,
        "The disk on which the engine keeps its images is full.",
        "Make room there, for example: docker system prune.",
        PullExit.ENGINE,
    ),
    Code.ENGINE_GONE: CatalogEntry(
        Area.ENGINES,
        "The engine was stopped or restarted, or hangs.",
        "Start it again, or pull without it: `--engine builtin`.",
        PullExit.ENGINE,
    ),
    Code.ENGINE_HANGS: CatalogEntry(
        Area.ENGINES,
        "The engine's socket is there, and the engine takes no connection from it for seconds.",
        "Look at the engine's log and restart it, or pull with `--engine builtin`.",
        PullExit.ENGINE,
    ),
    Code.ENGINE_OLD: CatalogEntry(
        Area.ENGINES,
        "The engine does not know the format of the image, or how to name a platform.",
        "Update it; until then pull with `--engine builtin`.",
        PullExit.ENGINE,
    ),
    Code.ENGINE_PERMISSION: CatalogEntry(
        Area.ENGINES,
        "This user may not use the engine's socket.",
        "Have the user added to the engine's group and sign in anew, or use rootless mode, or "
        "pull with `--engine builtin`.",
        PullExit.ENGINE,
    ),
    Code.ENGINE_PROXY: CatalogEntry(
        Area.ENGINES,
        "The engine has proxy settings of its own and sends this request to that proxy.",
        "Add the registry's host to NO_PROXY in the engine's own settings, restart the engine.",
        PullExit.ENGINE,
    ),
    Code.ENGINE_PULL_FAILED: CatalogEntry(
        Area.ENGINES,
        "The container engine could not pull and says no more than what stands under *came back*.",
        "Pull with the built-in puller (`--engine builtin`), which says what failed.",
        PullExit.ENGINE,
    ),
    Code.ENGINE_REMOTE: CatalogEntry(
        Area.ENGINES,
        "cgwizard speaks to an engine over its socket on this machine.",
        "Forward the other machine's socket and name it, for example: ssh -fNL "
        "/tmp/engine.sock:/var/run/docker.sock HOST; or: `--engine builtin`.",
        PullExit.ENGINE,
    ),
    Code.ENGINE_STORAGE: CatalogEntry(
        Area.ENGINES,
        "The engine got the image and cannot unpack it where it keeps images.",
        "Look at the engine's log and storage driver, or pull with `--engine builtin`.",
        PullExit.ENGINE,
    ),
    Code.TRIAL_EXITED: CatalogEntry(
        Area.ENGINES,
        "The container of the trial Nexus ended; its last lines are shown.",
        "Act on what its log says; the most frequent cause is too little memory.",
    ),
    Code.TRIAL_GONE: CatalogEntry(
        Area.ENGINES,
        "Somebody removed it meanwhile.",
        "Start a new one.",
    ),
    Code.TRIAL_NAME_TAKEN: CatalogEntry(
        Area.ENGINES,
        "Another container has this name.",
        "Choose another name.",
    ),
    Code.TRIAL_NOT_PUBLISHED: CatalogEntry(
        Area.ENGINES,
        "It was started without `-p`, and no port can be added to a container later.",
        "Remove the container, which keeps its volume, and start a new one.",
    ),
    Code.TRIAL_NOT_STARTED: CatalogEntry(
        Area.ENGINES,
        "The engine could not make, start, stop or remove the container, or remove its volume.",
        "Act on the engine's message under *came back*.",
    ),
    Code.TRIAL_PORT_TAKEN: CatalogEntry(
        Area.ENGINES,
        "Another program or container listens on this port.",
        "Choose another port, or stop what uses it.",
    ),
    # Keyring and secrets
    Code.KEYRING_FAILED: CatalogEntry(
        Area.SECRETS,
        "The keyring refused, lost its connection, or does not keep what it is given.",
        "Try again. Until it works cgwizard keeps the secret in memory for this run and asks "
        "again next time.",
    ),
    Code.KEYRING_LOCKED: CatalogEntry(
        Area.SECRETS,
        "The keyring is locked and was not unlocked.",
        "Unlock it and try again; without a desktop `gnome-keyring-daemon --unlock "
        "--components=secrets` reads its password from standard input. Until then the secret "
        "stays in memory, for this run only.",
    ),
    Code.KEYRING_NONE: CatalogEntry(
        Area.SECRETS,
        "This session has no keyring; over SSH there usually is none.",
        "cgwizard keeps the secret in memory for this run and asks again next time. "
        "[Servers](servers.md) lists what else there is.",
    ),
    Code.KEYRING_OFF: CatalogEntry(
        Area.SECRETS,
        "Keyrings are switched off here by keyring's configuration.",
        "cgwizard keeps the secret in memory for this run and asks again next time.",
    ),
    Code.KEYRING_PLAINTEXT: CatalogEntry(
        Area.SECRETS,
        "keyring's configuration names a backend that writes secrets in clear.",
        "Choose another in keyring's configuration (`keyring diagnose` says where). Until then "
        "cgwizard keeps the secret in memory for this run and asks again next time.",
    ),
    Code.KEYRING_TIMEOUT: CatalogEntry(
        Area.SECRETS,
        "The keyring is locked and waits for an answer to a prompt that may not be visible.",
        "Unlock it and try again; without a desktop `gnome-keyring-daemon --unlock "
        "--components=secrets` reads its password from standard input. Until then the secret "
        "stays in memory, for this run only.",
    ),
    Code.SECRET_FILE_EMPTY: CatalogEntry(
        Area.SECRETS,
        "The file was made and not filled.",
        "Write the secret into it, with an editor that makes no copies.",
    ),
    Code.SECRET_FILE_OPEN_TO_OTHERS: CatalogEntry(
        Area.SECRETS,
        "Others can read or replace the file.",
        "`chmod 600` it. Who could read it may know the secret: change that, too.",
    ),
    Code.SECRET_FILE_UNREADABLE: CatalogEntry(
        Area.SECRETS,
        "The path is wrong, or this user may not read it.",
        "Name a file of yours with mode 0600 that holds the secret and nothing else.",
    ),
    Code.SECRET_NOT_IN_KEYRING: CatalogEntry(
        Area.SECRETS,
        "None was kept for this user and this server.",
        "Keep it there by a run of the guide, or name env:VARIABLE or file:PATH.",
    ),
    Code.SECRET_NOT_IN_SYSTEMD_CREDS: CatalogEntry(
        Area.SECRETS,
        "None was kept for this user and this server.",
        "Keep it there by a run of the guide, as the same user, or name env:VARIABLE or file:PATH.",
    ),
    Code.SECRET_VARIABLE_EMPTY: CatalogEntry(
        Area.SECRETS,
        "The environment variable was not passed on (sudo, cron and systemd pass few).",
        "Set it for this process, or name another source in the answers.",
    ),
    Code.SECRETS_FILE_EXISTS: CatalogEntry(
        Area.SECRETS,
        "An earlier run made it; or another cgwizard removed the one that is open here and made "
        "this.",
        "Give its passphrase, or remove it with: cgwizard forget.",
    ),
    Code.SECRETS_FILE_OPEN_TO_OTHERS: CatalogEntry(
        Area.SECRETS,
        "Someone opened the secrets file to others, who may have a copy.",
        "`chmod 600` it, then renew what is in it.",
    ),
    Code.SECRETS_FILE_UNREADABLE: CatalogEntry(
        Area.SECRETS,
        "It is missing, damaged, or another version of cgwizard wrote it.",
        "Begin anew: cgwizard forget removes it, then choose to make one again.",
    ),
    Code.SECRETS_FILE_UNWRITABLE: CatalogEntry(
        Area.SECRETS,
        "The encrypted secrets file cannot be written: the disk is full, or the folder cannot be"
        " written to.",
        "Make room, or set XDG_STATE_HOME to a folder that can be written to.",
    ),
    Code.SECRETS_FILE_WRONG_PASSPHRASE: CatalogEntry(
        Area.SECRETS,
        "The passphrase is another one, or the file was altered.",
        "Type it again; if it is lost: cgwizard forget, and begin anew.",
    ),
    Code.SECRETS_PASSPHRASE_SHORT: CatalogEntry(
        Area.SECRETS,
        "Whoever gets the file can try short ones in no time.",
        "Take four or five random words.",
    ),
    Code.SYSTEMD_CREDS_FAILED: CatalogEntry(
        Area.SECRETS,
        "systemd-creds is not installed or too old (250 is needed), there is no host key that "
        "this user may use, or another machine encrypted the file.",
        "Where it is missing, root makes a host key with `systemd-creds setup`; or keep the "
        "secret elsewhere.",
    ),
    # Runs on a server
    Code.ANSWERS_INCOMPLETE: CatalogEntry(
        Area.RUNS,
        "The answers leave open what the guide must know, or no step takes them so. File, line "
        "and key are shown.",
        "Complete or correct the key that is named; [Unattended runs](unattended.md) lists them.",
    ),
    Code.ANSWERS_INVALID: CatalogEntry(
        Area.RUNS,
        "A slip of the pen, or a file for another version of cgwizard. File, line, key and the "
        "nearest key that there is are shown.",
        "Correct that line; `cgwizard apply --schema` prints what is allowed.",
    ),
    Code.ANSWERS_UNREADABLE: CatalogEntry(
        Area.RUNS,
        "The file is missing, not readable by you, or no text.",
        "Check the path; the wizard offers to write such a file on *Finish*.",
    ),
    Code.DEBUG_LOG_UNWRITABLE: CatalogEntry(
        Area.RUNS,
        "The folder is missing, or not yours to write in.",
        "Name a file in a folder of yours.",
    ),
    Code.FILE_NOT_SAVED: CatalogEntry(
        Area.RUNS,
        "The folder cannot be written to, or the disk is full.",
        "Start the wizard in a folder of yours, or copy the commands instead.",
    ),
    Code.LOOKING_ONLY: CatalogEntry(
        Area.RUNS,
        "Another cgwizard has the run for this Nexus; this one only looks.",
        "Go back to Connect and take over.",
    ),
    Code.NOBODY_TO_ASK: CatalogEntry(
        Area.RUNS,
        "Standard input is no terminal, or it ended, and a question is open.",
        "Name the answer by an option: `--yes`, `--user`, `--password-from`.",
    ),
    Code.NOT_FORGOTTEN: CatalogEntry(
        Area.RUNS,
        "The file is not yours, or the disk cannot be written to.",
        "Remove it yourself: the command is shown.",
    ),
    Code.PRACTICE_PORT_TAKEN: CatalogEntry(
        Area.RUNS,
        "Another program uses that port, perhaps another practice Nexus.",
        "Stop that program, or choose another port with --port (0: any free one).",
    ),
    Code.RUN_IN_USE: CatalogEntry(
        Area.RUNS,
        "It runs in another terminal, or went on after a connection was lost.",
        "Take over (the other one ends, nothing is lost), or only look.",
    ),
    Code.RUN_NOT_SAVED: CatalogEntry(
        Area.RUNS,
        "How far the run is could not be written: the disk is full, or the folder cannot be "
        "written to. The guide goes on.",
        "Make room, or set XDG_STATE_HOME to a folder that can be written to.",
    ),
    Code.RUN_NOT_TAKEN_OVER: CatalogEntry(
        Area.RUNS,
        "The other cgwizard did not end within five seconds of being asked.",
        "End it: `kill -9` with the number that is shown, then try again.",
    ),
    Code.RUN_UNREADABLE: CatalogEntry(
        Area.RUNS,
        "Another version of cgwizard wrote the saved run, or the file was damaged.",
        "Remove the file that is named: a new run asks Nexus what is there.",
    ),
    Code.STANDARD_OUTPUT_FAILED: CatalogEntry(
        Area.RUNS,
        "It is closed, or leads to a full disk or to a device that is gone.",
        "Make room, or lead the output elsewhere.",
    ),
}
