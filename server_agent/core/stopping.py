"""Ending what a rebuild runs inside: nix, its builders, and what the warm-up started.

A builder has a session of its own and nothing of ours in its environment. What counts as the
rebuild's: its session, whatever descends from that (as long as it was seen once), and orphans that
bear the job's name or the folder in which its builders work.
"""

from __future__ import annotations

import copy
import os
import signal

from server_agent.adapters import programs
from server_agent.core import inner, isolations, projects
from server_agent.core.ports import Isolation
from server_agent.core.projects import Project
from server_agent.protocol.errors import AgentError

POLITE = 1.2
"""Seconds that nix has to end its builders by itself."""
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_STEP = 0.2  # seconds from one look to the next: half of it is the look
_LIMIT = 3.5

# $1 pid, $2 start and $3 name of the job, $4 its builders' folder, $5 looks to wait for before
# killing, $6 who asks. Prints a line for each process that is still there in the end.
_STOP = r"""pid=$1 start=$2 job=$3 tmp=$4 polite=$5 asks=$6
began() { shift 19; [ "$1" = "$start" ]; }
# Session 0 is the kernel's, and everybody's who comes from another namespace.
[ "$pid" -gt 0 ] 2> /dev/null || pid=none
stat=
{ read -r stat < /proc/"$pid"/stat; } 2> /dev/null
# Somebody else may have the pid by now: then only names count.
if [ -n "$stat" ] && ! began ${stat##*) }; then pid=none; fi
known=" "
# Nix gives its builders users of their own, whose processes it alone starts.
builders=
[ "$asks" != - ] || [ "$start" = - ] || builders=$(sed -n 's/^nixbld:[^:]*:[^:]*://p' /etc/group)
lost() { # an orphan of such a user, younger than the rebuild
  [ -n "$builders" ] && [ "$2" = 1 ] && [ "$3" -gt "$start" ] || return
  owner=$(ls -ld /proc/"$1" 2> /dev/null | { read -r _ _ owner _; echo "$owner"; })
  case ",$builders," in *",${owner:-none},"*) return 0 ;; esac
  return 1
}
row() { # state ppid group session ... start: adds a process to $all
  case $1 in Z|X) return ;; esac
  state=$1 parent=$2 in=$4
  shift 19
  all="$all $other:$parent:$in:$1"
}
look() {
  all=
  for file in /proc/[0-9]*/stat; do
    { read -r stat < "$file"; } 2> /dev/null || continue
    other=${file#/proc/} other=${other%/stat}
    row ${stat##*) }
  done
  # Orphans are told by their environment, and by the folder that they are in.
  named=$(
    { grep -lsF -e "MNIX_JOB=$job" -e "$tmp" /proc/[0-9]*/environ
      ls -ld /proc/[0-9]*/cwd | grep -F -- "-> $tmp"; } 2> /dev/null |
      sed -n 's|.*/proc/\([0-9][0-9]*\)/.*|\1|p' | tr '\n' ' '
  )
  named=" $named"
  alive= members= again=1
  while [ -n "$again" ]; do
    again=
    for row in $all; do
      other=${row%%:*} rest=${row#*:}
      case " $alive " in *" $other "*) continue ;; esac
      parent=${rest%%:*} rest=${rest#*:}
      in=${rest%%:*} since=${rest#*:}
      [ "$other" != $$ ] && [ "$parent" != $$ ] && [ "$other" != 1 ] || continue
      [ "$other" != "$asks" ] || continue
      ours=
      [ "$in" = "$pid" ] && ours=1
      case $known in *" $other:$since "*) ours=1 ;; *" $parent:"*) ours=1 ;; esac
      case $named in *" $other "*) ours=1 ;; esac
      [ -n "$ours" ] || lost "$other" "$parent" "$since" || continue
      alive="$alive $other" again=1
      case $known in *" $other:$since "*) ;; *) known="$known$other:$since " ;; esac
      [ "$in" = "$pid" ] && members="$members $other"
    done
  done
}
look
# Nix ends its builders when it is asked to end; what is left once it went has to be killed.
[ "$polite" = 0 ] || for other in $members; do kill -TERM "$other" 2> /dev/null; done
while [ "$polite" -gt 0 ] && [ -n "$members" ]; do
  polite=$((polite - 1))
  sleep 0.1
  look
done
rounds=8
while [ -n "$alive" ] && [ $rounds -gt 0 ]; do
  rounds=$((rounds - 1))
  before=$known
  for other in $alive; do kill -KILL "$other" 2> /dev/null; done
  [ "$before" = "$known" ] && sleep 0.05
  look
done
tell() {
  line=$(tr '\0' ' ' < /proc/"$1"/cmdline 2> /dev/null)
  [ -n "$line" ] || { read -r line < /proc/"$1"/comm; } 2> /dev/null
  printf '%s %.80s%s\n' "$1" "${line% }" "$2"
}
for other in $alive; do tell "$other" ""; done
# Orphans of a container that nobody's job has started, and that are younger than the rebuild: a
# builder may have hidden them from us, but they may be somebody else's, so they are only named.
if [ "$asks" = - ] && [ "$start" != - ]; then
  for row in $all; do
    other=${row%%:*} rest=${row#*:}
    [ "${rest%%:*}" = 1 ] && [ "${row##*:}" -gt "$start" ] || continue
    case " $alive " in *" $other "*) continue ;; esac
    grep -qs MNIX_JOB= /proc/"$other"/environ || [ ! -e /proc/"$other" ] || tell "$other" " (perhaps)"
  done
fi
case $tmp in /tmp/mnix-*) rm -rf -- "$tmp" ;; esac
exit 0
"""


