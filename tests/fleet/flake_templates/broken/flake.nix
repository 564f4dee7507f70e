{
  description = "Doesn't evaluate: a name that is not there";

  outputs = { self }: {
    devShells.x86_64-linux.default = thisNameIsUndefined;
    devShells.aarch64-linux.default = thisNameIsUndefined;
  };
}
