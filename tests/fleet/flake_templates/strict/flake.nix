{
  description = "A shellHook that leaves the shell strict";

  outputs = { self }:
    let
      each = f: { x86_64-linux = f "x86_64-linux"; aarch64-linux = f "aarch64-linux"; };
      make = system: name: script: extra: derivation ({
        inherit name system;
        builder = "${./toolchain}/bash";
        args = [ "-c" script ];
        outputs = [ "out" ];
      } // extra);
      tool = system: make system "strict-tool-1.0" ''
        echo hello > $out
      '' { };
    in
    {
      packages = each (system: { default = tool system; });
      devShells = each (system: {
        default = make system "strict-shell" "exit 1" {
          GREETING = "hi";
          TOOL = tool system;
          shellHook = ''
            set -eu
            export HOOKED=1
          '';
        };
      });
    };
}
