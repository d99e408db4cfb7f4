"""Pictures of every page, to be looked at by people: `python -m tests.portal.shots FOLDER [names …]`.

Desk and phone, light and dark, in English; and the first page of each kind in the other languages.
"""

import sys
import tempfile
from itertools import product
from pathlib import Path

from playwright.sync_api import sync_playwright

from reports_lib.database import server
from reports_lib.runs.installation import Installation
from reports_lib.warehouse import writer
from reports_lib.warehouse.address import Address
from reports_lib.workspace import Workspace
from tests.portal.conftest import FLAGS, served
from tests.portal.people import token_of
from tests.portal.place import FAMILY, ROOT, Place, furnish

SIZES = {"desk": (1280, 800), "phone": (360, 740)}
SCHEMES = ("light", "dark")
OTHERS = ("ru", "es")
BILLS = ("invoice", "invoice-held", "invoice-partly", "balance")
WHOLE = ("form", "form-filled", "chart", "account", "query", "customer", "customer-edit", *BILLS)  # shown to their end


def shots(folder: Path, wanted: list[str]) -> None:
    """Write them all, or those of the pages that are wanted."""
    folder.mkdir(parents=True, exist_ok=True)
    root = Path(tempfile.mkdtemp(prefix="daybook-shots-"))
    root.chmod(0o755)
    for name in ("notebooks", "parameters", "outputs", "tables"):
        (root / name).mkdir()
    (root / "notebooks" / f"{FAMILY}.ipynb").write_bytes((ROOT / "notebooks" / f"{FAMILY}.ipynb").read_bytes())
    workspace = Workspace(root=root, outputs=root / "outputs")
    writer.create(Address.of(workspace, reader=False))
    place = Place(Installation(workspace), root / "tables")
    try:
        pages = furnish(place).pages
        with served(place.installation) as (_, address), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(FLAGS))
            for (size, (width, height)), scheme in product(SIZES.items(), SCHEMES):
                languages = ("en", *OTHERS) if scheme == "light" else ("en",)
                context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
                cookie = token_of(place.installation, name="ann")
                context.add_cookies([{"name": "sid", "value": cookie, "url": address}])
                page = context.new_page()
                for (name, path), language in product(pages.items(), languages):
                    if wanted and name not in wanted:
                        continue
                    if name == "sign-in":
                        context.clear_cookies()
                    page.goto(f"{address}{path}{'&' if '?' in path else '?'}lang={language}")
                    page.wait_for_timeout(700 if name.startswith(("chart", "view")) else 150)
                    page.screenshot(path=folder / f"{name}-{size}-{scheme}-{language}.png", full_page=name in WHOLE)
                context.close()
            browser.close()
    finally:
        place.installation.database.dispose()
        server.stop(workspace)


if __name__ == "__main__":
    shots(Path(sys.argv[1]), sys.argv[2:])