def folder(job_id: str) -> str:
    """Return the folder in which a job's builders work, as it is seen from inside."""
    return f"/tmp/mnix-{job_id}"  # noqa: S108 - made by ourselves, or not used


def note(project: Project, job_id: str) -> None:
    """Note that a rebuild may have something running inside, until ``done``."""
    with open(_note(project, job_id), "w", encoding="ascii"):
        pass


def done(project: Project, job_id: str) -> None:
    """Forget the note."""
    try:
        os.unlink(_note(project, job_id))
    except FileNotFoundError:
        pass


def _note(project: Project, job_id: str) -> str:
    return os.path.join(project.run, f"{job_id}.build")


def left(project: Project) -> list[str]:
    """Return the jobs of rebuilds that were killed before they could clear up."""
    try:
        names = os.listdir(project.run)
    except FileNotFoundError:
        return []
    return sorted(name[: -len(".build")] for name in names if name.endswith(".build"))


def end_rebuild(project_id: str, job_id: str, polite: float = 0.0) -> list[str]:
    """End what a rebuild left running; return what still runs: pids and commands."""
    project = projects.load(project_id)
    if job_id not in left(project):
        return []
    return stop(isolations.of(project.isolation), project, job_id, polite)


def last(isolation: Isolation, project: Project, job_id: str, polite: float = POLITE) -> list[str]:
    """Stop a rebuild that ends with that, whatever its process is asked from now on."""
    if callable(signal.getsignal(signal.SIGTERM)):  # else nothing is raised
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
    return stop(isolation, project, job_id, polite)


def stop(isolation: Isolation, project: Project, job_id: str, polite: float = POLITE) -> list[str]:
    """Do it; the note goes when nothing is left."""
    try:
        return _stop(isolation, project, job_id, polite)
    except BaseException as error:
        error.left = ["what it ran"]  # type: ignore[attr-defined]
        raise


def _stop(isolation: Isolation, project: Project, job_id: str, polite: float) -> list[str]:
    from server_agent.jobs import procs

    path = os.path.join(project.run, f"{job_id}.pid")
    if polite:  # it may be about to start
        procs.wait_until(lambda: os.path.exists(path), 0.5)
    found = inner.read_pidfile(path)
    box = found[2] if found else ""
    where = copy.copy(project)
    if box and isolation.owns(project, box):
        where.box = {**project.box, "id": box}
    elif box:  # what runs inside writes that file too, and may name another project's
        found = None
    pid, start = (str(found[0]), found[1]) if found else ("none", "-")
    if not where.box:
        done(project, job_id)
        return []
    if isolation.kind == "host" and not os.path.isdir("/proc/self"):
        return _end_session(isolation, project, job_id, polite)
    # On the machine itself we bear the job's name as well.
    asks = str(os.getpid()) if isolation.kind == "host" else "-"
    wait = str(int(polite / _STEP))
    script = ["sh", "-c", _STOP, "mnix", pid, start, job_id, folder(job_id), wait, asks]
    argv = isolation.argv(where, script, stdin=False, cwd="/")  # the workspace may be gone
    try:
        ended = programs.run(argv, _LIMIT)
    except AgentError:
        silent = f"nothing inside answers within {_LIMIT:g} s"
        return _from_outside(project, start) or [silent]
    except OSError as error:
        return [f"what runs inside can't be asked: {error.strerror}"]
    running = [_clean(line) for line in ended.out.splitlines() if line.strip()]
    if not running:
        if ended.code != 0 and not _is_gone(isolation, project):
            reason = f"what runs inside can't be asked: {ended.reason}"
            return _from_outside(project, start) or [reason]
        done(project, job_id)
        if os.path.exists(path):
            os.unlink(path)
    return running[:20]


def _from_outside(project: Project, start: str) -> list[str]:
    # What is as young as the rebuild in the container's process namespace, by our own pids.
    lines = inner.read_box(project.folder)
    if lines[:1] != ["podman"] or not start.isdigit():
        return []
    found = []
    try:
        namespace = os.readlink(f"/proc/{lines[3]}/ns/pid")
        pids = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []
    for pid in pids:
        try:
            if os.readlink(f"/proc/{pid}/ns/pid") != namespace:
                continue
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                command = file.read(80).replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        began = inner.started(int(pid))
        if began and int(began) >= int(start):
            found.append(_clean(f"{pid} {command}"))
    return found[:20]


def _end_session(isolation: Isolation, project: Project, job_id: str, polite: float) -> list[str]:
    # Where nobody tells who descends from whom.
    from server_agent.jobs import procs

    pidfile = f"{job_id}.pid"
    for number, wait in ((signal.SIGTERM, polite), (signal.SIGKILL, 1.0)):
        isolation.end(project, pidfile, number)
        if procs.wait_until(lambda: not isolation.end(project, pidfile, 0), wait, step=0.1):
            done(project, job_id)
            return []
    return ["nix, or what it started"]


def _is_gone(isolation: Isolation, project: Project) -> bool:
    # With its container, everything in it ended.
    try:
        return (
            isolation.kind == "container"
            and isolation.states([project]).get(project.id) != "running"
        )
    except AgentError:
        return False


def _clean(line: str) -> str:
    return "".join(char if char.isprintable() else " " for char in line)[:120].strip()
