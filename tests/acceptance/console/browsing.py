"""A reader of the console without a browser, and what they see of a page."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any

import httpx

from acceptance.api.served import Served
from team.waiting import until

COUNTING = re.compile("Counting …|Wird gezählt …|Teller …")
FORM = re.compile(r'name="form" value="([^"]+)"')


class Reader:
    """A client that keeps its session. Cookies of a page that is served over plain HTTP are kept by
    hand, because httpx sends those that are Secure only over TLS."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=60, trust_env=False)
        self.cookie: str | None = None

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Ask for a page, and follow nothing. A page whose numbers are still being counted is asked
        for again until they are there: on a loaded machine any count may take longer than a page
        waits."""
        headers = self._headers(more)
        answer = self._kept(self._client.get(path, headers=headers, **more))

        def counted() -> bool:
            nonlocal answer
            answer = self._kept(self._client.get(path, headers=headers, **more))
            return COUNTING.search(answer.text) is None

        if COUNTING.search(answer.text):
            until(counted, f"the numbers of {path}")
        return answer

    def post(self, path: str, **more: Any) -> httpx.Response:
        """Send a form."""
        return self._kept(self._client.post(path, headers=self._headers(more), **more))

    def sign_in(self, key: str, *, following: str = "/") -> httpx.Response:
        """Sign in with a key."""
        return self.post("/sign-in", data={"key": key, "next": following})

    def close(self) -> None:
        """End the connections."""
        self._client.close()

    def _headers(self, more: dict[str, Any]) -> dict[str, str]:
        own = {} if self.cookie is None else {"cookie": f"rekindle_session={self.cookie}"}
        return {**own, **more.pop("headers", {})}

    def _kept(self, answer: httpx.Response) -> httpx.Response:
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            if name == "rekindle_session":
                self.cookie = value.strip('"') or None
        return answer


@contextmanager
def reading(api: Served, key: str | None = None) -> Iterator[Reader]:
    """A reader, who is signed in if there is a key."""
    with reading_at(api.url, key) as reader:
        yield reader


@contextmanager
def reading_at(url: str, key: str | None = None) -> Iterator[Reader]:
    """The same, at an address."""
    reader = Reader(url)
    try:
        if key is not None:
            assert reader.sign_in(key).status_code == 303
        yield reader
    finally:
        reader.close()


def text(answer: httpx.Response) -> str:
    """What a person reads: without markup, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())
