"""Writes the pictures of the console in docs/pictures from the world of `rekindle demo --serve`:
`make screenshots`. It needs Playwright and Chromium."""

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

FOLDER = Path(__file__).parents[2] / "docs/pictures"
MOST_BYTES, MOST_BYTES_OF_ALL = 200_000, 1_000_000
WIDTH, HEIGHT = 1120, 1000
PICTURES = {
    "today": ("admin", "/today", "light"),
    "scenario": ("admin", "/scenarios/inactivity", "light"),
    "does-it-help": ("admin", "/helps/inactivity", "dark"),
    "coordinator": ("coordinator", "/mentors?language=nb", "light"),
}
"""Who sees which page, and in which colours."""


def main() -> None:
    """Start the demo, look at each page, and stop the demo."""
    command = [str(Path(sys.executable).parent / "rekindle"), "demo", "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as demo:
        assert demo.stdout is not None
        said = ""
        for line in demo.stdout:
            said += line
            if line.startswith("Ctrl-C"):
                break
        try:
            [address] = re.findall(r"console is at (\S+)", said)
            found = re.findall(r"^  (rekindle_\S+)  \(", said, re.MULTILINE)
            keys = dict(zip(("admin", "coordinator"), found, strict=True))
            with sync_playwright() as started:
                path = shutil.which("chromium") or shutil.which("chromium-browser")
                browser = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
                take(browser, address, keys)
                browser.close()
        finally:
            demo.send_signal(signal.SIGTERM)
    sizes = {one.name: one.stat().st_size for one in sorted(FOLDER.glob("*.png"))}
    assert max(sizes.values()) <= MOST_BYTES, sizes
    assert sum(sizes.values()) <= MOST_BYTES_OF_ALL, sizes


def take(browser: Browser, address: str, keys: dict[str, str]) -> None:
    """Write each picture."""
    FOLDER.mkdir(exist_ok=True)
    for name, (who, path, colours) in PICTURES.items():
        context = browser.new_context(
            base_url=address,
            viewport={"width": WIDTH, "height": HEIGHT},
            color_scheme=colours,
            timezone_id="Europe/Oslo",
        )
        page = context.new_page()
        page.goto("/sign-in")
        page.fill("#key", keys[who])
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/sign-in" not in url)
        page.goto(path)
        while page.get_by_text(re.compile("^(Counting|Teller) …")).count():
            page.wait_for_timeout(1_000)
            page.goto(path)
        page.screenshot(path=FOLDER / f"{name}.png")
        context.close()


if __name__ == "__main__":
    main()
