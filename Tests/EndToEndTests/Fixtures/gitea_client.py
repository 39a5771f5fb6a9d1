#!/usr/bin/env python3
"""Drives a tracker with Gitea's own client as it is generated from Gitea's specification: the PyPI
package gitea-api-client. It reads every answer into the types of that specification.

    gitea_client.py URL OWNER/NAME

AUTHOR_TOKEN and REVIEWER_TOKEN are the tokens of two users who may write there. Prints one line for
each step, and fails at the first that isn't as it should be.
"""
import asyncio
import base64
import os
import sys
import warnings

import gitea_api_client as gitea


def client(url, token):
    configuration = gitea.Configuration(host=url + "/api/v1")
    configuration.api_key["AuthorizationHeaderToken"] = token
    configuration.api_key_prefix["AuthorizationHeaderToken"] = "token"
    return gitea.ApiClient(configuration)


def check(step, condition, seen):
    if not condition:
        sys.exit(f"{step}: {seen}")
    print(step)


async def expect_refusal(step, status, call):
    try:
        seen = await call
    except gitea.ApiException as error:
        check(step, error.status == status, error)
    else:
        sys.exit(f"{step}: expected {status}, got {seen}")


async def issues(author, owner, name):
    api = gitea.IssueApi(author)
    label = await api.issue_create_label(
        owner, name, body=gitea.CreateLabelOption(name="agent/claude", color="#00aabb"))
    check("label", label.color == "00aabb", label)
    milestone = await api.issue_create_milestone(
        owner, name, body=gitea.CreateMilestoneOption(title="Spring"))
    issue = await api.issue_create_issue(
        owner, name,
        body=gitea.CreateIssueOption(
            title="It stalls", body="Often.", labels=[label.id], milestone=milestone.id))
    check("issue", issue.labels[0].name == "agent/claude" and issue.milestone.title == "Spring",
          issue)
    # The specification gives these labels no type, of which the generator makes objects: the model
    # is made without its check, and warns of it.
    warnings.simplefilter("ignore", UserWarning)
    by_name = gitea.IssueLabelsOption.model_construct(labels=["agent/claude"])
    labels = await api.issue_add_label(owner, name, issue.number, body=by_name)
    check("labels by name", [one.id for one in labels] == [label.id], labels)
    comment = await api.issue_create_comment(
        owner, name, issue.number, body=gitea.CreateIssueCommentOption(body="Seen it too."))
    check("comment", comment.body == "Seen it too.", comment)
    reaction = await api.issue_post_comment_reaction(
        owner, name, comment.id, content=gitea.EditReactionOption(content="eyes"))
    check("reaction", reaction.content == "eyes", reaction)
    found = await api.issue_list_issues(owner, name, labels="agent/claude", type="issues")
    check("issues by label", [one.number for one in found] == [issue.number], found)
    await expect_refusal(
        "missing issue", 404, api.issue_get_issue(owner, name, 9999))
    return issue.number


async def pull(author, reviewer, owner, name, issue):
    api = gitea.RepositoryApi(author)
    other = gitea.RepositoryApi(reviewer)
    content = base64.b64encode(b"It runs.\n").decode()
    made = await api.repo_create_file(
        owner, name, "engine/state.txt",
        body=gitea.CreateFileOptions(content=content, message="Mend it", new_branch="claude/mend"))
    head = made.commit.sha
    pull = await api.repo_create_pull_request(
        owner, name,
        body=gitea.CreatePullRequestOption(
            title="Mend the engine", head="claude/mend", base="main", body=f"Closes #{issue}"))
    check("pull request", pull.head.sha == head and pull.mergeable, pull)
    await expect_refusal("own approval", 422, api.repo_create_pull_review(
        owner, name, pull.number, body=gitea.CreatePullReviewOptions(event="APPROVED")))
    review = await other.repo_create_pull_review(
        owner, name, pull.number,
        body=gitea.CreatePullReviewOptions(
            event="REQUEST_CHANGES", body="Why?",
            comments=[gitea.CreatePullReviewComment(
                path="engine/state.txt", body="Which engine?", new_position=1)]))
    check("review", review.state == "REQUEST_CHANGES" and review.comments_count == 1, review)
    comments = await api.repo_get_pull_review_comments(owner, name, pull.number, review.id)
    check("inline comment", comments[0].position == 1, comments)
    review = await other.repo_create_pull_review(
        owner, name, pull.number, body=gitea.CreatePullReviewOptions(event="APPROVED"))
    check("approval", review.state == "APPROVED" and review.official, review)
    status = await api.repo_create_status(
        owner, name, head, body=gitea.CreateStatusOption(state="success", context="skep/gate"))
    check("status", status.status == "success", status)
    await expect_refusal("stale merge", 409, api.repo_merge_pull_request(
        owner, name, pull.number,
        body=gitea.MergePullRequestOption(do="squash", head_commit_id="0" * 40)))
    await api.repo_merge_pull_request(
        owner, name, pull.number,
        body=gitea.MergePullRequestOption(
            do="squash", head_commit_id=head, delete_branch_after_merge=True))
    merged = await api.repo_get_pull_request(owner, name, pull.number)
    check("merge", merged.merged and merged.state == "closed", merged)
    return pull.number


async def after(author, owner, name, issue, pull):
    api = gitea.IssueApi(author)
    closed = await api.issue_get_issue(owner, name, issue)
    check("closed by the merge", closed.state == "closed", closed)
    timeline = await api.issue_get_comments_and_timeline(owner, name, pull)
    kinds = [one.type for one in timeline]
    check("timeline", kinds == ["review", "review", "merge_pull", "delete_branch"], kinds)
    file = await gitea.RepositoryApi(author).repo_get_contents(owner, name, "engine/state.txt")
    check("contents", base64.b64decode(file.content) == b"It runs.\n", file)


async def main(url, repository):
    owner, name = repository.split("/")
    async with client(url, os.environ["AUTHOR_TOKEN"]) as author:
        async with client(url, os.environ["REVIEWER_TOKEN"]) as reviewer:
            issue = await issues(author, owner, name)
            number = await pull(author, reviewer, owner, name, issue)
            await after(author, owner, name, issue, number)
    print("all done")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
