"""The shell scripts that start everything inside, as they are written to a project's ``env/``."""

from __future__ import annotations

import os

from server_agent.core import paths
from server_agent.core.prompt import PROMPT
from server_agent.core.reenter import REENTER

ENTRY = r"""# entry.sh PIDFILE BOX MODE [ARGV...]: how everything starts inside. MODE: shell, run or bare.
here=${0%/*}
pidfile=$1 box=$2 mode=$3
shift 3
if [ "$mode" != bare ]; then
  # Decided here, so that a switch that comes meanwhile changes nothing half way.
  [ -n "${MNIX_GENERATION-}" ] || { read -r MNIX_GENERATION < "$here/current/number"; } 2> /dev/null
  export MNIX_GENERATION
fi
started() { shift 19; start=$1; }
if [ -n "$pidfile" ]; then
  MNIX_JOB=${pidfile##*/} MNIX_JOB=${MNIX_JOB%.pid}
  export MNIX_JOB
  start=-
  if [ -r /proc/$$/stat ] && read -r stat < /proc/$$/stat; then started ${stat##*) }; fi
  # Written over in one go, since whoever reads it in between would take a shell for ended. Also
  # where there is no room for it: how else would somebody make some?
  { echo "$$ $start $box ${MNIX_GENERATION:-0}" 1<> "$pidfile"; } 2> /dev/null ||
    echo "mnix: the disk is full, so only this command itself can end what it starts" >&2
  if [ -p "${pidfile%.pid}.in" ]; then exec < "${pidfile%.pid}.in"; fi
fi
if [ -n "${MNIX_TTY-}" ]; then
  unset MNIX_TTY
  [ -r "$here/tty.sh" ] && . "$here/tty.sh"
fi
need() {
  command -v "$1" > /dev/null 2>&1 && return
  echo "mnix: $1: command not found${2:-}" >&2
  exit 127
}
if [ "$mode" = bare ]; then
  if [ $# -eq 0 ]; then
    set -- sh
    command -v bash > /dev/null 2>&1 && set -- bash
  fi
  need "$1"
  exec "$@"
fi
need bash ": an environment needs it (--bare does without)"
[ "$mode" = shell ] && [ $# -eq 0 ] && exec bash --rcfile "$here/rc.sh" -i
exec bash "$here/run.sh" "$@"
"""

RUN = r"""# run.sh ARGV...: runs a command in the environment. What the hook prints goes to stderr, and it
# can't read the command's input.
BASH_ARGV0=mnix
_mnix_argv=("$@") _mnix_shell=$BASH
_mnix_script=${MNIX_GENERATION:+generations/$MNIX_GENERATION}
_mnix_script=${BASH_SOURCE[0]%/*}/${_mnix_script:-current}/env.sh
unset MNIX_GENERATION
_mnix_go() {
  trap - EXIT
  set +eu
  unset -f exec
  SHELL=$_mnix_shell
  if [[ $1 != */* ]] && ! type -P -- "$1" > /dev/null; then
    echo "mnix: $1: command not found in this environment" >&2
    builtin exit 127
  fi
  builtin exec -- "$@"
}
if [ -f "$_mnix_script" ]; then
  _mnix_cut() {
    local code=$?
    trap - EXIT
    echo "mnix: the shellHook ended early (exit $code), so the command was not run" >&2
    builtin exit $((code ? code : 1))
  }
  trap _mnix_cut EXIT
  source "$_mnix_script" < /dev/null >&2
  if [ -n "${shellHook-}" ]; then
    # A hook that ends in `exec zsh` means an interactive shell: here the command takes its place.
    _mnix_exec='(^|[^[:alnum:]_.-])exec[[:space:]]+[A-Za-z/$"~.-]'
    if [[ $shellHook =~ $_mnix_exec ]]; then
      exec {_mnix_in}<&0 {_mnix_out}>&1
      exec() { _mnix_go "${_mnix_argv[@]}" <&"$_mnix_in" >&"$_mnix_out" {_mnix_in}<&- {_mnix_out}>&-; }
    fi
    if [[ $shellHook == *return* ]]; then
      . <(printf '%s\n' "$shellHook") < /dev/null >&2 # a hook may return, as if it were sourced
    else
      eval "$shellHook" < /dev/null >&2
    fi
    [ -n "${_mnix_in-}" ] && builtin exec {_mnix_in}<&- {_mnix_out}>&-
  fi
else
  echo "mnix: there is no environment yet: run without one" >&2
fi
_mnix_go "${_mnix_argv[@]}"
"""

