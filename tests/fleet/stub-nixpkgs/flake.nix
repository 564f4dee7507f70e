# What the flake uses of nixpkgs, and nothing else: an attribute that real nixpkgs does not have
# must not be added here. Functions that build something give a derivation that is only evaluated,
# and shows its arguments in `passthru`.
{
  outputs = { self }:
    let
      package = system: args:
        let
          name = args.pname or args.name or "package";
          drv = derivation {
            inherit name system;
            builder = "/bin/sh";
            args = [ "-c" "echo ${name} > $out" ];
            inputs = (args.dependencies or [ ]) ++ (args.build-system or [ ])
              ++ (args.packages or [ ]) ++ (if args ? src && args.src ? outPath then [ args.src ] else [ ]);
          };
        in
        drv // { passthru = args; };

      pkgsFor = system:
        let
          named = pname: package system { inherit pname; };
        in
        rec {
          lib.licenses.mit.spdxId = "MIT";
          stdenv.hostPlatform.system = system;
          fetchPypi = args: package system args // { inherit (args) sha256; };
          mkShell = args: package system ({ name = "shell"; } // args);
          git = named "git";
          gnumake = named "gnumake";
          openssh = named "openssh";
          python3.withPackages = select:
            package system { name = "python3-env"; packages = select python3Packages; };
          python3Packages = {
            buildPythonApplication = package system;
            buildPythonPackage = package system;
          } // builtins.listToAttrs (map (name: { inherit name; value = named name; }) [
            "aiosqlite"
            "asyncssh"
            "bcrypt"
            "cffi"
            "click"
            "hatchling"
            "pathspec"
            "textual"
            "tomlkit"
            "watchfiles"
          ]);
        };
    in
    {
      legacyPackages = builtins.listToAttrs (map
        (system: { name = system; value = pkgsFor system; })
        [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ]);
    };
}
