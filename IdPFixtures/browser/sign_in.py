"""Completes one ztna sign-in in headless Chromium, by typing and clicking, and keeps a picture of each page.

Knows a page by its form fields: ztna's own pages, oidc/provider.py's login form, Canaille's login and consent.
Prints one object of JSON; ends with 0 only if the last page shows the outcome that was wanted.
Run it with the environment of IdPFixtures/install.
"""

import argparse
import base64
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import ElementClickInterceptedException, ElementNotInteractableException
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.common.by import By

DESKTOP, PHONE = 1280, 390
HEIGHT = 844
MOST_PAGES = 12

# A form that carries a SAML message, either way, and did not submit itself.
SAML_BUTTON = "form:has(input[name=SAMLResponse], input[name=SAMLRequest]) :is(button, input[type=submit])"

# The first selector that matches something visible names the page.
PAGES = [
    ("outcome", "#outcome"),
    ("request", "[name=provider]"),
    ("confirm", "[name=decision][value=allow]"),
    ("device", "input[name=user_code]"),
    ("provider-login", "input[name=username]"),
    ("lemonldap-login", "input[name=user]"),
    ("canaille-login", "input[name=login]"),
    ("canaille-password", "input[name=password]"),
    ("canaille-consent", "button[name=answer][value=accept]"),
    ("saml-form", SAML_BUTTON),
]


class Failure(Exception):
    pass


