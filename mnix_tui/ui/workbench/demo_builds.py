"""Rebuilds to look at: one that runs, one that went well, one whose builder failed, one not even
evaluated; and what the generations of a project changed."""

from __future__ import annotations

from mnix_tui.domain.drift_report import DriftReport, FileDrift
from mnix_tui.domain.generations import Changes, Generation, GenerationDiff, PackageChange
from mnix_tui.ui.workbench.log_maker import LogMaker

_MIB = 2**20
TIMES = {
    "web-shell": 1.5,
    "web-tools": 24.0,
    "web-node-modules": 31.0,
    "esbuild": 12.0,
    "api-client": 21.0,
    "protobuf-codegen": 6.0,
    "playwright-driver": 17.0,
    "web-assets": 9.0,
}
"""How many seconds things took to build before."""

_WEB = {
    "web-shell": ["web-tools-7.2", "api-client-2.3.0", "playwright-driver-1.53.0"],
    "web-tools-7.2": ["esbuild-0.25.5", "web-node-modules-7.2", "web-assets-7.2"],
    "web-assets-7.2": ["web-node-modules-7.2"],
    "web-node-modules-7.2": ["node-gyp-headers-22.16.0"],
    "api-client-2.3.0": ["protobuf-codegen-31.1"],
    "esbuild-0.25.5": [],
    "protobuf-codegen-31.1": [],
    "node-gyp-headers-22.16.0": [],
    "playwright-driver-1.53.0": [],
}
_WEB_FETCHED = {
    "nodejs-22.16.0": 52.4,
    "go-1.24.4": 71.8,
    "chromium-headless-137.0": 141.0,
    "pnpm-10.12.1": 4.1,
    "protobuf-31.1": 6.9,
}


def running(began: float) -> bytes:
    """Return the log of a rebuild 31 seconds after it began: three builds and two downloads run."""
    log = LogMaker(began)
    log.ours("phase", phase="prepare")
    log.step("pushed 212 files, 1.9 MiB")
    log.ours("phase", phase="evaluate")
    log.step("evaluating git+file:///workspace with nix 2.28.3")
    log.after(1.2)
    log.warn("Git tree '/workspace' is dirty")
    log.after(1.9)
    log.plan(_WEB, _WEB_FETCHED)
    log.fetched("pnpm-10.12.1", 4.1)
    log.fetch("nodejs-22.16.0", 3.0, 52.4)
    log.fetch("go-1.24.4", 1.0, 71.8)
    log.after(3.4)
    log.fetched("nodejs-22.16.0", 52.4)
    log.fetched("protobuf-31.1", 6.9)
    log.build("node-gyp-headers-22.16.0", "protobuf-codegen-31.1")
    log.lines("node-gyp-headers-22.16.0", "unpacking headers", "installing 612 headers")
    log.after(2.0)
    log.stop("node-gyp-headers-22.16.0")
    log.build("web-node-modules-7.2")
    log.phase("web-node-modules-7.2", "configurePhase")
    log.fetched("go-1.24.4", 71.8)
    log.build("esbuild-0.25.5")
    log.phase("esbuild-0.25.5", "buildPhase")
    log.after(3.7)
    log.lines("protobuf-codegen-31.1", "protoc: 41 messages, 9 services")
    log.stop("protobuf-codegen-31.1")
    log.build("api-client-2.3.0")
    log.phase("api-client-2.3.0", "unpackPhase")
    log.fetch("chromium-headless-137.0", 12.0, 141.0)
    log.after(6.5)
    log.lines("esbuild-0.25.5", "go build -ldflags=-s ./cmd/esbuild", "ok")
    log.stop("esbuild-0.25.5")
    log.phase("web-node-modules-7.2", "buildPhase")
    log.lines(
        "web-node-modules-7.2",
        "Lockfile is up to date, resolution step is skipped",
        "Progress: resolved 1, reused 0, downloaded 0, added 0",
        "Packages: +1184",
    )
    log.phase("api-client-2.3.0", "buildPhase")
    log.lines(
        "api-client-2.3.0",
        "\x1b[1;32m   Compiling\x1b[0m serde v1.0.219",
        "\x1b[1;32m   Compiling\x1b[0m tokio v1.45.1",
        "\x1b[1;32m   Compiling\x1b[0m prost v0.14.1",
    )
    log.after(11.6)
    log.fetch("chromium-headless-137.0", 96.5, 141.0)
    log.lines(
        "web-node-modules-7.2",
        "Progress: resolved 1184, reused 1170, downloaded 14, added 921",
        "node-gyp rebuild: better-sqlite3",
    )
    log.lines("api-client-2.3.0", "\x1b[1;32m   Compiling\x1b[0m api-client v2.3.0 (/build/source)")
    log.after(0.7)
    return log.data


