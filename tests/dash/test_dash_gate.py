"""Who is let in: other web sites are not, whoever has a session is, and each reader has tries of their own."""

from __future__ import annotations

import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from dash import Dash
from flask import Response, request
from itsdangerous import TimestampSigner
from playwright.sync_api import Page, expect
from pymongo.database import Database

from dash_app.kit.reader import Reader
from dash_app.shell.app import create_app
from dash_app.shell.security import FAILURES
from dash_app.shell.session import COOKIE, FILE, LENGTH, SECONDS, Sessions, secret_of
from sync.model.errors import UsageError
from sync.settings import load
from tests.dash.readers import all_answered
from tests.dash.served import PATIENCE, Served, Watch, serve

Open = Callable[..., Page]
PASSWORD = "pässword of a test"
RIGHT = ("me", PASSWORD.encode())
WRONG = ("me", b"guess")
DATA = ("/card/load-curve", "/cards/cost", "/csv/load-curve", "/version", "/_dash-layout", "/assets/shell.js")
CALLBACKS = "/_dash-update-component"


@pytest.fixture(scope="module")
def guarded(two_years: Database[Any]) -> Iterator[Served]:
    """A page with a password, behind a trusted server on this machine."""
    with serve(two_years, PASSWORD, DASH_TRUSTED_PROXY="127.0.0.1, 10.0.0.0/8") as page:
        yield page


class AnotherSite(BaseHTTPRequestHandler):
    """A page with nothing of ours."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/" else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<p>another site</p>")

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def another_site() -> Iterator[int]:
    """The port of another site on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), AnotherSite) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def code(served: Served, path: str = "/", method: str = "GET", **more: Any) -> int:
    return requests.request(method, served.url + path, timeout=PATIENCE, **more).status_code


def fetched(site: str, mode: str = "cors", dest: str = "empty", **more: str) -> dict[str, str]:
    return {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest} | more


# --- other web sites --------------------------------------------------------------------------------------------------

EVIL = "http://evil.example"
FOREIGN = {
    "a script of another site": fetched("cross-site", Origin=EVIL),
    "an image of another site": fetched("cross-site", "no-cors", "image"),
    "another port of this machine": fetched("same-site"),
    "a link to readings": fetched("cross-site", "navigate", "document"),
    "a frame": fetched("cross-site", "navigate", "iframe"),
    "an older browser's script": {"Origin": EVIL},
    "a page that hides itself": {"Origin": "null"},
    "a picture in an older browser": {"Referer": f"{EVIL}/page"},
    "another port, in an older browser": {"Origin": "http://127.0.0.1:1"},
    "an origin that is none": {"Origin": "http://[", "Sec-Fetch-Site": ""},
    "a word that no browser says": {"Sec-Fetch-Site": "friendly"},
}


@pytest.mark.parametrize("case", FOREIGN)
def test_no_data_for_another_site(served: Served, case: str) -> None:
    for path in DATA:
        assert code(served, path, headers=FOREIGN[case]) == 403, path
    assert code(served, CALLBACKS, "POST", headers=FOREIGN[case], json={}) == 403


OWN = {
    "the page's own script": fetched("same-origin"),
    "a download": fetched("same-origin", "navigate", "document"),
    "a typed address": fetched("none", "navigate", "document"),
    "another program": {},
    "an older browser": {"Origin": "{url}"},
    "an older browser, without an origin": {"Referer": "{url}/cost"},
    "a name that a server in front took away": fetched("same-origin", Origin="https://home.example"),
}


@pytest.mark.parametrize("case", OWN)
def test_data_for_the_page_itself(served: Served, case: str) -> None:
    headers = {name: text.format(url=served.url) for name, text in OWN[case].items()}
    for path in DATA:
        assert code(served, path, headers=headers) == 200, path


@pytest.mark.parametrize("path", ["/", "/cost?period=7d"])
def test_a_link_opens_the_page_from_anywhere(served: Served, path: str) -> None:
    assert code(served, path, headers=fetched("cross-site", "navigate", "document")) == 200
    assert code(served, path, headers={"Referer": EVIL}) == 200
    assert code(served, path, headers=fetched("cross-site")) == 403
    assert code(served, path, headers=fetched("cross-site", "navigate", "iframe")) == 403


def test_the_name_that_a_trusted_server_passes_on(two_years: Database[Any], guarded: Served) -> None:
    headers = {"Origin": "https://home.example", "X-Forwarded-Host": "home.example"}
    assert code(guarded, "/version", headers=headers, auth=RIGHT) == 200
    with serve(two_years, PASSWORD) as trusting_nobody:
        assert code(trusting_nobody, "/version", headers=headers, auth=RIGHT) == 403


