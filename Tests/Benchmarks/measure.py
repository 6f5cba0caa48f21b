#!/usr/bin/env python3
"""Measure the operations of the room law and compare them with the recorded table.

    measure.py              compare; fails when something needs more instructions than recorded,
                            or more time than its limit
    measure.py --record     write the table anew
    measure.py NAME...      these rows only

Instructions are counted by callgrind and hardly vary, so that 5 % more is a regression. On another
kind of processor libraries take other ways: there it takes 25 % more to be one. Another compiler's
are shown, not judged. The time
is the CPU time of the fastest of several rounds; it is judged by the limits alone, which leave room
for slower machines. Rows whose name ends with `-libcrypto` are what libcrypto takes for the same
work, and are there to be compared with.
"""
import argparse
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).with_name("table.json")
MEASURED = "apus_measured_operation"
TOLERANCE = 1.05
TOLERANCE_ELSEWHERE = 1.25
MICROSECONDS_UNDER_CALLGRIND = 2000
MOST_REPEATS = 200
REPEATS_OF_A_LATE_ROW = 3


def run(command, **options):
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=True, **options)


def microseconds(program, name):
    return int(run([program, "time", name]).stdout) / 1000


def instructions(program, name, time):
    count = max(1, min(MOST_REPEATS, int(MICROSECONDS_UNDER_CALLGRIND / time)))
    done = run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                f"--toggle-collect={MEASURED}", program, "run", name, str(count)],
               env={**os.environ, "SWIFT_DETERMINISTIC_HASHING": "1"})
    return int(re.search(r"Collected : (\d+)", done.stderr)[1]) // count


def environment():
    processor = platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            processor = line.split(":", 1)[1].strip()
            break
    version = run(["swift", "--version"]).stdout
    return {"compiler": re.search(r"Swift version (\S+)", version)[1], "processor": processor}


def tolerance_of(here, recorded):
    if here["compiler"] != recorded["compiler"]:
        return None
    return TOLERANCE if here == recorded else TOLERANCE_ELSEWHERE


def measure(program, name, recorded):
    row = {"microseconds": microseconds(program, name)}
    limit = recorded.get("limit_microseconds")
    for _ in range(REPEATS_OF_A_LATE_ROW):
        # Other work on the machine makes an operation slower, never faster.
        if limit is None or row["microseconds"] <= limit:
            break
        row["microseconds"] = min(row["microseconds"], microseconds(program, name))
    row["instructions"] = instructions(program, name, row["microseconds"])
    return row


def ratio_to_libcrypto(program, name):
    """Of times that were taken by turns."""
    pairs = [(microseconds(program, name), microseconds(program, name + "-libcrypto"))
             for _ in range(REPEATS_OF_A_LATE_ROW)]
    return min(whole for whole, _ in pairs) / min(bare for _, bare in pairs)


def judge(program, name, row, recorded, *, tolerance):
    """What is wrong with a row, and what is worth telling; without a tolerance, instructions are
    not judged."""
    problems, notes = [], []
    if "instructions" in recorded:
        change = row["instructions"] / recorded["instructions"]
        notes.append(f"{change - 1:+.1%}")
        if tolerance and change > tolerance and not name.endswith("-libcrypto"):
            problems.append(f"{change - 1:+.1%} instructions")
    else:
        notes.append("not recorded")
    if row["microseconds"] > recorded.get("limit_microseconds", float("inf")):
        problems.append(f"{row['microseconds']:.1f} us, of at most "
                        f"{recorded['limit_microseconds']}")
    if "limit_to_libcrypto" in recorded:
        ratio = ratio_to_libcrypto(program, name)
        notes.append(f"{ratio - 1:+.1%} to libcrypto")
        if ratio > recorded["limit_to_libcrypto"]:
            problems.append(f"{ratio:.2f} times what libcrypto takes, of at most "
                            f"{recorded['limit_to_libcrypto']}")
    return problems, notes


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--programs", default=ROOT / ".build" / "release", type=Path)
    parser.add_argument("--record", action="store_true", help="write the table anew")
    options = parser.parse_args()
    program = options.programs / "Benchmarks"
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    here = environment()
    tolerance = tolerance_of(here, table["recorded_with"])
    if tolerance != TOLERANCE and not options.record:
        print(f"recorded with {table['recorded_with']}, not {here}: "
              + (f"instructions may be {tolerance:.0%}" if tolerance else "they are not judged"))

    print(f"{'':44} {'us':>9} {'limit':>7} {'instructions':>13}")
    failed = []
    for name in options.names or run([program, "list"]).stdout.split():
        recorded = table["rows"].get(name, {})
        row = measure(program, name, recorded)
        problems, notes = judge(program, name, row, recorded, tolerance=tolerance)
        limit = recorded.get("limit_microseconds", "")
        print(f"{name:44} {row['microseconds']:9.2f} {limit:>7} {row['instructions']:13,}  "
              f"{', '.join(problems or notes)}", flush=True)
        failed += problems
        if options.record:
            table["rows"][name] = {**recorded, **row}
    if options.record:
        table["recorded_with"] = here
        TABLE.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    elif failed:
        sys.exit(f"{len(failed)} rows are worse than they may be")


if __name__ == "__main__":
    main()
