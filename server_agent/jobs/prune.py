"""Old jobs go: the oldest ended ones, after 50 a project or a gigabyte of logs in all."""

from __future__ import annotations

import os

from server_agent.core import paths
from server_agent.jobs import log, store

PER_PROJECT = 50
IN_ALL = 1 << 30


def prune(project_id: str, *, per_project: int = PER_PROJECT, in_all: int = IN_ALL) -> list[str]:
    """Delete old jobs; return their ids. A project's newest rebuild is not counted as old."""
    jobs = store.listing()  # newest first
    gone = _surplus([job for job in jobs if job["project_id"] == project_id], per_project)
    kept = 0
    for job in jobs:
        if job["id"] in gone:
            continue
        kept += log.bytes_kept(os.path.join(paths.job(job["id"]), "log"))
        if kept > in_all and job["state"] not in store.LIVE:
            gone.append(job["id"])
    for job_id in gone:
        store.remove(job_id)
    return gone


def _surplus(jobs: list[store.Json], limit: int) -> list[str]:
    newest = next((job["id"] for job in jobs if job["kind"] == "rebuild"), "")
    return [
        job["id"]
        for number, job in enumerate(jobs)
        if number >= limit and job["state"] not in store.LIVE and job["id"] != newest
    ]
