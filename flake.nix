{
  description = "A terminal dashboard for remote Nix workspaces";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      # The systems that libghostty has wheels for.
      systems = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];
      each = f: builtins.listToAttrs
        (map (system: { name = system; value = f nixpkgs.legacyPackages.${system}; }) systems);

      pyproject = builtins.readFile ./pyproject.toml;
      version = builtins.head (builtins.match ".*\nversion = \"([^\"]+)\"\n.*" pyproject);

      # nixpkgs has no pyghostty, and building it takes a pinned Zig: so this is its wheel, with
      # the hashes that requirements.lock has, too (a test compares them).
      ghosttyWheels = {
        x86_64-linux = {
          platform = "manylinux_2_27_x86_64.manylinux_2_28_x86_64";
          sha256 = "e215282798435d0db2042f4c61ecc9231bf66ea7ec68dbb16a43fe84e9685269";
        };
        aarch64-linux = {
          platform = "manylinux_2_27_aarch64.manylinux_2_28_aarch64";
          sha256 = "1bdee612b32083ce3c34a96e0195a1f1f16aeb3090971c9159da7df494bd3822";
        };
        x86_64-darwin = {
          platform = "macosx_13_0_x86_64";
          sha256 = "7511e4c43c6b823c4146e6de57a6c6c6f214ea9f3243b79fc1d111853f7cfdb1";
        };
        aarch64-darwin = {
          platform = "macosx_13_0_arm64";
          sha256 = "74db4760d46acd5553981d7dcfa809ad334f8a1e37c9583bdb594835ab7e8006";
        };
      };
      pyghostty = pkgs: pkgs.python3Packages.buildPythonPackage rec {
        pname = "pyghostty";
        version = "0.1.3";
        format = "wheel";
        src = pkgs.fetchPypi ({
          inherit pname version;
          format = "wheel";
          dist = "py3";
          python = "py3";
          abi = "none";
        } // ghosttyWheels.${pkgs.stdenv.hostPlatform.system});
        # The library needs nothing but libc, which the interpreter has loaded already.
        dependencies = [ pkgs.python3Packages.cffi ];
        pythonImportsCheck = [ "pyghostty" ];
      };

      dependencies = pkgs: with pkgs.python3Packages; [
        aiosqlite
        asyncssh
        bcrypt
        click
        pathspec
        textual
        tomlkit
        watchfiles
        (pyghostty pkgs)
      ];

      buildMnix = pkgs: pkgs.python3Packages.buildPythonApplication {
        pname = "mnix";
        inherit version;
        pyproject = true;
        src = self;
        build-system = [ pkgs.python3Packages.hatchling ];
        dependencies = dependencies pkgs;
        # The bounds in pyproject.toml are what the lock was tested with; nixpkgs moves as a whole.
        postPatch = ''
          sed -i 's/"hatchling==[^"]*"/"hatchling"/' pyproject.toml
        '';
        pythonRelaxDeps = true;
        # The tests want Podman, sshd and root: `make test` runs them.
        doCheck = false;
        pythonImportsCheck = [ "mnix_tui" "server_agent" ];
        # OpenSSH's tools are used where the user's own configuration asks for them.
        makeWrapperArgs = [ "--suffix" "PATH" ":" "${pkgs.openssh}/bin" ];
        meta = {
          description = "A terminal dashboard for remote Nix workspaces";
          license = pkgs.lib.licenses.mit;
          mainProgram = "mnix";
          platforms = systems;
        };
      };
    in
    {
      packages = each (pkgs: rec {
        mnix = buildMnix pkgs;
        default = mnix;
      });

      apps = each (pkgs: rec {
        mnix = {
          type = "app";
          program = "${self.packages.${pkgs.stdenv.hostPlatform.system}.mnix}/bin/mnix";
        };
        default = mnix;
      });

      devShells = each (pkgs: {
        default = pkgs.mkShell {
          packages = [
            (pkgs.python3.withPackages (_: dependencies pkgs))
            pkgs.git
            pkgs.gnumake
            pkgs.openssh
          ];
        };
      });
    };
}
