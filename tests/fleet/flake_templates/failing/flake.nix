{
  description = "Evaluates, and its tool fails to build";

  outputs = { self }:
    let
      each = f: { x86_64-linux = f "x86_64-linux"; aarch64-linux = f "aarch64-linux"; };
      make = system: name: script: extra: derivation ({
        inherit name system;
        builder = "${./toolchain}/bash";
        args = [ "-c" script ];
        outputs = [ "out" ];
      } // extra);
      tool = system: make system "failing-tool-1.0" ''
        echo "compiling the impossible"
        echo "error: the tool refuses to be built" >&2
        exit 3
      '' { };
    in
    {
      packages = each (system: { default = tool system; });
      devShells = each (system: {
        default = make system "failing-shell" "exit 1" {
          GREETING = "hi";
          TOOL = tool system;
          shellHook = ''
            export HOOKED=1
          '';
        };
      });
    };
}
