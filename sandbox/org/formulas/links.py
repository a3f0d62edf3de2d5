"""Functions that write markup or escape text for it.

Owns the exact markup. Source: Salesforce help, "HYPERLINK", "IMAGE", "HTMLENCODE".
"""

from __future__ import annotations

import html
import json
from urllib.parse import quote_plus

from sandbox.org.formulas.arithmetic import plain
from sandbox.org.formulas.interface import Value
from sandbox.org.formulas.signature import NUMBER, TEXT, Function


def _hyperlink(url: Value, label: Value, target: Value = "_blank") -> Value:
    if not url:
        return label
    return f'<a href="{url}" target="{target or "_blank"}">{label or ""}</a>'


def _image(url: Value, alternative: Value, height: Value = None, width: Value = None) -> Value:
    if not url:
        return None
    sizes = [("height", height), ("width", width)]
    style = " ".join(f"{name}:{plain(size)}px;" for name, size in sizes if size is not None)
    attribute = f' style="{style}"' if style else ""
    return f'<img src="{url}" alt="{alternative or ""}"{attribute} border="0"/>'


def _js_encode(text: str) -> str:
    escaped = json.dumps(text, ensure_ascii=False)[1:-1]
    return escaped.replace("'", "\\'").replace("<", "\\u003C").replace(">", "\\u003E")


def _html_encode(text: str) -> str:
    return html.escape(text).replace("&#x27;", "&#39;")


def _js_in_html_encode(text: str) -> str:
    return _js_encode(_html_encode(text))


_TEXT, _NUMBER = (TEXT,), (NUMBER,)
FUNCTIONS = (
    Function("HTMLENCODE", (_TEXT,), TEXT, _html_encode),
    Function("HYPERLINK", (_TEXT, _TEXT, _TEXT), TEXT, _hyperlink, required=2, takes_blank=True),
    Function("IMAGE", (_TEXT, _TEXT, _NUMBER, _NUMBER), TEXT, _image, required=2, takes_blank=True),
    Function("JSENCODE", (_TEXT,), TEXT, _js_encode),
    Function("JSINHTMLENCODE", (_TEXT,), TEXT, _js_in_html_encode),
    Function("URLENCODE", (_TEXT,), TEXT, lambda text: quote_plus(text, safe="*-._")),
)
