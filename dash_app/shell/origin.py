"""Where a request comes from: which reader behind which proxies, and which site."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from flask import Request

from sync.settings import Network

OWN_SITE = ("same-origin", "none")  # none: typed, or out of a bookmark
DOCUMENT = ("/", "/<path:path>")  # the page itself, which holds no reading


def client_of(request: Request, proxies: tuple[Network, ...]) -> str:
    """The address that asks: the last one that no trusted proxy has. Of IPv6 the network, which one reader has whole.

    Every proxy adds the address from which it was asked to the end of X-Forwarded-For; what stands before may be made
    up.
    """
    address = _address(request.remote_addr or "")
    for hop in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
        before = _address(hop.strip())
        if address is None or before is None or not _is_within(address, proxies):
            break
        address = before
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return str(address)


def is_over_tls(request: Request) -> bool:
    """Whether the reader's browser came by https://, as far as the server in front says. A lie harms who tells it."""
    return request.is_secure or request.headers.get("X-Forwarded-Proto") == "https"


def is_foreign(request: Request, proxies: tuple[Network, ...]) -> bool:
    """Whether another web site has a reader's browser ask this. A link to the page itself may stand anywhere."""
    headers = request.headers
    if request.method == "GET" and request.endpoint in DOCUMENT and headers.get("Sec-Fetch-Mode") in (None, "navigate"):
        return headers.get("Sec-Fetch-Dest") not in (None, "document")
    if site := headers.get("Sec-Fetch-Site"):
        return site not in OWN_SITE
    # Browsers without it, or over plain HTTP; other programs send none of these.
    origin = headers.get("Origin") or headers.get("Referer")
    if not origin:
        return False
    hosts = {request.host.lower()}
    peer = _address(request.remote_addr or "")
    if peer is not None and _is_within(peer, proxies):
        hosts.add(headers.get("X-Forwarded-Host", "").lower())
    try:
        return urlsplit(origin).netloc.lower() not in hosts - {""}
    except ValueError:
        return True


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_within(address: IPv4Address | IPv6Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)
