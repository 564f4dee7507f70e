"""The outside world behind the ports: Podman, the machine itself, nix."""
