"""Plain HTML before any of Streamlit is loaded: the sign-in page, and the look of others."""

from html import escape

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · Oversight</title>
<style>
:root {{ --back: #fbfcfc; --card: #eef3f4; --ink: #1b262c; --soft: #4d5a60; --line: #8a999f;
  --go: #1c6b74; --go-ink: #ffffff; --bad: #9c1c15; --bad-back: #fbe9e7; }}
@media (prefers-color-scheme: dark) {{ :root {{ --back: #12181c; --card: #1b2429; --ink: #e4ebee;
  --soft: #aebbc2; --line: #6d7c84; --go: #2b8089; --go-ink: #ffffff; --bad: #ff9d97;
  --bad-back: #3b1c1c; }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.25rem;
  background: var(--back); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; }}
main {{ width: 100%; max-width: 24rem; }}
h1 {{ margin: 0; font-size: 1.7rem; letter-spacing: -0.01em; }}
p {{ margin: .25rem 0 1.5rem; color: var(--soft); }}
form {{ background: var(--card); border-radius: .6rem; padding: 1.5rem; }}
label {{ display: block; font-weight: 600; margin-bottom: .3rem; }}
input {{ width: 100%; font: inherit; padding: .6rem .7rem; margin-bottom: 1.1rem; color: var(--ink);
  background: var(--back); border: 1px solid var(--line); border-radius: .4rem; }}
button {{ width: 100%; font: inherit; font-weight: 600; padding: .7rem; border: 0; cursor: pointer;
  border-radius: .4rem; background: var(--go); color: var(--go-ink); }}
input:focus-visible, button:focus-visible {{ outline: 3px solid var(--go); outline-offset: 2px; }}
a {{ color: inherit; }}
.bad {{ margin: 0 0 1rem; padding: .7rem .8rem; border-radius: .4rem; color: var(--bad);
  background: var(--bad-back); }}
</style>
</head>
<body>
<main>
<h1>Oversight</h1>
{body}
</main>
</body>
</html>
"""

_SIGN_IN = """<p>Every message of the bot, answered for by a person.</p>
<form method="post" action="/sign-in">
{trouble}
<label for="username">User name</label>
<input id="username" name="username" value="{username}" autocomplete="username" required
  maxlength="128" autocapitalize="none" spellcheck="false" {first}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required
  maxlength="1024" {second}>
<button type="submit">Sign in</button>
</form>
"""


def sign_in_page(trouble: str | None = None, username: str = "") -> str:
    """The whole page; ``trouble`` says in plain words why the last attempt did not work."""
    words = f'<p class="bad" role="alert">{escape(trouble)}</p>' if trouble else ""
    body = _SIGN_IN.format(
        trouble=words,
        username=escape(username[:128]),
        first="" if username else "autofocus",
        second="autofocus" if username else "",
    )
    return plain_page("Sign in", body)


def plain_page(title: str, body: str) -> str:
    """A whole page around ``body``, which is HTML already."""
    return _PAGE.format(title=escape(title), body=body)