class SignIn:
    def __init__(self, arguments):
        self.arguments = arguments
        self.deadline = time.monotonic() + arguments.timeout
        self.pages = []
        self.outcome = None

    def run(self):
        with tempfile.TemporaryDirectory() as profile:
            self.driver = start_chromium(self.arguments, profile)
            try:
                self.driver.get(self.arguments.url)
                for number in range(1, MOST_PAGES + 1):
                    name = self.recognise()
                    self.keep(number, name)
                    if name == "outcome":
                        return self.finish()
                    self.leave_by(self.act(name))
                raise Failure(f"no outcome after {MOST_PAGES} pages")
            finally:
                self.driver.quit()

    def recognise(self):
        self.wait("the page to load", lambda: self.driver.execute_script("return document.readyState") == "complete")
        for name, selector in PAGES:
            if any(element.is_displayed() for element in self.all(selector)):
                return name
        text = self.driver.find_element(By.TAG_NAME, "body").text
        raise Failure(f"a page of unknown kind at {self.driver.current_url}: {text[:500]}")

    def act(self, name):
        """Fills in the page; the button that leads on."""
        person = self.arguments
        if name == "device":
            self.type("user_code", person.code)
            return self.submit_button("user_code")
        if name == "request":
            return self.choose_provider()
        if name == "provider-login":
            self.type("username", person.user)
            self.type("password", person.password)
            return self.submit_button("password")
        if name == "lemonldap-login":
            self.type("user", person.user)
            self.type("password", person.password)
            return self.submit_button("password")
        if name == "canaille-login":
            self.type("login", person.user)
            return self.submit_button("login")
        if name == "canaille-password":
            self.type("password", person.password)
            return self.submit_button("password")
        if name == "canaille-consent":
            return self.all("button[name=answer][value=accept]")[0]
        if name == "saml-form":
            return self.all(SAML_BUTTON)[0]
        if self.all("input[name=number]") and person.decision == "allow":
            self.choose_number()
        return self.only(f"[name=decision][value={person.decision}]", "decision button")

    def choose_provider(self):
        wanted = self.arguments.provider
        return self.only(f'[name=provider][value="{wanted}"]' if wanted else "[name=provider]", "provider button")

    def choose_number(self):
        if self.arguments.number is None:
            raise Failure("the page asks for the number on the terminal: give --number")
        radio = self.only(f'input[name=number][value="{self.arguments.number}"]', "number to pick")
        try:
            radio.click()
        except (ElementClickInterceptedException, ElementNotInteractableException):
            radio.find_element(By.XPATH, "ancestor::label").click()
        if not radio.is_selected():
            raise Failure("the number was clicked and is not selected")

    def finish(self):
        element = self.all("#outcome")[0]
        self.outcome = element.get_attribute("data-outcome")
        wanted = "allowed" if self.arguments.decision == "allow" else "denied"
        if self.outcome != wanted:
            raise Failure(f"the outcome is {self.outcome}, not {wanted}: {element.text[:300]}")

    def type(self, name, text):
        field = self.only(f"input[name={name}]:not([type=hidden])", f"field {name}")
        field.clear()
        field.send_keys(text)

    def submit_button(self, field):
        """The button of the form that holds `field`."""
        element = self.only(f"input[name={field}]:not([type=hidden])", f"field {field}")
        form = element.find_element(By.XPATH, "ancestor::form")
        buttons = form.find_elements(By.CSS_SELECTOR, "button[type=submit], button:not([type]), input[type=submit]")
        if not buttons:
            raise Failure(f"the form with {field} has no button")
        return buttons[0]

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def only(self, selector, what):
        found = self.all(selector)
        if len(found) != 1:
            values = [element.get_attribute("value") for element in found]
            raise Failure(f"expected one {what} ({selector}), found {len(found)}: {values}")
        return found[0]

    def leave_by(self, button):
        """Clicks, and waits until the button's page is gone."""
        button.click()

        def gone():
            try:
                button.is_enabled()
            except (StaleElementReferenceException, WebDriverException):
                return True
            return False

        self.wait("the next page", gone)

    def wait(self, what, condition):
        while not condition():
            if time.monotonic() > self.deadline:
                raise Failure(f"waited too long for {what} at {self.driver.current_url}")
            time.sleep(0.05)

    def keep(self, number, name):
        """Pictures of the page at desktop and phone width, and of one page in the dark."""
        title = f"{number:02}-{name}"
        files = [self.picture(f"{title}.png", DESKTOP), self.picture(f"{title}-{PHONE}.png", PHONE)]
        width = self.driver.execute_script("return document.documentElement.scrollWidth")
        if name == self.arguments.dark:
            self.scheme("dark")
            files.append(self.picture(f"{title}-dark.png", DESKTOP))
            self.scheme("")
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        page = {"name": name, "title": self.driver.title, "fits_phone": width <= PHONE, "screenshots": files}
        self.pages.append(page)

    def picture(self, name, width):
        size = {"width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": width == PHONE}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True})
        (self.arguments.screenshots / name).write_bytes(base64.b64decode(shot["data"]))
        return name

    def scheme(self, value):
        features = [{"name": "prefers-color-scheme", "value": value}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def start_chromium(arguments, profile):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    flags = [
        "--headless=new",
        f"--window-size={DESKTOP},{HEIGHT}",
        f"--user-data-dir={profile}",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--no-proxy-server",
        "--lang=en",
    ]
    if os.geteuid() == 0:
        # Chromium's own sandbox cannot start as root.
        flags.append("--no-sandbox")
    if arguments.host_resolver:
        flags.append("--host-resolver-rules=" + ", ".join(arguments.host_resolver))
    for flag in flags:
        options.add_argument(flag)
    options.accept_insecure_certs = arguments.insecure
    if arguments.no_javascript:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    # Naming the driver keeps selenium from looking for one to download.
    service = webdriver.ChromeService(executable_path="/usr/bin/chromedriver")
    driver = webdriver.Chrome(options=options, service=service)
    driver.set_page_load_timeout(20)
    return driver


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--url", required=True, help="the verification URI")
    parser.add_argument("--code", required=True, help="the user code")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--provider", help="which identity provider, if there are several")
    parser.add_argument("--number", help="the number that the terminal shows")
    parser.add_argument("--decision", choices=("allow", "deny"), default="allow")
    parser.add_argument("--screenshots", type=Path, required=True, help="a directory; made if missing")
    parser.add_argument("--dark", default="request", help="the page to show in the dark (default: %(default)s)")
    parser.add_argument("--timeout", type=float, default=90, help="seconds for all of it (default: %(default)s)")
    parser.add_argument("--insecure", action="store_true", help="accept any certificate")
    parser.add_argument("--no-javascript", action="store_true", help="with scripts switched off")
    parser.add_argument("--host-resolver", action="append", help='such as "MAP ztna.test 127.0.0.1"; may be repeated')
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    arguments.screenshots.mkdir(parents=True, exist_ok=True)
    # Selenium talks to its driver over loopback; no proxy may come between.
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = "localhost,127.0.0.1"
    sign_in, error = SignIn(arguments), None
    try:
        sign_in.run()
    except (Failure, WebDriverException) as failure:
        error = str(failure).partition("\nStacktrace")[0].strip()
    result = {"ok": error is None, "outcome": sign_in.outcome, "pages": sign_in.pages}
    if error:
        result["error"] = error
    print(json.dumps(result))
    sys.exit(0 if result["ok"] else 1)


if __name__ == "__main__":
    main()
