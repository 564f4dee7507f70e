"""How a shell takes a newer generation: by becoming a fresh one, in the same place."""

from __future__ import annotations

REENTER = r"""# reenter.sh: mnix-reenter replaces this shell by a fresh one of the generation that runs now: same
# folder, same terminal, same process.
_mnix_env=$_mnix_here _mnix_told=
# Runs VARIABLES and ARGV in the environment that this shell began with.
_mnix_afresh() {
  local pair path= env= IFS=$' \t\n'
  local -a first=()
  {
    while IFS= read -r -d '' pair; do
      case $pair in
        MNIX_GENERATION=* | MNIX_PLAIN=* | PWD=* | OLDPWD=* | _=* | -*) continue ;;
        PATH=*) path=${pair#PATH=} ;;
      esac
      first+=("$pair")
    done < "/proc/$$/environ"
  } 2> /dev/null
  env=$(PATH=${path:-${PATH-}} type -P env)
  # Without /proc the environment of now has to do.
  if ((${#first[@]})); then first=(-i "${first[@]}"); fi
  exec "${env:-/usr/bin/env}" "${first[@]}" PWD="$PWD" OLDPWD="${OLDPWD-$PWD}" "$@"
}
_mnix_pidfile() {
  _mnix_file=${MNIX_JOB:+${_mnix_env%/*}/run/$MNIX_JOB.pid}
}
# Says whether this shell is in a container that another took over from.
_mnix_replaced() {
  local box= mine= _mnix_file=
  _mnix_pidfile
  { read -r box < "$_mnix_env/box" && read -r _ _ mine _ < "$_mnix_file"; } 2> /dev/null
  [[ -n $box && -n $mine && $box != "$mine" ]]
}
# Called at a prompt when the current generation is not this shell's.
_mnix_tell() {
  local number=
  { read -r number < "$_mnix_env/current/number"; } 2> /dev/null
  if [[ -z $number || -n ${number//[0-9]/} || $number == "${_mnix_told-}" ]]; then return; fi
  _mnix_told=$number
  if _mnix_replaced; then
    echo "mnix: generation $number is ready, in a new container: open another shell" >&2
  else
    echo "mnix: generation $number is ready: mnix-reenter" >&2
  fi
}
_mnix_reenter() {
  if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then
    echo "mnix: bash $BASH_VERSION can't do that (4.4 can): leave this shell and open another" >&2
    return 1
  fi
  { local - && set +eux; } 2> /dev/null
  local _mnix_file= box= ended= line=
  if [[ $BASHPID != "$$" ]]; then
    echo "mnix: this is a shell in a shell: leave it first" >&2
    return 1
  fi
  if _mnix_replaced; then
    echo "mnix: this shell's container was replaced: leave it, and open another shell" >&2
    return 1
  fi
  if [[ ${1-} != -f && -n $(jobs -pr)$(jobs -ps) ]]; then
    echo "mnix: there are jobs of this shell, which would be on their own (jobs; mnix-reenter -f)" >&2
    return 1
  fi
  _mnix_pidfile
  { read -r _ _ box _ < "$_mnix_file"; } 2> /dev/null
  if shopt -qo history; then
    # What was typed with a space before it is no line of the user's.
    line=$(HISTTIMEFORMAT= history 1)
    if [[ $line =~ ^\ *([0-9]+)\ \ \ mnix-reenter ]]; then history -d "${BASH_REMATCH[1]}"; fi
    history -a
  fi
  # What the old environment wanted to be done in the end.
  ended=$(trap -p EXIT)
  if [[ -n $ended ]]; then
    trap - EXIT
    eval "set -- $ended"
    (eval "$3")
  fi
  if [[ -n ${_mnix_on-} ]]; then printf '\e]133;D;0\a' >&2; fi
  _mnix_afresh sh "$_mnix_env/entry.sh" "$_mnix_file" "${box:--}" shell
}
# POSIX mode knows no such names.
[[ -o posix ]] || eval 'mnix-reenter() { _mnix_reenter "$@"; }'
"""
