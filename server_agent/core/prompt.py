"""What tells a terminal where prompts, commands and outputs begin, and in which folder a shell is."""

from __future__ import annotations

PROMPT = r"""# prompt.sh: marks prompts (OSC 133) and tells the folder (OSC 7), in bash and without a process.
# MNIX_SHELL_INTEGRATION=0 keeps it out. What the user has in PROMPT_COMMAND, PS0 and PS1 stays.
_mnix_prompt() {
  { local status=$? trace= && [[ $- == *x* ]] && trace=1 && set +x; } 2> /dev/null
  local mark='\[\e]133;A\a\]' end='\[\e]133;B\a\]' first= text=${PS1-}
  # Written to where readline writes the prompt.
  if [[ -n ${_mnix_ran-} ]]; then printf '\e]133;D;%s\a' "${_mnix_status:-$status}" >&2; fi
  if [[ ${PWD-} != "${_mnix_folder-}" ]]; then
    _mnix_folder=${PWD-}
    _mnix_locate 2> /dev/null
  fi
  if [[ ${_mnix_url-} == /* ]]; then printf '\e]7;file://%s%s\a' "${HOSTNAME-}" "$_mnix_url" >&2; fi
  if [[ -n ${_mnix_env-} ]]; then
    if [[ $_mnix_env/current -ef $_mnix_env/generations/${_mnix_generation:-0} ]]; then
      _mnix_told=
    else
      _mnix_tell
    fi
  fi
  # Whoever set PS1 since the last time did so with our marks or without them.
  text=${text//"$mark"/}
  text=${text//"$end"/}
  while [[ $text == '\n'* || $text == $'\n'* ]]; do
    if [[ $text == '\n'* ]]; then first+='\n' text=${text:2}; else first+=$'\n' text=${text:1}; fi
  done
  if [[ -n ${PS1+set} ]]; then PS1=$first$mark$text$end; fi
  _mnix_ran=$_mnix_always _mnix_status=
  if [[ -z $_mnix_always ]]; then
    end='\e]133;C\a'
    # The only way to note in this very shell that a command was read, without a trap.
    if shopt -q promptvars; then end+='${_mnix_none[$((_mnix_ran=1))]-}'; else _mnix_ran=1; fi
    text=${PS0-}
    text=${text//'\e]133;C\a${_mnix_none[$((_mnix_ran=1))]-}'/}
    PS0=${text//'\e]133;C\a'/}$end
  fi
  _mnix_install
  if [[ -n $trace ]]; then set -x; fi
}
_mnix_locate() {
  # The folder as a URL, byte by byte.
  local LC_ALL=C rest=$_mnix_folder char code
  _mnix_url=
  while [[ -n $rest ]]; do
    char=${rest%"${rest#?}"} rest=${rest#?}
    case $char in
      [abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._~-]) _mnix_url+=$char ;;
      *) printf -v code %d "'$char" && printf -v char '%%%02X' "$((code & 255))" && _mnix_url+=$char ;;
    esac
  done
}
_mnix_install() {
  local us='${_mnix_on:+_mnix_prompt}' command
  if [[ -n $_mnix_string ]]; then
    # With "&& :" a status other than 0 gets through, and does not end a shell with "set -e".
    local begin='${_mnix_on:+_mnix_before} && :'$'\n' end=$'\n'$us text=${PROMPT_COMMAND-}
    if [[ $text != "$begin"*"$end" ]]; then
      text=${text//"$begin"/}
      PROMPT_COMMAND=$begin${text//"$end"/}$end
    fi
    return
  fi
  # As the last of an array we see the PS1 that the others made.
  if [[ ${PROMPT_COMMAND[@]+set} && ${PROMPT_COMMAND[@]: -1} == "$us" ]]; then return; fi
  local -a others=()
  for command in ${PROMPT_COMMAND[@]+"${PROMPT_COMMAND[@]}"}; do
    if [[ $command != "$us" ]]; then others+=("$command"); fi
  done
  # Whoever assigns text to the array replaces its first element, so that is not ours.
  PROMPT_COMMAND=("${others[@]-}" "$us")
}
_mnix_before() {
  { _mnix_status=$?; } 2> /dev/null
  return "$_mnix_status"
}
_mnix_on=1 _mnix_ran= _mnix_status= _mnix_always= _mnix_string= _mnix_folder= _mnix_url=
# PS0 is known since 4.4, and PROMPT_COMMAND may be an array since 5.1.
if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then _mnix_always=1; fi
if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 501)); then _mnix_string=1; fi
if (PROMPT_COMMAND= PS1= PS0=) 2> /dev/null; then _mnix_install; fi
"""
