"""People at the tracker: plain requests to its API, as anybody's script would make them."""
import json
import urllib.error
import urllib.request


class Refused(Exception):
    """The tracker answered with an error."""

    def __init__(self, method, path, status, text):
        super().__init__(f"{method} {path}: {status} {text[:500]}")
        self.status = status


class Person:
    """A user with a token, who works in one repository."""

    def __init__(self, url, token, repository):
        self.base = f"{url}/api/v1"
        self.token = token
        self.repository = repository
        self.labels = {}

    def call(self, method, path, body=None):
        """A request; paths that don't begin with a slash are the repository's."""
        place = path if path.startswith("/") else f"/repos/{self.repository}/{path}"
        request = urllib.request.Request(
            self.base + place, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token}", "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode(errors="replace")
            raise Refused(method, place, error.code, text) from None
        return json.loads(text) if text else None

    def list(self, path):
        """All pages of a list."""
        items, page = [], 1
        while True:
            mark = "&" if "?" in path else "?"
            batch = self.call("GET", f"{path}{mark}limit=50&page={page}")
            items += batch
            if len(batch) < 50:
                return items
            page += 1

    # Issues

    def label(self, name):
        """The id of a label, which is made where it isn't there."""
        if name not in self.labels:
            made = self.call("POST", "labels", {"name": name, "color": "#c08a2b"})
            self.labels[name] = made["id"]
        return self.labels[name]

    def open_issue(self, title, body, labels=()):
        made = self.call("POST", "issues", {
            "title": title, "body": body, "labels": [self.label(name) for name in labels]})
        return made["number"]

    def depends(self, issue, on):
        owner, name = self.repository.split("/")
        self.call("POST", f"issues/{issue}/dependencies",
                  {"owner": owner, "repo": name, "index": on})

    def close(self, issue):
        self.call("PATCH", f"issues/{issue}", {"state": "closed"})

    def comment(self, issue, text):
        return self.call("POST", f"issues/{issue}/comments", {"body": text})["id"]

    def comments(self, issue):
        """Of an issue or a pull request, oldest first."""
        return self.call("GET", f"issues/{issue}/comments")

    # Pull requests

    def pulls(self, state="all"):
        return self.list(f"pulls?state={state}")

    def pull(self, number):
        return self.call("GET", f"pulls/{number}")

    def merge(self, number):
        self.call("POST", f"pulls/{number}/merge", {"Do": "merge"})

    def review(self, number, event, body):
        self.call("POST", f"pulls/{number}/reviews", {"event": event, "body": body})

    def reviews(self, number):
        return self.list(f"pulls/{number}/reviews")

    def remarks(self, number, review):
        """The comments of a review, at lines of files."""
        return self.call("GET", f"pulls/{number}/reviews/{review}/comments")

    def branches(self):
        return {branch["name"]: branch["commit"]["id"] for branch in self.list("branches")}

    def call_skep(self, url, secret):
        """Has the tracker tell Skep at once when something happens."""
        self.call("POST", "hooks", {
            "type": "gitea", "active": True, "branch_filter": "*",
            "events": ["push", "issues", "issue_label", "issue_assign", "issue_comment",
                       "pull_request", "pull_request_comment", "pull_request_review",
                       "pull_request_review_approved", "pull_request_review_rejected",
                       "pull_request_review_comment", "pull_request_sync", "status"],
            "config": {"url": url, "content_type": "json", "secret": secret}})
