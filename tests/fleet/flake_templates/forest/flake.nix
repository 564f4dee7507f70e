{
  description = "Three dozen derivations: chains, diamonds, and much that can be built at once";

  outputs = { self }:
    let
      each = f: { x86_64-linux = f "x86_64-linux"; aarch64-linux = f "aarch64-linux"; };
      make = system: name: script: extra: derivation ({
        inherit name system;
        builder = "${./toolchain}/bash";
        args = [ "-c" script ];
        outputs = [ "out" ];
      } // extra);

      # name = [ version, tenths of a second, what it needs ]
      plan = import ./plan.nix;

      forest = system:
        let
          grow = pname: spec:
            let
              version = builtins.elemAt spec 0;
              tenths = builtins.elemAt spec 1;
              needs = builtins.elemAt spec 2;
            in
            make system "${pname}-${version}" (builtins.readFile ./grow.sh) {
              inherit pname version tenths;
              nonce = builtins.readFile ./nonce;
              fails = toString (builtins.elem pname (import ./fails.nix));
              needs = map (each: trees.${each}) needs;
            };
          trees = builtins.mapAttrs grow plan.trees;
        in
        trees;
    in
    {
      packages = each (system: { default = (forest system).${plan.top}; } // forest system);
      devShells = each (system: {
        default = make system "forest-shell" "exit 1" {
          GREETING = "hi";
          TOOL = (forest system).${plan.top};
          ALSO = map (each: (forest system).${each}) plan.also;
          shellHook = ''
            export HOOKED=1
          '';
        };
      });
    };
}