def finished(began: float) -> bytes:
    """Return the log of a rebuild that made generation 12 in 18 seconds."""
    log = LogMaker(began)
    log.step("pushed 212 files, 1.9 MiB")
    log.ours("phase", phase="evaluate")
    log.step("evaluating git+file:///workspace with nix 2.28.3")
    log.after(1.1)
    log.warn("Git tree '/workspace' is dirty")
    log.after(0.8)
    inputs = {"api-shell": ["api-tools-1.4"], "api-tools-1.4": ["sqlx-cli-0.8.6"]}
    log.plan({**inputs, "sqlx-cli-0.8.6": []}, {"openssl-3.4.1": 5.2, "postgresql-17.5": 18.3})
    log.fetched("openssl-3.4.1", 5.2)
    log.fetched("postgresql-17.5", 18.3)
    log.after(1.7)
    log.build("sqlx-cli-0.8.6")
    log.phase("sqlx-cli-0.8.6", "buildPhase")
    log.lines("sqlx-cli-0.8.6", "   Compiling sqlx-core v0.8.6", "   Compiling sqlx-cli v0.8.6")
    log.after(6.2)
    log.stop("sqlx-cli-0.8.6")
    log.build("api-tools-1.4")
    log.phase("api-tools-1.4", "buildPhase")
    log.lines("api-tools-1.4", "   Compiling serde v1.0.219", "   Compiling tokio v1.45.1")
    log.after(7.1)
    log.lines("api-tools-1.4", "    Finished `release` in 14.20s")
    log.stop("api-tools-1.4")
    log.build("api-shell")
    log.after(0.6)
    log.stop("api-shell")
    log.ours("phase", phase="switch")
    log.step("switched to generation 12")
    log.after(0.1)
    message = "generation 12 is ready"
    log.ours("result", ok=True, generation=12, changed=True, message=message)
    return log.data


def failed(began: float) -> bytes:
    """Return the log of a rebuild whose builder failed while others were running."""
    log = LogMaker(began)
    log.step("pushed 96 files, 0.4 MiB")
    log.ours("phase", phase="evaluate")
    log.step("evaluating git+file:///workspace with nix 2.28.3")
    log.after(2.4)
    inputs = {
        "forecast-shell": ["forecast-model-0.9", "era5-grib-tools-2.1"],
        "forecast-model-0.9": ["xarray-grid-1.7"],
        "era5-grib-tools-2.1": [],
        "xarray-grid-1.7": [],
    }
    log.plan(inputs, {"eccodes-2.41.0": 11.3})
    log.fetched("eccodes-2.41.0", 11.3)
    log.after(1.2)
    log.build("xarray-grid-1.7", "era5-grib-tools-2.1")
    log.phase("era5-grib-tools-2.1", "buildPhase")
    log.lines("era5-grib-tools-2.1", "gcc -O2 -c grib_index.c", "gcc -O2 -c grib_copy.c")
    log.phase("xarray-grid-1.7", "checkPhase")
    last = (
        "tests/test_regrid.py::test_poles FAILED                              [ 71%]",
        "=================================== FAILURES ==================================",
        "E       AssertionError: 89.75 != 90.0 within 1e-06",
        "tests/test_regrid.py:118: AssertionError",
        "FAILED tests/test_regrid.py::test_poles - AssertionError: 89.75 != 90.0",
        "========================= 1 failed, 57 passed in 8.31s ========================",
    )
    log.after(8.6)
    log.lines("xarray-grid-1.7", *last)
    log.fail("xarray-grid-1.7", *last, above="forecast-shell")
    log.after(0.2)
    log.stop("era5-grib-tools-2.1")
    message = "the build failed: generation 33 runs on"
    log.ours("result", ok=False, generation=None, changed=False, message=message)
    return log.data