def test_another_site_uses_up_nobodys_tries(guarded: Served) -> None:
    headers = fetched("cross-site", "no-cors", "image") | {"X-Forwarded-For": "192.0.2.50"}
    for _ in range(FAILURES + 2):
        assert code(guarded, headers=headers, auth=WRONG) == 403
    assert code(guarded, headers={"X-Forwarded-For": "192.0.2.50"}, auth=RIGHT) == 200


def test_a_script_of_another_site_in_a_browser(
    serving: Callable[..., Served],
    two_years: Database[Any],
    another_site: int,
    open_page: Open,
    page_errors: Watch,
) -> None:
    """The same readings that the page's own script gets, asked for from another port."""
    path = "/csv/load-curve?period=7d"
    codes: list[int] = []

    def told(answer: Response) -> Response:
        if request.path.startswith("/csv"):
            codes.append(answer.status_code)
        return answer

    def watched(reader: Reader, password: str | None) -> Dash:
        app = create_app(reader, password)
        app.server.after_request(told)
        return app

    asks = "url => fetch(url, {mode: 'no-cors', cache: 'no-store'}).then(() => 'had', () => 'refused')"
    served = serving(two_years, app=watched)
    page_errors.expected += [path, "favicon.ico"]
    page = open_page(f"{served.url}/consumption")
    assert page.evaluate(asks, served.url + path) == "had"
    page.goto(f"http://localhost:{another_site}/")
    assert page.evaluate(asks, served.url + path) == "refused"
    assert codes == [200, 403]


# --- sessions ---------------------------------------------------------------------------------------------------------


def cookie_of(served: Served, **headers: str) -> tuple[str, Mapping[str, Any]]:
    """The cookie's text and its attributes, after the password."""
    answer = requests.get(served.url, auth=RIGHT, headers=headers, timeout=PATIENCE)
    found = SimpleCookie(answer.headers["Set-Cookie"])[COOKIE]
    return found.value, found


def test_the_cookie_is_for_this_page_alone(guarded: Served) -> None:
    text, found = cookie_of(guarded)
    assert (found["httponly"], found["samesite"], found["path"], found["secure"]) == (True, "Lax", "/", "")
    assert int(found["max-age"]) == SECONDS
    assert "password" not in text
    _, secure = cookie_of(guarded, **{"X-Forwarded-Proto": "https"})
    assert secure["secure"] is True
    for given in ({"auth": WRONG}, {}, {"cookies": {COOKIE: text}}):
        headers = {"X-Forwarded-For": "192.0.2.60"}
        assert "Set-Cookie" not in requests.get(guarded.url, headers=headers, timeout=PATIENCE, **given).headers  # type: ignore[arg-type]


def test_a_session_is_not_asked_again(guarded: Served) -> None:
    text, _ = cookie_of(guarded)
    for path in DATA:
        assert code(guarded, path, cookies={COOKIE: text}) == 200
        assert code(guarded, path) == 401
    assert code(guarded, "/version", cookies={COOKIE: text}, headers=FOREIGN["a script of another site"]) == 403


def test_a_session_is_never_locked_out(serving: Callable[..., Served], database: Database[Any]) -> None:
    """Twelve wrong passwords of somebody else behind the same server, which is not known to be one."""
    served = serving(database, PASSWORD)
    text, _ = cookie_of(served)
    codes = [code(served, auth=WRONG) for _ in range(FAILURES + 2)]
    assert codes == [401] * FAILURES + [429] * 2
    assert code(served, auth=RIGHT) == 429
    assert code(served, cookies={COOKIE: text}) == 200
    assert code(served, cookies={COOKIE: text}, auth=WRONG) == 200


class Earlier(TimestampSigner):
    """Signed when a session of now has just ended."""

    def get_timestamp(self) -> int:
        return super().get_timestamp() - SECONDS - 1


def _forged(secret: bytes, text: str) -> dict[str, str]:
    ended = Sessions(secret, PASSWORD)
    ended._signer.__class__ = Earlier
    return {
        "of another secret": Sessions(bytes(LENGTH), PASSWORD).new(),
        "of another password": Sessions(secret, "another").new(),
        "ended": ended.new(),
        "cut": text[:-1],
        "changed": "owner" + text[6:],
        "later": text.replace(".", ".Z", 1),
        "without a signature": text.rpartition(".")[0],
        "nothing": "",
        "points": "...",
        "long": "A" * 5000,
        "no letters": "\xff\xfe\x80",
    }


