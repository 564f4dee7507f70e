"""The shell scripts that run nix inside, for any POSIX shell."""

from __future__ import annotations

PATHS = (
    'PATH="$PATH:$HOME/.nix-profile/bin:/nix/var/nix/profiles/default/bin'
    ':/run/current-system/sw/bin"\nexport PATH\n'
)
NO_NIX = 97
"""What ``BUILD`` ends with where there is no nix."""

# Prints which nix there is, or nothing.
VERSION = f"{PATHS}command -v nix > /dev/null 2>&1 && nix --version 2> /dev/null\n:\n"

# $1 profile, $2 where the script goes, $3 lines of nix.conf, $4 "1" in a container, $5 the flake's
# folder and $6 the same below the git tree's top, $7 to $9 the flake as git+file, as path: with
# ?dir= and as path: alone ("": not possible), $10 the fragment, $11 a folder for what the builders
# write, $12 the workspace, then options. What was found out goes to $2.facts.
BUILD = (
    PATHS
    + r"""# nix says what there is to say when it is asked to end: this shell waits for it.
trap : TERM INT HUP
facts=$2.facts
fact() { printf '%s\n' "$1" >> "$facts"; }
warn() { echo "mnix: warning: $1"; fact "warning=$1"; }
: > "$facts"
cd "$5" || exit 1
command -v nix > /dev/null 2>&1 || exit 97
version=$(nix --version 2> /dev/null)
fact "nix=${version##* }"
conf="extra-experimental-features = nix-command flakes"
add() { conf="$conf
$1"; }
# With a daemon these are its own business.
if [ -z "${NIX_REMOTE-}" ]; then
  # Else root can't build at all.
  [ "$(id -u)" = 0 ] && ! grep -q '^nixbld:' /etc/group && add "build-users-group ="
  # The container is a sandbox; nix's own wants more rights.
  [ "$4" = 1 ] && ! grep -Eqs '^[[:space:]]*sandbox[[:space:]]*=' /etc/nix/nix.conf &&
    add "sandbox = false"
fi
[ -z "$3" ] || add "$3"
NIX_CONFIG="${NIX_CONFIG:+$NIX_CONFIG
}$conf"
export NIX_CONFIG
ref=
if [ -n "$7" ]; then
  if ! command -v git > /dev/null 2>&1; then
    warn "there is no git in here: the git tree is taken as a plain folder, with all that is in it"
  elif tracked=$(LC_ALL=C git ls-files --error-unmatch -- flake.nix 2>&1); then
    [ "$(git rev-parse --show-prefix)" = "$6" ] && ref=$7
  else
    case $tracked in
      *dubious*|*safe.directory*)
        warn "the git tree belongs to another user, so it is taken as a plain folder (run in it: git config --global --add safe.directory '*')" ;;
      *"did not match"*)
        warn "git does not track flake.nix, so the whole folder is taken (git add flake.nix)" ;;
      *) fact "git=$(printf '%s' "$tracked" | tail -n 1)" ;;
    esac
  fi
fi
top=
if [ -z "$ref" ]; then
  ref=${8:-$9} top=$5
  [ -z "$8" ] || top=${12}
  case $ref in *\?dir=*|*%*)
    # An older nix takes a folder without the rest, and of its name not everything.
    case $(nix flake metadata "path:/nonexistent?dir=x" 2>&1) in *"unsupported parameter"*)
      [ -z "$8" ] || fact alone=1
      ref=$9 top=$5
      case $ref in *%*) ref=. ;; esac ;;
    esac ;;
  esac
fi
profile=$1 out=$2 folder=$5 fragment=${10} tmp=${11}
shift 12
fact "ref=$ref"
echo "mnix: evaluating $ref$fragment with nix ${version##* }"
# The build before this one left its profile: a root for what it made, until now.
rm -f "${profile%/*}"/build-* "$out" "$out.path"
mkdir -p "${profile%/*}" || exit 1
if mkdir -m 755 "$tmp" 2> /dev/null; then export TMPDIR="$tmp"; fi
tree=
hidden=
# Of repositories further down as well: the copy and nix's own filter leave out the same.
[ -z "$top" ] || hidden=$(find "$top" -name .git -prune -print 2> /dev/null | head -n 1)
if [ -n "$hidden" ] || { [ -n "$top" ] && [ -e "$top/.git" ]; }; then
  # Taken as a plain folder, .git would be copied into the store too, and each commit, or a mere
  # look at the tree's state, would make everything new.
  part=
  case $ref in *\?dir=*) part="?${ref#*\?}" ;; esac
  source=$(MNIX_TREE=$top nix eval --impure --raw --expr 'builtins.path {
    path = builtins.getEnv "MNIX_TREE"; name = "source";
    filter = path: _: baseNameOf path != ".git"; }' 2> /dev/null)
  if [ -n "$source" ] &&
    nix flake metadata --no-update-lock-file "path:$source$part" > /dev/null 2>&1; then
    ref=path:$source$part
    set -- --no-write-lock-file "$@"
  else
    # A flake.lock that has to be written needs a folder that can be: with the workspace's time,
    # since nix gives a flake the newest of all.
    tree=$tmp/tree
    if mkdir "$tree" && (
      for item in "$top"/* "$top"/.[!.]* "$top"/..?*; do
        [ "${item##*/}" != .git ] && { [ -e "$item" ] || [ -L "$item" ]; } || continue
        cp -a --reflink=auto "$item" "$tree/" 2> /dev/null || cp -a "$item" "$tree/" || exit 1
      done
      find "$tree" -name .git -prune -exec rm -rf {} + 2> /dev/null
      :
    ) && touch -r "$top" "$tree"; then
      ref=path:$tree$part
    else
      warn "the folder can't be copied, so nix takes it with its .git, and makes all anew when that changes"
      rm -rf "$tree"
      tree=
    fi
  fi
fi
nix print-dev-env --profile "$profile" --log-format internal-json "$@" "$ref$fragment" > "$out"
code=$?
if [ -n "$tree" ]; then
  lock=$tree${folder#"$top"}/flake.lock
  if [ -f "$lock" ] && { [ ! -e "$folder/flake.lock" ] || [ "$lock" -nt "$folder/flake.lock" ]; }
  then cp "$lock" "$folder/flake.lock"; fi
  rm -rf "$tree"
fi
rmdir "$tmp" 2> /dev/null
[ $code = 0 ] || exit $code
readlink -f "$profile" > "$out.path"
"""
)

