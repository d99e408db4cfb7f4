"""Texts that break pages: those that break reports, and those that break forms and scripts."""

from tests.rendering.corpus import PAYLOADS as OF_REPORTS

OF_PAGES = [
    "</textarea><script>window.__xss=1</script>",
    "</option></select><img src=x onerror=window.__xss=1>",
    "</button><svg onload=window.__xss=1>",
    '"/><svg/onload=window.__xss=1 x="',
    "`onerror=window.__xss=1 `",
    "'-window.__xss=1-'",
    '";window.__xss=1;//',
    "\\u003cimg src=x onerror=window.__xss=1\\u003e",
    "</script><!--<script>window.__xss=1",
    '{"a":"</script><script>window.__xss=1</script>"}',
    "]]><script>window.__xss=1</script>",
    "{{constructor.constructor('window.__xss=1')()}}",
    "{{ config }}{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "#{7*7} <%= 7*7 %> ${{7*7}} {name} {0.__class__} %(name)s %s",
    "javascript:window.__xss=1",
    " javascript:window.__xss=1//",
    "data:text/html,<script>window.__xss=1</script>",
    "//evil.example/%2e%2e",
    "datum.constructor.constructor('window.__xss=1')()",
    "<img src=x onerror=window.__xss=1>.label[0]",
    "%3Cscript%3Ewindow.__xss=1%3C/script%3E",
    "&quot; autofocus onfocus=&quot;window.__xss=1",
    "&#60;img src=x onerror=window.__xss=1&#62;",
    "a\ufeff\u200b<b>x</b>\u2069\u2066",
    "é" * 3 + "\u0301" * 60,
    "W" * 160,
]
PAYLOADS = OF_REPORTS + OF_PAGES
SHORT = [text for text in PAYLOADS if len(text) <= 80]  # names that may not be longer
PLAIN = [text for text in SHORT if text.isprintable()]  # nor hold what cannot be seen
