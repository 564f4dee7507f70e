{
  description = "A tool that builds for as many seconds as the file seconds says, and says so";

  outputs = { self }:
    let
      each = f: { x86_64-linux = f "x86_64-linux"; aarch64-linux = f "aarch64-linux"; };
      make = system: name: script: extra: derivation ({
        inherit name system;
        builder = "${./toolchain}/bash";
        args = [ "-c" script ];
        outputs = [ "out" ];
      } // extra);
      tool = system: make system "slow-tool-1.0" ''
        : ${builtins.readFile ./nonce}
        coproc NEVER { read -r; }
        for ((i = 1; i <= 5 * ${builtins.readFile ./seconds}; i++)); do
          echo "slow line $i"
          read -r -t 0.2 -u "''${NEVER[0]}"
        done
        echo done > $out
      '' { };
    in
    {
      packages = each (system: { default = tool system; });
      devShells = each (system: {
        default = make system "slow-shell" "exit 1" {
          GREETING = "hi";
          TOOL = tool system;
          shellHook = ''
            export HOOKED=1
          '';
        };
      });
    };
}
