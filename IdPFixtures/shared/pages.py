"""The fixture provider's HTML pages: no script, one inline style sheet, light and dark."""

from html import escape

_STYLE = """
:root { color-scheme: light dark; --back: #eef1f6; --card: #fff; --text: #18202c; --soft: #5a6677;
  --line: #c5cdd9; --accent: #1f5fd6; --on-accent: #fff; --bad: #b3261e; --bad-back: #fdecea; }
@media (prefers-color-scheme: dark) { :root { --back: #10141b; --card: #1a212c; --text: #e8ecf2; --soft: #9aa7b8;
  --line: #3a4657; --accent: #7fb0ff; --on-accent: #0b1420; --bad: #ffb4ab; --bad-back: #3b1d1b; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--back);
  color: var(--text); font: 16px/1.5 system-ui, "Noto Sans", "DejaVu Sans", sans-serif; }
main { width: 100%; max-width: 25rem; padding: 2rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 14px; box-shadow: 0 10px 30px rgb(0 0 0 / 8%); }
.brand { display: flex; align-items: center; gap: .6rem; color: var(--soft); font-weight: 600; }
.brand span { display: grid; place-items: center; width: 2rem; height: 2rem; border-radius: 8px;
  background: var(--accent); color: var(--on-accent); }
h1 { font-size: 1.45rem; line-height: 1.2; margin: 1.2rem 0 .3rem; }
p { margin: 0 0 1rem; color: var(--soft); }
.problem { padding: .7rem .9rem; border-radius: 8px; color: var(--bad); background: var(--bad-back); }
label { display: block; margin-top: 1rem; font-weight: 600; }
input { width: 100%; margin-top: .3rem; padding: .65rem .8rem; font: inherit; color: inherit; background: transparent;
  border: 1px solid var(--line); border-radius: 8px; }
button { width: 100%; margin: 1.5rem 0 .4rem; padding: .75rem; font: inherit; font-weight: 600; cursor: pointer;
  color: var(--on-accent); background: var(--accent); border: 0; border-radius: 8px; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
small { display: block; margin-top: 1rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); }
"""


def _page(title, body):
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · Example Identity</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<div class="brand"><span aria-hidden="true">E</span>Example Identity</div>
<h1>{escape(title)}</h1>
{body}
</main>
</body>
</html>
"""


def login_page(request_id, client_id, username="", problem=None, stronger=False):
    """`stronger`: the relying party wants the person to prove themselves again, or with more."""
    why = "Please sign in again to continue to" if stronger else "to continue to"
    notice = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
    focus_user, focus_password = ("", " autofocus") if username else (" autofocus", "")
    return _page(
        "Sign in",
        f"""<p>{why} <strong style="overflow-wrap: anywhere">{escape(client_id)}</strong></p>
{notice}
<form method="post" action="/login">
<input type="hidden" name="request" value="{escape(request_id)}">
<label for="username">User name or e-mail address</label>
<input id="username" name="username" value="{escape(username)}" autocomplete="username" autocapitalize="none"
 spellcheck="false" required{focus_user}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required{focus_password}>
<button type="submit">Sign in</button>
</form>
<small>A fixture for demo and tests. Try alice@example.com with the password alice-password.</small>""",
    )


def message_page(title, text):
    return _page(title, f"<p>{escape(text)}</p>")


POST_SCRIPT = "document.forms[0].submit()"


def post_page(address, fields, automatic):
    """A form that the browser posts to `address`; it works without scripts. `automatic` adds one that submits it."""
    hidden = "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items()
    )
    return _page(
        "Continue",
        f"""<p>You go on to where you came from.</p>
<form method="post" action="{escape(address)}">
{hidden}
<button type="submit">Continue</button>
</form>
{f'<script>{POST_SCRIPT}</script>' if automatic else ''}""",
    )
