{
  description = "A tool and a shell, from nothing but a static bash";

  outputs = { self }:
    let
      each = f: { x86_64-linux = f "x86_64-linux"; aarch64-linux = f "aarch64-linux"; };
      make = system: name: script: extra: derivation ({
        inherit name system;
        builder = "${./toolchain}/bash";
        args = [ "-c" script ];
        outputs = [ "out" ];
      } // extra);
      tool = system: make system "tiny-tool-1.0" "echo hello > $out" { };
    in
    {
      packages = each (system: { default = tool system; });
      devShells = each (system: {
        default = make system "tiny-shell" "exit 1" {
          GREETING = "hi";
          TOOL = tool system;
          shellHook = "export HOOKED=1";
        };
      });
    };
}
