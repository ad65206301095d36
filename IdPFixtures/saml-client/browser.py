"""A browser without a screen: cookies, redirects, forms. It never opens an address of the service provider."""

import html.parser
import http.cookiejar
import urllib.error
import urllib.request
from urllib.parse import urlencode, urljoin

TIMEOUT = 20
MOST_PAGES = 20


class Forms(html.parser.HTMLParser):
    """The forms of a page: method, action, fields by name, and which field takes the password, which the name."""

    def __init__(self, page):
        super().__init__()
        self.forms, self.frames = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = {name: value or "" for name, value in attributes}
        if tag == "form":
            form = {"action": attributes.get("action", ""), "method": attributes.get("method", "get").lower()}
            self.forms.append({**form, "fields": {}, "password": None, "username": None})
        elif tag in ("iframe", "img") and attributes.get("src"):
            self.frames.append(attributes["src"])
        elif tag == "input" and self.forms and attributes.get("name"):
            form, name, kind = self.forms[-1], attributes["name"], attributes.get("type", "text").lower()
            if kind == "password":
                form["password"] = name
            elif kind in ("text", "email") and form["username"] is None:
                form["username"] = name
            if kind not in ("submit", "button", "checkbox", "radio"):
                form["fields"][name] = attributes.get("value", "")


class KeepRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Browser:
    """One person's browser. `service_provider` is the beginning of the addresses that are caught, not opened."""

    def __init__(self, service_provider):
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar, KeepRedirects)
        self.service_provider = service_provider
        self.address, self.page, self.forms, self.frames = "", "", [], []
        self.framed = False  # whether what was caught was meant for a frame or picture inside a page

    def caught(self):
        return self.address.startswith(self.service_provider)

    def open(self, address, form=None):
        """Follows redirects until a page, or until an address of the service provider, which is left unopened."""
        for _ in range(MOST_PAGES):
            self.address, self.page, self.forms, self.frames = address, "", [], []
            if self.caught():
                return self
            data = urlencode(form).encode() if form is not None else None
            try:
                answer = self.opener.open(urllib.request.Request(address, data), timeout=TIMEOUT)
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                page = answer.read().decode("utf-8", "replace")
                location = answer.headers.get("Location")
                if location and 300 <= answer.status < 400:
                    address, form = urljoin(address, location), None
                    continue
                self.page = page
                if answer.status >= 400:
                    raise AssertionError(f"{address} answered {answer.status}:\n{text_of(page)}")
            parsed = Forms(page)
            self.forms, self.frames = parsed.forms, [urljoin(address, frame) for frame in parsed.frames]
            return self
        raise AssertionError(f"more than {MOST_PAGES} redirects, at last to {address}")

    def form_with(self, *fields):
        for form in self.forms:
            if any(field in form["fields"] for field in fields):
                return form
        return None

    def sign_in_form(self):
        return next((form for form in self.forms if form["password"] and form["username"]), None)

    def submit(self, form, **values):
        action, fields = urljoin(self.address, form["action"]), {**form["fields"], **values}
        if form["method"] == "get":
            return self.open(action.partition("?")[0] + "?" + urlencode(fields))
        return self.open(action, fields)


def text_of(page):
    """A page without its tags and empty lines, for a message."""
    words = []

    class Text(html.parser.HTMLParser):
        def handle_data(self, data):
            if data.strip() and self.lasttag not in ("script", "style"):
                words.append(data.strip())

    Text().feed(page)
    return "\n".join(words)[:3000]
