"""The statements that write, and the values that they take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mnix_tui.domain.servers import LOCAL

if TYPE_CHECKING:
    from mnix_tui.domain.projects import Project, ProjectStatus

PUT_SERVER = """
    INSERT INTO servers(name, endpoint, tags, connect) VALUES (?, ?, ?, ?)
    ON CONFLICT(name) DO UPDATE SET endpoint = excluded.endpoint,
        tags = CASE excluded.tags WHEN '' THEN tags ELSE excluded.tags END,
        connect = CASE excluded.connect WHEN 'auto' THEN connect ELSE excluded.connect END
"""
SET_TAGS = "UPDATE servers SET tags = ? WHERE name = ?"
SET_CONNECT = "UPDATE servers SET connect = ? WHERE name = ?"
PUT_SERVER_STATUS = """
    INSERT INTO server_status(server, state, reason, hint, seen) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT(server) DO UPDATE SET state = excluded.state, reason = excluded.reason,
        hint = excluded.hint, seen = ifnull(excluded.seen, seen)
"""
FORGET_SERVER_STATUS = "DELETE FROM server_status WHERE server = ?"
FORGET_SELECTION_ON = """
    DELETE FROM settings WHERE key = 'selected'
    AND value IN (SELECT CAST(id AS TEXT) FROM projects WHERE server = ?)
"""
ADD_PROJECT = """
    INSERT INTO projects(server, name, remote_id, folder, flake, in_place, legacy_workspace)
    VALUES (:server, :name, :remote_id, :folder, :flake, :in_place, :legacy_workspace)
"""
UPDATE_PROJECT = """
    UPDATE projects SET name = :name,
        remote_id = CASE :remote_id WHEN '' THEN remote_id ELSE :remote_id END,
        flake = CASE :folder WHEN '' THEN flake ELSE :flake END,
        folder = CASE :folder WHEN '' THEN folder ELSE :folder END,
        in_place = :in_place,
        legacy_workspace =
            CASE :legacy_workspace WHEN '' THEN legacy_workspace ELSE :legacy_workspace END,
        updated_at = CURRENT_TIMESTAMP
    WHERE id = :id
"""
PUT_STATUS = """
    INSERT INTO project_status(
        project, state, isolation, generation, detail, sessions, pushed, seen
    ) VALUES (:project, :state, :isolation, :generation, :detail, :sessions, :pushed, :seen)
    ON CONFLICT(project) DO UPDATE SET state = excluded.state,
        isolation = CASE excluded.isolation WHEN '' THEN isolation ELSE excluded.isolation END,
        generation = excluded.generation, detail = excluded.detail,
        sessions = excluded.sessions, pushed = ifnull(excluded.pushed, pushed),
        seen = excluded.seen
"""
PUT_SETTING = """
    INSERT INTO settings(key, value) VALUES (?, ?)
    ON CONFLICT(key) DO UPDATE SET value = excluded.value
"""

FORGET_SETTINGS_OF_SERVER = """
    DELETE FROM settings WHERE key IN ('ui.clipboard:' || :name, 'ui.layout:' || :name)
    OR substr(key, 1, length('ui.layout:' || :name || '/')) = 'ui.layout:' || :name || '/'
"""
"""What a person answered for it and how its projects' tabs were: another one may get its name."""
PUT_BUILD_TIME = """
    INSERT OR REPLACE INTO build_times(server, what, job, seconds, seen) VALUES (?, ?, ?, ?, ?)
"""
FORGET_OLD_BUILD_TIMES = """
    DELETE FROM build_times WHERE server = :server AND (what, job) IN (
        SELECT what, job FROM (
            SELECT what, job, row_number() OVER (PARTITION BY what ORDER BY seen DESC, job) AS age
            FROM build_times WHERE server = :server
        ) WHERE age > :last
    )
"""
FORGET_RARE_BUILD_TIMES = """
    DELETE FROM build_times WHERE server = :server AND what NOT IN (
        SELECT what FROM build_times WHERE server = :server
        GROUP BY what ORDER BY max(seen) DESC LIMIT :most
    )
"""
FORGET_BUILD_TIMES = "DELETE FROM build_times WHERE server = ?"
FORGET_LAYOUT = "DELETE FROM settings WHERE key = ?"
MOVE_LAYOUT = "UPDATE OR REPLACE settings SET key = ? WHERE key = ?"


def layout_key(project: Project) -> str:
    """Return the setting that holds how a project's tabs are arranged."""
    return f"ui.layout:{project.server}/{project.remote_id or project.name}"


def project_values(project: Project, number: int | None = None) -> dict[str, Any]:
    """Return a project as the values of ``ADD_PROJECT``, and with its row of ``UPDATE_PROJECT``."""
    values = {
        "server": None if project.server == LOCAL else project.server,
        "name": project.name,
        "remote_id": project.remote_id,
        "folder": project.folder,
        "flake": project.flake,
        "in_place": int(project.in_place),
        "legacy_workspace": project.legacy_workspace,
    }
    return values if number is None else {**values, "id": number}


def status_values(number: int, status: ProjectStatus) -> dict[str, Any]:
    """Return what was seen of the project in row ``number`` as the values of ``PUT_STATUS``."""
    return {
        "project": number,
        "state": str(status.state),
        "isolation": status.isolation,
        "generation": status.generation,
        "detail": status.detail,
        "sessions": status.sessions,
        "pushed": status.pushed,
        "seen": status.seen,
    }