# $1 profile, $2 store path, $3 the generation's link
LINK = (
    PATHS
    + r"""mkdir -p "${3%/*}" || exit 1
case $3 in
  /nix/var/nix/*) ln -sfn "$2" "$3" ;;
  *) nix-store --realise "$2" --add-root "$3" --indirect > /dev/null ;;
esac
"""
)

# $1 lines of nix.conf, $2 derivations to look at at most, $3 bytes of one, then derivations that
# are being built. Prints "root PATH" for what they may be built for, and each derivation that is
# or will be built, after a line "==> PATH <==".
DERIVATIONS = (
    PATHS
    + r"""NIX_CONFIG="${NIX_CONFIG:+$NIX_CONFIG
}$1"
export NIX_CONFIG
most=$2 size=$3
shift 3
# What a nix that runs has made or needs is in a file of its own. What the environment's own
# derivation is called, nix decides: that of the shell, and -env.
roots=
for file in /nix/var/nix/temproots/*; do
  [ -r "$file" ] || continue
  found=$(tr '\0' '\n' < "$file" 2> /dev/null)
  case $found in *"$1"*) ;; *) continue ;; esac
  roots="$roots $(printf '%s\n' "$found" | grep -E '^/nix/store/[0-9A-Za-z+._?=-]*-env\.drv$' |
    sort -u | head -n 100)"
done
planned=
if [ -n "${roots# }" ]; then
  planned=$(nix-store --realise --dry-run $roots 2>&1 |
    sed -n 's|^ *\(/nix/store/[0-9A-Za-z+._?=-]*\.drv\)$|\1|p' | head -n "$most")
fi
head -v -c "$size" -- "$@" $planned 2> /dev/null | head -c 33554432
"""
)