def not_evaluated(began: float) -> bytes:
    """Return the log of a rebuild of a flake that doesn't evaluate."""
    log = LogMaker(began)
    log.step("pushed 38 files, 0.1 MiB")
    log.ours("phase", phase="evaluate")
    log.step("evaluating git+file:///workspace with nix 2.28.3")
    log.after(1.6)
    log.error(
        "undefined variable 'pkgz'\n"
        "       at /workspace/flake.nix:14:22:\n"
        "           13|         default = pkgs.mkShell {\n"
        "           14|           packages = [ pkgz.jq pkgs.duckdb ];\n"
        "             |                      ^\n"
        "           15|         };",
        file="/workspace/flake.nix",
        line=14,
        column=22,
    )
    message = "the flake doesn't evaluate: generation 9 runs on"
    log.ours("result", ok=False, generation=None, changed=False, message=message)
    return log.data


def generations(now: float) -> list[Generation]:
    """Return the generations of a project, newest first."""
    day, size = 86400.0, 1_310 * _MIB

    def made(number: int, days: float, seconds: float, size: int, changes: Changes) -> Generation:
        return Generation(
            number,
            now - days * day,
            "rebuild",
            f"/nix/store/7yq1x2w3v4b5n6m8k9j0h1g2f3d4s5a6-api-shell-env-{number}",
            number == 12,
            seconds,
            size * _MIB,
            611 + number,
            changes,
            number > 8,
            f"build{number}",
        )

    return [
        made(12, 0.0029, 18.0, 1338, Changes(1, 0, 3, 28 * _MIB)),
        made(11, 0.9, 94.0, 1310, Changes(0, 2, 5, -46 * _MIB)),
        made(10, 3.2, 7.4, 1356, Changes(0, 0, 1, 12 * 1024)),
        made(9, 17.0, 402.0, 1356, Changes(14, 9, 131, 75 * _MIB)),
        made(8, 41.0, 11.2, 1281, Changes(0, 0, 2, 2 * _MIB)),
        Generation(7, now - 60 * day, "warm-up", "", False, 611.0, size, 590, None, False, ""),
    ]


def difference() -> GenerationDiff:
    """Return what differs between generations 11 and 12."""
    return GenerationDiff(
        11,
        12,
        added=(PackageChange("sqlx-cli", (), ("0.8.6",), 21 * _MIB),),
        changed=(
            PackageChange("openssl", ("3.4.0",), ("3.4.1",), 8 * 1024),
            PackageChange("postgresql", ("17.4",), ("17.5",), 6 * _MIB),
            PackageChange("rust-analyzer", ("2025-05-26", "2025-06-02"), ("2025-06-09",), _MIB),
        ),
        bytes=28 * _MIB,
        sizes=(1310 * _MIB, 1338 * _MIB),
    )


def drifted() -> DriftReport:
    """Return a flake that was edited here, and a lock file that was updated and not built."""
    return DriftReport(
        unpushed=(
            FileDrift(
                "flake.nix",
                diff=(
                    "--- flake.nix before",
                    "+++ flake.nix now",
                    "@@ -12,7 +12,7 @@",
                    "         default = pkgs.mkShell {",
                    "-          packages = [ pkgs.hugo ];",
                    "+          packages = [ pkgs.hugo pkgs.vale ];",
                    "         };",
                ),
            ),
        ),
        unbuilt=(
            FileDrift(
                "flake.lock",
                inputs=(
                    "nixpkgs: 4c1018d (2025-05-11) → 9e83b64 (2025-06-13)",
                    "treefmt-nix: new, 1f3f7b7 (2025-06-10)",
                ),
            ),
        ),
    )
