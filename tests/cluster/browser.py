"""A browser as the manager's pages see it."""
import re
import urllib.error
import urllib.request


class Browser:
    """Comes in by a link, and then has nothing but its cookie."""

    def __init__(self, link):
        self.base = re.match(r"http://[^/]+", link)[0]
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        self.front = self.get(link)

    def get(self, path):
        url = path if path.startswith("http") else self.base + path
        try:
            with self.opener.open(url, timeout=120) as answer:
                return answer.status, answer.geturl(), answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            return error.code, url, error.read().decode(errors="replace")
