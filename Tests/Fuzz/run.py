#!/usr/bin/env python3
"""Feed the parsers with libFuzzer's inputs, under the address sanitizer.

    run.py [TARGET...]          json, events, ids; all of them when none is named
    APUS_FUZZ_SECONDS=30 run.py how long for each

Builds what the targets need apart from the package, as sanitizers have to be in all of it. New
inputs stay in .build/fuzz; `--save` merges those that reach something new into the corpus that the
unit tests replay. An input that breaks something is left in .build/fuzz/finds and ends the run.
"""
import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build" / "fuzz"
CORPUS = ROOT / "Tests" / "FuzzCorpus"
TARGETS = ("json", "events", "ids")
MODULES = (
    ("MatrixJSON", "Sources/Values/MatrixJSON"),
    ("MatrixIdentifiers", "Sources/Values/MatrixIdentifiers"),
    ("MatrixCrypto", "Sources/Values/MatrixCrypto"),
    ("RoomEvents", "Sources/RoomLaw/RoomEvents"),
    ("EventAuth", "Sources/RoomLaw/EventAuth"),
    ("Fuzz", "Tests/Fuzz"),
)
SHIMS = ("COpenSSL", "CCrypt")
FLAGS = ("-O", "-g", "-parse-as-library", "-wmo", "-package-name", "apus", "-swift-version", "6",
         "-enable-upcoming-feature", "ExistentialAny",
         "-enable-upcoming-feature", "MemberImportVisibility",
         "-enable-upcoming-feature", "InternalImportsByDefault")
SANITIZE = "-sanitize=fuzzer,address"
LONGEST_INPUT = {"json": 4096, "events": 4096, "ids": 300}
SAVED_INPUT_BYTES = 1536
# A single input that takes as long is a find too.
INPUT_SECONDS = 10
MEMORY_MIB = 2048
WORDS = {
    "json": ('{"', '":', '",', "[[", "]]", "\\u00", "\\ud83d\\ude00", "\\ud800", "1e10", "-0",
             "9007199254740991", "9007199254740992", "1e-4", "true", "false", "null",
             "\xef\xbb\xbf"),
    "events": ('"type":', '"m.room.member"', '"m.room.create"', '"m.room.power_levels"',
               '"m.room.redaction"', '"m.room.aliases"', '"m.room.join_rules"', '"state_key":""',
               '"content":{}', '"membership":"join"', '"join_authorised_via_users_server":',
               '"third_party_invite":{"signed":{}}', '"additional_creators":[]', '"users":{}',
               '"redacts":"$a"', '"origin":"a"', '"unsigned":{}', '"room_version":"12"',
               '"creator":"@a:b"', '"depth":9007199254740991', '"m.federate":false', '"ban":"50"',
               '"event_id":"$a:b"', '[["$a:b",{"sha256":"x"}]]', '["$a"]', '"@a:b"', '"!a:b"'),
    "ids": ("@", "!", "#", "$", ":", "[::1]", "1.2.3.4", ":8448", "example.org", "\x00", "=2f"),
}


def sources(folder):
    return sorted(str(path) for path in (ROOT / folder).rglob("*.swift"))


def is_current(program):
    if not program.exists():
        return False
    built = program.stat().st_mtime
    files = [path for _, folder in MODULES for path in sources(folder)] + [__file__]
    return all(os.path.getmtime(path) < built for path in files)


def build():
    program = BUILD / "fuzz"
    if is_current(program):
        return program
    BUILD.mkdir(parents=True, exist_ok=True)
    shims = [flag for shim in SHIMS for flag in (
        "-Xcc", f"-fmodule-map-file={ROOT}/Sources/Shims/{shim}/module.modulemap")]
    objects = []
    for name, folder in MODULES:
        print(f"building {name}", flush=True)
        objects.append(str(BUILD / f"{name}.o"))
        subprocess.run(
            ["swiftc", *FLAGS, SANITIZE, "-module-name", name, "-I", str(BUILD), *shims,
             "-emit-module", "-emit-module-path", str(BUILD / f"{name}.swiftmodule"),
             "-emit-object", "-o", objects[-1], *sources(folder)], check=True)
    link(["swiftc", SANITIZE, "-o", str(program), *objects, "-lcrypto", "-lcrypt"])
    return program


def link(command):
    done = subprocess.run(command, stderr=subprocess.PIPE, encoding="utf-8", check=False)
    # The linker says of each function of the sanitizer that nobody else can call it.
    print(*(line for line in done.stderr.splitlines() if "Cannot export local symbol" not in line),
          sep="\n", end="")
    done.check_returncode()


def dictionary(target):
    path = BUILD / f"{target}.dict"
    lines = ("".join(f"\\x{byte:02x}" for byte in word.encode("latin-1"))
             for word in WORDS[target])
    path.write_text("".join(f'"{line}"\n' for line in lines), encoding="ascii")
    return path


def environment(target):
    # Swift's own metadata is never freed; what leaks otherwise shows as memory. Swift would handle
    # crashes before libFuzzer does.
    return {**os.environ, "APUS_FUZZ_TARGET": target, "ASAN_OPTIONS": "detect_leaks=0",
            "SWIFT_BACKTRACE": "enable=no"}


def fuzz(program, target, seconds):
    found, finds = BUILD / target, BUILD / "finds"
    found.mkdir(exist_ok=True)
    finds.mkdir(exist_ok=True)
    print(f"== {target}: {seconds} s", flush=True)
    with subprocess.Popen(
            [program, found, CORPUS / target, f"-max_total_time={seconds}",
             f"-max_len={LONGEST_INPUT[target]}", f"-dict={dictionary(target)}",
             f"-timeout={INPUT_SECONDS}", f"-rss_limit_mb={MEMORY_MIB}",
             f"-artifact_prefix={finds}/{target}-", "-print_final_stats=1", "-print_funcs=0",
             "-verbosity=0"],
            env=environment(target), stderr=subprocess.PIPE, encoding="utf-8",
            errors="replace") as running:
        for line in running.stderr:
            # The words that it recommends are of no use to a reader.
            if " # Uses: " not in line and not line.startswith("######"):
                print(line, end="", flush=True)
    return running.returncode == 0


def save(program, target):
    """Add the fewest inputs that reach every place in the code that any input reached."""
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [program, "-set_cover_merge=1", "-use_counters=0", f"-max_len={SAVED_INPUT_BYTES}", folder,
         BUILD / target, "-verbosity=0"], env=environment(target), check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--save", action="store_true", help="add to the corpus afterwards")
    options = parser.parse_args()
    unknown = set(options.targets) - set(TARGETS)
    if unknown:
        parser.error(f"no target {', '.join(sorted(unknown))}")
    seconds = int(os.environ.get("APUS_FUZZ_SECONDS", "300"))
    program = build()
    for target in options.targets or TARGETS:
        if seconds and not fuzz(program, target, seconds):
            sys.exit(f"{target}: see {BUILD / 'finds'}")
        if options.save:
            save(program, target)


if __name__ == "__main__":
    main()