RC = r"""# rc.sh: how a shell starts. The user's ~/.bashrc, then the environment; if that ends early, a plain
# shell opens and says why.
_mnix_generation=${MNIX_GENERATION-}
unset MNIX_GENERATION
if [ -f ~/.bashrc ]; then . ~/.bashrc; fi
_mnix_here=${BASH_SOURCE[0]%/*} _mnix_shell=$BASH
_mnix_script=${_mnix_generation:+generations/$_mnix_generation}
_mnix_script=$_mnix_here/${_mnix_script:-current}/env.sh
. "$_mnix_here/reenter.sh"
case $PS1 in
  '\s-\v\$ ') PS1="[${MNIX_PROJECT-mnix}] "'\w \$ ' ;;
  *) PS1="[${MNIX_PROJECT-mnix}] $PS1" ;;
esac
_mnix_settle() {
  set +eu
  SHELL=$_mnix_shell
  [[ $(trap -p EXIT) == *_mnix_ended* ]] && trap - EXIT
  if [ -z "${_mnix_whole-}" ]; then
    echo "mnix: the shellHook stopped at an error, so this environment is not complete" >&2
  fi
}
_mnix_ended() {
  set -- "the shellHook ended the shell (exit $?)"
  set +eu
  _mnix_afresh MNIX_PLAIN="$1" MNIX_GENERATION="$_mnix_generation" bash --rcfile "$_mnix_here/rc.sh" -i
}
if [ -n "${MNIX_PLAIN-}" ]; then
  echo "mnix: $MNIX_PLAIN" >&2
  echo "mnix: this is a plain shell; the flake's shellHook wants a look" >&2
  unset MNIX_PLAIN
elif [ -f "$_mnix_script" ]; then
  trap _mnix_ended EXIT
  . "$_mnix_script"
  if [[ ${shellHook-} == *return* ]]; then
    . <(printf '%s\n' "$shellHook") # a hook may return, as if it were sourced
    _mnix_whole=1
  else
    eval "${shellHook-}"$'\n_mnix_whole=1'
  fi
  _mnix_settle
else
  echo "mnix: there is no environment yet, so this is a plain shell (mnix rebuild-switch makes one)" >&2
fi
if [ "${MNIX_SHELL_INTEGRATION-}" != 0 ] && [ "${TERM-}" != dumb ]; then . "$_mnix_here/prompt.sh"; fi
unset -f _mnix_settle _mnix_ended
unset _mnix_here _mnix_shell _mnix_whole _mnix_script
"""

TTY = r"""# tty.sh: what only inside can be known of a terminal. A description of TERM, and a locale with
# UTF-8, which is what our terminals speak.
known() {
  for base in "${TERMINFO-}" "${HOME-}/.terminfo" /etc/terminfo /lib/terminfo /usr/share/terminfo \
    /usr/lib/terminfo /usr/local/share/terminfo /run/current-system/sw/share/terminfo; do
    # By the first letter, or by its number.
    for file in "$base"/?/"$1" "$base"/??/"$1"; do
      [ -e "$file" ] && return
    done
  done
  command -v infocmp > /dev/null 2>&1 && infocmp "$1" > /dev/null 2>&1
}
[ "$TERM" = xterm-256color ] || known "$TERM" || TERM=xterm-256color
utf8() { [ "$(locale charmap 2> /dev/null)" = UTF-8 ]; }
if ! command -v locale > /dev/null 2>&1; then
  case ${LC_ALL:-${LC_CTYPE:-${LANG-}}} in
    C.[Uu][Tt][Ff]*8) ;;
    *) unset LC_ALL LC_CTYPE; export LANG=C.UTF-8 ;;
  esac
elif ! utf8; then
  unset LC_ALL LC_CTYPE
  for LANG in C.UTF-8 en_US.UTF-8 UTF-8; do
    export LANG
    utf8 && break
  done
fi
unset base file
unset -f known utf8
"""

END = r"""# end.sh PID START SIGNAL JOB: signals every process of the session that PID opened (0: only
# looks). Exit code: 0 when one of them is still there, 1 when none is.
pid=$1 start=$2 signal=$3 job=$4 found=1
{ read -r stat < /proc/"$pid"/stat; } 2> /dev/null
began() { shift 19; [ "$1" = "$start" ]; }
# Somebody else has the pid now, so nothing is left of that session.
if [ -n "$stat" ] && ! began ${stat##*) }; then exit 1; fi
leader=$stat
# Without its leader it may be a later session that had the pid: what bears the job's name counts.
ours() {
  [ -n "$leader" ] && return
  {
    while read -r line || [ -n "$line" ]; do
      case $line in *"MNIX_JOB=$job"*) return 0 ;; esac
    done < /proc/"$1"/environ
  } 2> /dev/null
  return 1
}
member() { [ "$4" = "$pid" ] && [ "$1" != Z ] && [ "$1" != X ]; }
reached=" "
round() {
  new=
  for file in /proc/[0-9]*/stat; do
    { read -r stat < "$file"; } 2> /dev/null || continue
    member ${stat##*) } || continue
    other=${file#/proc/} other=${other%/stat}
    case $reached in *" $other "*) continue ;; esac
    # Once somebody of it was there, its number is this session's alone.
    [ "$found" = 0 ] || ours "$other" || continue
    if [ "$signal" = 0 ] || kill -"$signal" "$other" 2> /dev/null; then
      found=0 new=1 reached="$reached$other "
    fi
  done
}
round
# SIGKILL goes on until nobody new is found: one that was just about to fork would leave a child.
rounds=100
while [ "$signal" = 9 ] && [ -n "$new" ] && [ $rounds -gt 0 ]; do
  rounds=$((rounds - 1))
  round
done
exit $found
"""

# Those that others read come first.
FILES = {
    "tty.sh": TTY,
    "prompt.sh": PROMPT,
    "reenter.sh": REENTER,
    "rc.sh": RC,
    "run.sh": RUN,
    "end.sh": END,
    "entry.sh": ENTRY,
}


def install(env_dir: str) -> None:
    """Write the scripts into a project's ``env/``, unless this version's are there already."""
    for name, text in FILES.items():
        path = os.path.join(env_dir, name)
        try:
            with open(path, encoding="utf-8") as file:
                same = file.read() == text
        except OSError:
            same = False
        if not same:
            paths.write_atomic(path, text.encode(), 0o644)
