# The builder of every tree in the forest: phases, lines of all kinds, and some time.
phase() { echo "@nix { \"action\": \"setPhase\", \"phase\": \"$1\" }" >&"${NIX_LOG_FD:-2}"; }
coproc NEVER { read -r; }
rest() { read -r -t "0.$1" -u "${NEVER[0]}"; }

phase unpackPhase
echo "unpacking source archive /nix/store/source/$pname-$version.tar.gz"
echo "source root is $pname-$version"
phase configurePhase
for what in "for gcc" "whether the C compiler works" "for a BSD-compatible install" "for stdint.h"; do
  echo "checking $what... yes"
done
phase buildPhase
for ((i = 1; i <= tenths; i++)); do
  echo "[$i/$tenths] gcc -O2 -DVERSION=\"$version\" -Isrc -c src/$pname-$i.c -o build/$pname-$i.o"
  if ((i % 4 == 0)); then
    printf '\e[1msrc/%s-%d.c:\e[0m \e[35mwarning:\e[0m unused variable ‘tmp’\n' "$pname" "$i"
  fi
  if [ -n "$fails" ] && ((i > tenths / 2)); then
    echo "src/$pname-$i.c: In function 'main':"
    echo "src/$pname-$i.c:42:5: error: 'undeclared_thing' undeclared (first use in this function)"
    echo "   42 |     undeclared_thing();"
    echo "      |     ^~~~~~~~~~~~~~~~"
    echo "make: *** [Makefile:17: build/$pname-$i.o] Error 1"
    exit 2
  fi
  rest 1
done
phase checkPhase
echo "PASS: $pname"
phase installPhase
echo "installing to $out"
echo "$pname $version $needs" > "$out"
