{
  description = "A shellHook that is strict, talks, and ends the shell";

  outputs = { self }:
    let
      each = f: { x86_64-linux = f "x86_64-linux"; aarch64-linux = f "aarch64-linux"; };
      make = system: name: script: extra: derivation ({
        inherit name system;
        builder = "${./toolchain}/bash";
        args = [ "-c" script ];
        outputs = [ "out" ];
      } // extra);
      tool = system: make system "nasty-tool-1.0" ''
        echo hello > $out
      '' { };
    in
    {
      packages = each (system: { default = tool system; });
      devShells = each (system: {
        default = make system "nasty-shell" "exit 1" {
          GREETING = "hi";
          TOOL = tool system;
          shellHook = ''
            set -eu
            echo "noise from the hook"
            exit 7
          '';
        };
      });
    };
}
