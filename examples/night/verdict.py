"""What has to be so in the morning, whatever happened in the night. Told by the tracker's and git's
facts wherever they can tell it."""
import collections
import re
import subprocess

from stage import CLOSED, number

MARKER = re.compile(r"<!-- skep:.*?-->")


def complaints(night):
    """Each rule with what breaks it; nothing, when all is well."""
    stage, ida = night.stage, night.ida
    runs, pulls = stage.runs(), ida.pulls()
    plan = night.document()["plan"]
    return {
        "every planned issue has exactly one outcome": outcomes(plan, runs, night),
        "the window closed while work was left": leftovers(plan),
        "what was on hold and what depends on it was left alone":
            skipped(plan, [night.held, night.dependent]),
        "the issue that ida closed was given up": given_up(runs, night.closed),
        "each agent did what it does": manners(runs),
        "what didn't fit any more came again": returns(runs, "rival"),
        "what ida asked changes for came again": returns(runs, "careless"),
        "nothing runs any more": activity(stage, runs),
        "no comment and no review stands anywhere twice": repeats(night, pulls),
        "no agent has two open pull requests for one issue": doubles(pulls),
        "no branch and no commit of anybody is lost": losses(stage, ida, runs, pulls),
        "the reviewer's words are on the pull requests": reviews(night, pulls),
    }


def outcomes(plan, runs, night):
    found = []
    by_issue = collections.Counter(item["issue"] for item in plan)
    found += [f"{issue} is in the plan {count} times" for issue, count in by_issue.items()
              if count > 1]
    missing = set(night.issues) - {int(issue.rsplit("#", 1)[1]) for issue in by_issue}
    found += [f"#{issue} isn't in the plan" for issue in sorted(missing)]
    opened = collections.Counter(
        run["issue"] for run in runs if run["cause"].startswith("burndown"))
    known = {run["id"]: run for run in runs}
    for item in plan:
        run = known.get(item["run_id"])
        if item["decision"] == "started" and (run is None or run["state"] not in CLOSED):
            found.append(f"{item['issue']} was started, and its run isn't closed")
        if item["decision"] != "started" and run is not None:
            found.append(f"{item['issue']} wasn't started, and has run {run['id']}")
        if item["decision"] == "skipped" and not item["reason"]:
            found.append(f"{item['issue']} was skipped, and nobody says why")
        if opened[item["issue"]] != (1 if run else 0):
            found.append(f"the burn-down opened {opened[item['issue']]} runs on {item['issue']}")
    text = night.report()
    found += [f"{item['issue']} isn't in the report" for item in plan
              if not re.search(rf"#{item['issue'].rsplit('#', 1)[1]}\b", text)]
    return found


def leftovers(plan):
    left = [item for item in plan if item["decision"] != "started" and item["agent"]]
    return [] if left else ["every issue of the plan was started"]


def skipped(plan, issues):
    found = []
    for issue in issues:
        items = [item for item in plan if item["issue"].endswith(f"#{issue}")]
        if not items or items[0]["decision"] != "skipped" or not items[0]["reason"]:
            found.append(f"#{issue} wasn't skipped for a reason")
    return found


def given_up(runs, issue):
    states = [run["state"] for run in runs if number(run) == issue]
    return [] if states == ["cancelled"] else [f"the runs on #{issue} are {states}"]


def manners(runs):
    """Which outcomes an agent may have, and one that it has to have had."""
    expected = {
        "quick": ({"published", "no_changes"}, "published"),
        "slow": ({"published", "no_changes", "cancelled"}, "published"),
        "careless": ({"published", "no_changes"}, "published"),
        "rival": ({"published", "no_changes"}, "published"),
        "failing": ({"failed"}, "failed"),
        "silent": ({"failed", "cancelled"}, "failed"),
    }
    found = []
    for agent, (allowed, needed) in expected.items():
        states = [run["state"] for run in runs if run["agent"] == agent]
        if needed not in states or not set(states) <= allowed:
            found.append(f"the runs of {agent} are {', '.join(states) or 'missing'}")
    return found


def returns(runs, agent):
    """What was said of a pull request leads to a run of its own."""
    states = [run["state"] for run in runs
              if run["agent"] == agent and run["cause"].startswith("feedback:")]
    return [] if "published" in states else [f"its runs for that are {states}"]


def activity(stage, runs):
    found = [f"run {run['id']} is {run['state']}" for run in runs if run["state"] not in CLOSED]
    found += [f"job {job['id']} ({job['kind']}) is {job['state']}"
              for job in stage.unfinished_jobs()]
    found += [f"still running: {words}" for words in stage.strays()
              if "skep-host" in words or "mend.py" in words or "sleep 600" in words]
    return found


def repeats(night, pulls):
    markers = collections.Counter()
    for issue in night.ida.list("issues?state=all"):
        markers.update(MARKER.findall(issue["body"]))
        for comment in night.ida.comments(issue["number"]):
            markers.update(MARKER.findall(comment["body"]))
    for pull in pulls:
        for review in night.ida.reviews(pull["number"]):
            markers.update(MARKER.findall(review["body"]))
    found = [f"{marker} stands there {count} times" for marker, count in markers.items()
             if count > 1]
    return found if markers else ["there are no comments at all"]


def doubles(pulls):
    heads = collections.Counter(
        re.sub(r"(/issue-\d+)-\d+$", r"\1", pull["head"]["ref"])
        for pull in pulls if pull["state"] == "open")
    return [f"{head} has {count} open pull requests" for head, count in heads.items() if count > 1]


def losses(stage, ida, runs, pulls):
    found = []
    mirror, bare, branches = stage.mirror(), stage.bare(ida.repository), ida.branches()
    for run in runs:
        if run["head"] and not has(mirror, run["head"]):
            found.append(f"commit {run['head'][:10]} of run {run['id']} is nowhere")
        if run["state"] == "published":
            head = branches.get(run["branch"])
            if head is None:
                found.append(f"branch {run['branch']} isn't there")
            elif not contains(bare, head, run["head"]):
                found.append(f"branch {run['branch']} has lost run {run['id']}")
    for pull in pulls:
        if not has(bare, pull["head"]["sha"]):
            found.append(f"the head of pull request #{pull['number']} is nowhere")
    kept = stage.git("-C", mirror, "for-each-ref", "--format=%(refname)", "refs/skep/").split()
    for run in runs:
        if run["agent"] == "failing" and not any(f"/run-{run['id']}/" in ref for ref in kept):
            found.append(f"what failing had begun in run {run['id']} isn't kept")
    return found


def reviews(night, pulls):
    """Of what was published, as reviews; of what wasn't yet, as a comment on the issue."""
    ida = night.ida
    found = []
    for pull in pulls:
        words = {review["state"] for review in ida.reviews(pull["number"])
                 if review["user"]["login"] == "reviewer"}
        if "APPROVED" not in words:
            found.append(f"the reviewer's approval isn't on pull request #{pull['number']}")
    if not any("reviewer asks for changes" in comment["body"]
               for issue in night.issues for comment in ida.comments(issue)):
        found.append("no comment says that the reviewer asked for changes")
    return found


def has(repository, commit):
    return git(repository, "cat-file", "-e", f"{commit}^{{commit}}")


def contains(repository, branch, commit):
    return git(repository, "merge-base", "--is-ancestor", commit, branch)


def git(repository, *arguments):
    return subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", repository, *arguments], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