def test_no_other_cookie_is_a_session(guarded: Served) -> None:
    text, _ = cookie_of(guarded)
    secret = secret_of(guarded.reader.settings.sync_home)
    assert Sessions(secret, PASSWORD).holds(text)
    for name, forged in _forged(secret, text).items():
        sent = {"Cookie": f"{COOKIE}={forged}".encode("latin-1")}
        assert code(guarded, headers=sent) == 401, name


# --- the secret -------------------------------------------------------------------------------------------------------


def test_the_secret_is_its_owners_alone_and_stays(tmp_path: Path) -> None:
    home = tmp_path / "new"
    secret = secret_of(home)
    kept = home / FILE
    assert len(secret) == LENGTH
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert secret_of(home) == secret
    assert [each.name for each in home.iterdir()] == [FILE]


SPOILT: dict[str, Callable[[Path], object]] = {
    "others could read it": lambda path: path.chmod(0o644),
    "it was cut": lambda path: path.write_bytes(b"short"),
    "it is empty": lambda path: path.write_bytes(b""),
    "it is longer": lambda path: path.write_bytes(bytes(LENGTH + 1)),
    "it is gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_spoilt_secret_is_made_anew(tmp_path: Path, case: str) -> None:
    before = secret_of(tmp_path)
    SPOILT[case](tmp_path / FILE)
    after = secret_of(tmp_path)
    assert after != before
    assert len(after) == LENGTH
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_without_a_place_sessions_end_with_the_page(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_bytes(bytes(LENGTH))
    assert secret_of(tmp_path) not in (bytes(LENGTH), secret_of(tmp_path))
    assert "sessions end with the page" in caplog.text


def test_a_login_survives_a_restart_of_the_page(
    two_years: Database[Any], open_page: Open, port: int, tmp_path: Path
) -> None:
    """In a browser: the password once, then, on the page started anew, the cookie alone."""
    login = {"username": "me", "password": PASSWORD}
    with serve(two_years, PASSWORD, port=port, SYNC_HOME=str(tmp_path)) as before:
        page = open_page(f"{before.url}/consumption", http_credentials=login)
        all_answered(page)
        kept: Any = page.context.storage_state()
        page.close()
    assert COOKIE in {each["name"] for each in kept["cookies"]}
    with serve(two_years, PASSWORD, port=port, SYNC_HOME=str(tmp_path)) as after:
        page = open_page(f"{after.url}/consumption", storage_state=kept)
        all_answered(page)
        expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
        assert COOKIE not in page.evaluate("document.cookie")


# --- readers behind proxies -------------------------------------------------------------------------------------------

ADDRESSES = {
    "readers of one server": ("192.0.2.1", "192.0.2.2", True),
    "the same reader": ("192.0.2.3", "192.0.2.3", False),
    "two servers one behind the other": ("192.0.2.4, 10.0.0.7", "192.0.2.5, 10.0.0.7", True),
    "a reader who makes up others": ("198.51.100.1, 192.0.2.6", "198.51.100.2, 192.0.2.6", False),
    "a reader who makes up a server": ("198.51.100.3, 10.0.0.1, 192.0.2.7", "198.51.100.4, 10.0.0.1, 192.0.2.7", False),
    "one home's IPv6": ("2001:db8:0:1::1", "2001:db8:0:1::2", False),
    "two homes' IPv6": ("2001:db8:0:2::1", "2001:db8:0:3::1", True),
    "an address in two spellings": ("192.0.2.8", "::ffff:192.0.2.8", False),
}


@pytest.mark.parametrize("case", ADDRESSES)
def test_tries_are_counted_by_reader(guarded: Served, case: str) -> None:
    one, other, is_free = ADDRESSES[case]
    for _ in range(FAILURES):
        assert code(guarded, auth=WRONG, headers={"X-Forwarded-For": one}) == 401
    assert code(guarded, auth=RIGHT, headers={"X-Forwarded-For": one}) == 429
    assert code(guarded, auth=RIGHT, headers={"X-Forwarded-For": other}) == (200 if is_free else 429)


def test_nobody_else_is_believed(serving: Callable[..., Served], database: Database[Any]) -> None:
    served = serving(database, PASSWORD, DASH_TRUSTED_PROXY="10.0.0.1")
    for place in range(FAILURES):
        assert code(served, auth=WRONG, headers={"X-Forwarded-For": f"192.0.2.{place}"}) == 401
    assert code(served, auth=RIGHT, headers={"X-Forwarded-For": "192.0.2.99"}) == 429


@pytest.mark.parametrize("text", ["proxy.example", "1", "10.0.0.1/8", "10.0.0.0/33", "*"])
def test_what_is_no_address_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="DASH_TRUSTED_PROXY: must be addresses or networks"):
        load(tmp_path, environ={"DASH_TRUSTED_PROXY": text})
