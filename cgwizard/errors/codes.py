"""The codes of what can go wrong. A code is stable: people search for it, scripts read it.

The members are plain strings, because this module is imported at every start. What they mean
stands in `cgwizard.errors.catalog`, which is loaded when somebody asks.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cgwizard.errors.catalog import CatalogEntry
    from cgwizard.errors.exit_codes import ExitCode, PullExit


# The one command that every text names: what it prints is what is pasted.
NEW_PULL_TOKEN = "chainctl auth pull-token create --parent=ORGANIZATION"


class Code(StrEnum):
    """A code, with its meaning, its usual next step and the exit code of `cgwizard pull`."""

    @property
    def _entry(self) -> CatalogEntry:
        from cgwizard.errors.catalog import ENTRIES

        return ENTRIES[self]

    @property
    def meaning(self) -> str:
        return self._entry.meaning

    @property
    def next_step(self) -> str:
        return self._entry.next_step

    @property
    def usual_cause(self) -> str:
        return _in_a_problem(self.meaning)

    @property
    def usual_next_step(self) -> str:
        return _in_a_problem(self.next_step)

    @property
    def means_sign_in_refused(self) -> bool:
        """Nexus refused this user and password. It locks a user out after a few refusals, so
        that they must not be sent again."""
        return self in {Code.LOGIN_WRONG, Code.NEXUS_LOCKED_OUT}

    @property
    def means_no_answer_from_registry(self) -> bool:
        """The network, or a proxy on the way, is the cause: the registry said nothing."""
        return self in _NO_ANSWER_FROM_REGISTRY

    @property
    def means_wrong_bytes(self) -> bool:
        """A blob or manifest arrived, but not the one that its digest and size promise."""
        return self in {Code.DIGEST_MISMATCH, Code.SIZE_MISMATCH}

    @property
    def concerns_keyring(self) -> bool:
        return self.startswith("keyring-")

    @property
    def concerns_registry(self) -> bool:
        """The registry was not reached, or its answer was not that of a registry."""
        return self.startswith("registry-")

    @property
    def pull_exit(self) -> ExitCode | PullExit | None:
        return self._entry.pull_exit

    # Connecting to Nexus
    CA_FILE_UNREADABLE = "ca-file-unreadable"
    CLIENT_PROXY_IN_THE_WAY = "client-proxy-in-the-way"
    LOGIN_WRONG = "login-wrong"
    NEXUS_ANSWER_BROKEN = "nexus-answer-broken"
    NEXUS_ANSWER_TOO_BIG = "nexus-answer-too-big"
    NEXUS_ANSWER_UNEXPECTED = "nexus-answer-unexpected"
    NEXUS_BEHIND_PROXY_STRIPS_AUTH = "nexus-behind-proxy-strips-auth"
    NEXUS_BLOBSTORE_FULL = "nexus-blobstore-full"
    NEXUS_CE_LIMIT = "nexus-ce-limit"
    NEXUS_CERTIFICATE_CHANGED = "nexus-certificate-changed"
    NEXUS_CONTEXT_PATH = "nexus-context-path"
    NEXUS_DNS = "nexus-dns"
    NEXUS_ENDPOINT_MISSING = "nexus-endpoint-missing"
    NEXUS_EULA = "nexus-eula"
    NEXUS_FILTERED = "nexus-filtered"
    NEXUS_FORBIDDEN = "nexus-forbidden"
    NEXUS_HTTP_HTTPS_MISMATCH = "nexus-http-https-mismatch"
    NEXUS_LOCKED_OUT = "nexus-locked-out"
    NEXUS_NO_ANSWER = "nexus-no-answer"
    NEXUS_NO_DOCKER = "nexus-no-docker"
    NEXUS_NOT_FOUND = "nexus-not-found"
    NEXUS_NOT_NAMED = "nexus-not-named"
    NEXUS_NOT_NEXUS = "nexus-not-nexus"
    NEXUS_PAGE_OF_ANOTHER = "nexus-page-of-another"
    NEXUS_READ_ONLY = "nexus-read-only"
    NEXUS_REDIRECTED = "nexus-redirected"
    NEXUS_REFUSED = "nexus-refused"
    NEXUS_REQUEST_INVALID = "nexus-request-invalid"
    NEXUS_SERVER_ERROR = "nexus-server-error"
    NEXUS_SIGN_IN_NEEDED = "nexus-sign-in-needed"
    NEXUS_SIGN_IN_UNAVAILABLE = "nexus-sign-in-unavailable"
    NEXUS_STARTING = "nexus-starting"
    NEXUS_TLS_EXPIRED = "nexus-tls-expired"
    NEXUS_TLS_FAILED = "nexus-tls-failed"
    NEXUS_TLS_NAME = "nexus-tls-name"
    NEXUS_TLS_UNTRUSTED = "nexus-tls-untrusted"
    NEXUS_TOO_SLOW = "nexus-too-slow"
    NEXUS_UNAVAILABLE = "nexus-unavailable"
    NEXUS_WRONG_PORT_IS_CONNECTOR = "nexus-wrong-port-is-connector"
    NO_ADMIN_PRIVILEGE = "no-admin-privilege"
    PASSWORD_MISSING = "password-missing"
    URL_INVALID = "url-invalid"

    # Repositories and changes
    BLOB_STORE_MISSING = "blob-store-missing"
    BLOB_STORE_UNKNOWN = "blob-store-unknown"
    CHANGE_NOT_UNDONE = "change-not-undone"
    CHANGE_UNKNOWN = "change-unknown"
    CREDENTIALS_WOULD_BE_LOST = "credentials-would-be-lost"
    JOURNAL_NOT_WRITTEN = "journal-not-written"
    JOURNAL_UNREADABLE = "journal-unreadable"
    PATH_AND_PORT_COMBINED = "path-and-port-combined"
    REPOSITORY_EXISTS = "repository-exists"
    REPOSITORY_MISSING = "repository-missing"
    REPOSITORY_NAME_TAKEN = "repository-name-taken"
    REPOSITORY_NAME_UPPERCASE = "repository-name-uppercase"
    REPOSITORY_NOT_AS_SENT = "repository-not-as-sent"
    REPOSITORY_NOT_FOUND = "repository-not-found"
    REPOSITORY_NOT_FOUND_AFTER_CHANGE = "repository-not-found-after-change"
    REPOSITORY_OFFLINE = "repository-offline"
    REPOSITORY_WITHOUT_CONNECTOR = "repository-without-connector"
    ROLE_OR_USER_EXISTS = "role-or-user-exists"
    ROLE_OR_USER_NOT_AS_SENT = "role-or-user-not-as-sent"
    ROUTING_RULE = "routing-rule"

    # Connectors
    CONNECTOR_FIREWALLED = "connector-firewalled"
    CONNECTOR_HTTPS_WITHOUT_KEYSTORE = "connector-https-without-keystore"
    CONNECTOR_MANY = "connector-many"
    CONNECTOR_NO_FREE_PORT = "connector-no-free-port"
    CONNECTOR_NOT_PUBLISHED = "connector-not-published"
    CONNECTOR_OTHER_SERVICE = "connector-other-service"
    CONNECTOR_PORT_INVALID = "connector-port-invalid"
    CONNECTOR_PORT_OF_NEXUS = "connector-port-of-nexus"
    CONNECTOR_PORT_OF_OTHER_REPOSITORY = "connector-port-of-other-repository"
    CONNECTOR_PORT_TAKEN = "connector-port-taken"
    CONNECTOR_PORT_UNREAD = "connector-port-unread"
    CONNECTOR_PRIVILEGED_PORT = "connector-privileged-port"
    CONNECTOR_TLS_FAILED = "connector-tls-failed"

    # Nexus's way to the registry
    HOST_DNS = "host-dns"
    HOST_HTTP = "host-http"
    HOST_PROXY = "host-proxy"
    HOST_REFUSED = "host-refused"
    HOST_TIMEOUT = "host-timeout"
    HOST_TLS = "host-tls"
    HOST_TLS_INTERCEPTED = "host-tls-intercepted"
    REMOTE_AUTO_BLOCKED = "remote-auto-blocked"
    REMOTE_BLOB_HOST_BLOCKED = "remote-blob-host-blocked"
    REMOTE_DNS = "remote-dns"
    REMOTE_EGRESS = "remote-egress"
    REMOTE_INDEX_TYPE = "remote-index-type"
    REMOTE_MANUALLY_BLOCKED = "remote-manually-blocked"
    REMOTE_PROXY_AUTH = "remote-proxy-auth"
    REMOTE_PROXY_NEEDED = "remote-proxy-needed"
    REMOTE_TLS_INTERCEPTED = "remote-tls-intercepted"
    REMOTE_URL_HTTP = "remote-url-http"
    REMOTE_URL_NO_HOST = "remote-url-no-host"
    REMOTE_URL_PATH = "remote-url-path"
    REMOTE_URL_TYPO = "remote-url-typo"
    UPSTREAM_DOWN = "upstream-down"

    # Pull tokens
    CHAINCTL_FAILED = "chainctl-failed"
    CHAINCTL_MISSING = "chainctl-missing"
    CHAINCTL_NETWORK = "chainctl-network"
    CHAINCTL_NO_RIGHT = "chainctl-no-right"
    CHAINCTL_NOT_SIGNED_IN = "chainctl-not-signed-in"
    CHAINCTL_TIMEOUT = "chainctl-timeout"
    CHAINCTL_TTL = "chainctl-ttl"
    CHAINCTL_UNKNOWN_ORGANIZATION = "chainctl-unknown-organization"
    DOCKER_CONFIG_BROKEN = "docker-config-broken"
    DOCKER_HELPER_FAILED = "docker-helper-failed"
    DOCKER_HELPER_MISSING = "docker-helper-missing"
    TOKEN_EMPTY = "token-empty"
    TOKEN_EXPIRED = "token-expired"
    TOKEN_EXPIRES_SOON = "token-expires-soon"
    TOKEN_NEEDED_AGAIN = "token-needed-again"
    TOKEN_NOT_IN_NEXUS = "token-not-in-nexus"
    TOKEN_OTHER_IN_NEXUS = "token-other-in-nexus"
    TOKEN_OTHER_REGISTRY = "token-other-registry"
    TOKEN_REFUSED = "token-refused"
    TOKEN_REVOKED = "token-revoked"
    TOKEN_STUCK = "token-stuck"
    TOKEN_TRUNCATED = "token-truncated"
    TOKEN_UNREADABLE = "token-unreadable"
    TOKEN_WRONG_KIND = "token-wrong-kind"

    # Names of images
    IMAGE_UNKNOWN = "image-unknown"
    NAME_DIGEST = "name-digest"
    NAME_EMPTY = "name-empty"
    NAME_HOST = "name-host"
    NAME_IS_ID = "name-is-id"
    NAME_MISSING_NAMESPACE = "name-missing-namespace"
    NAME_PORT = "name-port"
    NAME_REPOSITORY = "name-repository"
    NAME_REPOSITORY_IN_PATH = "name-repository-in-path"
    NAME_SCHEME = "name-scheme"
    NAME_TAG = "name-tag"
    NAME_TOO_LONG = "name-too-long"
    NAME_UPPERCASE = "name-uppercase"
    NAME_WITH_UPSTREAM_HOST = "name-with-upstream-host"
    TAG_NOT_FREE = "tag-not-free"

    # Pulling
    ANSWER_TOO_LARGE = "answer-too-large"
    BLOB_UNKNOWN = "blob-unknown"
    CANCELLED = "cancelled"
    CHALLENGE_WRONG_HOST = "challenge-wrong-host"
    CRASHED = "crashed"
    DIFF_ID_MISMATCH = "diff-id-mismatch"
    DIGEST_MISMATCH = "digest-mismatch"
    LAYER_CORRUPT = "layer-corrupt"
    LAYER_TOO_LARGE = "layer-too-large"
    MANIFEST_INVALID = "manifest-invalid"
    MANIFEST_UNKNOWN = "manifest-unknown"
    NO_LOGIN = "no-login"
    NO_READ_PRIVILEGE = "no-read-privilege"
    NOT_ENTITLED = "not-entitled"
    OUTPUT_FAILED = "output-failed"
    OUTPUT_NOT_A_LAYOUT = "output-not-a-layout"
    PLATFORM = "platform"
    RANGE_WRONG = "range-wrong"
    RATE_LIMITED = "rate-limited"
    REDIRECT_LOOP = "redirect-loop"
    REGISTRY_ANSWER = "registry-answer"
    REGISTRY_CUT = "registry-cut"
    REGISTRY_DNS = "registry-dns"
    REGISTRY_HTTP_HTTPS_MISMATCH = "registry-http-https-mismatch"
    REGISTRY_NO_ANSWER = "registry-no-answer"
    REGISTRY_NOT_HERE = "registry-not-here"
    REGISTRY_REDIRECT = "registry-redirect"
    REGISTRY_REFUSED = "registry-refused"
    REGISTRY_STALLED = "registry-stalled"
    REGISTRY_TIMEOUT = "registry-timeout"
    REGISTRY_TLS = "registry-tls"
    REGISTRY_TLS_EXPIRED = "registry-tls-expired"
    REGISTRY_TLS_NAME = "registry-tls-name"
    REGISTRY_TLS_UNTRUSTED = "registry-tls-untrusted"
    REGISTRY_UNAVAILABLE = "registry-unavailable"
    REGISTRY_UNREACHABLE = "registry-unreachable"
    SIGN_IN_NOT_SHOWN = "sign-in-not-shown"
    SIZE_MISMATCH = "size-mismatch"
    ZSTD_MISSING = "zstd-missing"

    # What Nexus keeps
    CACHE_CORRUPT = "cache-corrupt"
    CACHE_STALE_TAG = "cache-stale-tag"
    NEGATIVE_CACHE = "negative-cache"

    # Access without signing in
    ANONYMOUS_OFF = "anonymous-off"
    ANONYMOUS_SEES_PRIVATE = "anonymous-sees-private"
    ANONYMOUS_USER_CHANGED = "anonymous-user-changed"
    REALM_MISSING = "realm-missing"

    # Diagnosis
    CHECK_FAILED = "check-failed"
    COMPARE_BOTH_FAIL = "compare-both-fail"
    COMPARE_LEFT_BEHIND = "compare-left-behind"
    COMPARE_ONLY_FRESH_FAILS = "compare-only-fresh-fails"
    COMPARE_ONLY_FRESH_WORKS = "compare-only-fresh-works"
    NO_RESULT = "no-result"

    # Container engines and the trial Nexus
    CLIENT_PLAIN_HTTP = "client-plain-http"
    CLIENT_UNTRUSTED_CA = "client-untrusted-ca"
    ENGINE_ABSENT = "engine-absent"
    ENGINE_ANSWER = "engine-answer"
    ENGINE_CREDENTIAL_HELPER = "engine-credential-helper"
    ENGINE_DISK_FULL = "engine-disk-full"
    ENGINE_GONE = "engine-gone"
    ENGINE_HANGS = "engine-hangs"
    ENGINE_OLD = "engine-old"
    ENGINE_PERMISSION = "engine-permission"
    ENGINE_PROXY = "engine-proxy"
    ENGINE_PULL_FAILED = "engine-pull-failed"
    ENGINE_REMOTE = "engine-remote"
    ENGINE_STORAGE = "engine-storage"
    TRIAL_EXITED = "trial-exited"
    TRIAL_GONE = "trial-gone"
    TRIAL_NAME_TAKEN = "trial-name-taken"
    TRIAL_NOT_PUBLISHED = "trial-not-published"
    TRIAL_NOT_STARTED = "trial-not-started"
    TRIAL_PORT_TAKEN = "trial-port-taken"

    # Keyring and secrets
    KEYRING_FAILED = "keyring-failed"
    KEYRING_LOCKED = "keyring-locked"
    KEYRING_NONE = "keyring-none"
    KEYRING_OFF = "keyring-off"
    KEYRING_PLAINTEXT = "keyring-plaintext"
    KEYRING_TIMEOUT = "keyring-timeout"
    SECRET_FILE_EMPTY = "secret-file-empty"
    SECRET_FILE_OPEN_TO_OTHERS = "secret-file-open-to-others"
    SECRET_FILE_UNREADABLE = "secret-file-unreadable"
    SECRET_NOT_IN_KEYRING = "secret-not-in-keyring"
    SECRET_NOT_IN_SYSTEMD_CREDS = "secret-not-in-systemd-creds"
    SECRET_VARIABLE_EMPTY = "secret-variable-empty"
    SECRETS_FILE_EXISTS = "secrets-file-exists"
    SECRETS_FILE_OPEN_TO_OTHERS = "secrets-file-open-to-others"
    SECRETS_FILE_UNREADABLE = "secrets-file-unreadable"
    SECRETS_FILE_UNWRITABLE = "secrets-file-unwritable"
    SECRETS_FILE_WRONG_PASSPHRASE = "secrets-file-wrong-passphrase"
    SECRETS_PASSPHRASE_SHORT = "secrets-passphrase-short"
    SYSTEMD_CREDS_FAILED = "systemd-creds-failed"

    # Runs on a server
    ANSWERS_INCOMPLETE = "answers-incomplete"
    ANSWERS_INVALID = "answers-invalid"
    ANSWERS_UNREADABLE = "answers-unreadable"
    DEBUG_LOG_UNWRITABLE = "debug-log-unwritable"
    FILE_NOT_SAVED = "file-not-saved"
    LOOKING_ONLY = "looking-only"
    NOBODY_TO_ASK = "nobody-to-ask"
    NOT_FORGOTTEN = "not-forgotten"
    PRACTICE_PORT_TAKEN = "practice-port-taken"
    RUN_IN_USE = "run-in-use"
    RUN_NOT_SAVED = "run-not-saved"
    RUN_NOT_TAKEN_OVER = "run-not-taken-over"
    RUN_UNREADABLE = "run-unreadable"
    STANDARD_OUTPUT_FAILED = "standard-output-failed"


# At the beginning of a text, these keep their capital letter.
_NAMES = ("Nexus", "Docker", "Sonatype", "Enter")


def _in_a_problem(text: str) -> str:
    """As a text of the catalog stands in a problem: no capital letter, full stop or markup."""
    plain = text.replace("`", "").replace("*", "").removesuffix(".")
    return plain if plain.startswith(_NAMES) else plain[:1].lower() + plain[1:]


_NO_ANSWER_FROM_REGISTRY = frozenset(
    {
        Code.REGISTRY_DNS,
        Code.REGISTRY_REFUSED,
        Code.REGISTRY_TIMEOUT,
        Code.REGISTRY_UNREACHABLE,
        Code.REGISTRY_NO_ANSWER,
        Code.REGISTRY_CUT,
        Code.REGISTRY_TLS,
        Code.REGISTRY_TLS_UNTRUSTED,
        Code.REGISTRY_TLS_NAME,
        Code.REGISTRY_TLS_EXPIRED,
        Code.REGISTRY_STALLED,
        Code.CLIENT_PROXY_IN_THE_WAY,
    }
)
